"""What a day used: exact, whatever the clock and the counter do."""

import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.outputs.kept import Kept
from edge.outputs.record import Record
from edge.outputs.store import Store
from edge.reading import Status
from tests.edge.stored import NOON, add, values

DAY = datetime.date(2026, 11, 25)
NEXT_DAY = datetime.date(2026, 11, 26)


pytestmark = pytest.mark.usefixtures("berlin")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digitd.db"


def test_what_a_day_used_is_exact_and_days_are_those_of_the_machine(path: Path) -> None:
    with Store(path) as store:
        add(store, "0.1", after_s=0)
        add(store, "0.2", after_s=1)
        add(store, None, status=Status.NO_FRAME, after_s=2)
        add(store, "0.2", status=Status.TOO_DARK, after_s=3)
        add(store, "0.3", after_s=10.9 * 3600)  # 23:54 in Berlin, 22:54 in UTC
        add(store, "1.0", after_s=11.1 * 3600)  # after midnight in Berlin, before it in UTC
        assert store.consumption("water", DAY, NEXT_DAY) == {DAY: Decimal("0.2"), NEXT_DAY: Decimal("0.7")}
        assert store.consumption("water", NEXT_DAY, NEXT_DAY) == {NEXT_DAY: Decimal("0.7")}
        assert store.consumption("gas", DAY, NEXT_DAY) == {}
    with Store(path) as store:
        add(store, "1.1", after_s=11.2 * 3600)
        assert store.consumption("water", DAY, NEXT_DAY) == {DAY: Decimal("0.2"), NEXT_DAY: Decimal("0.8")}


def test_a_day_that_a_clock_goes_back_to_is_counted_on(path: Path) -> None:
    with Store(path) as store:
        add(store, "1")
        add(store, "2", changed=True)
        add(store, "4", after_s=24 * 3600.0, changed=True)
        add(store, "8", after_s=60, changed=True)
        assert store.consumption("water", DAY, NEXT_DAY) == {DAY: Decimal(5), NEXT_DAY: Decimal(2)}


def test_a_misread_that_was_put_right_leaves_the_day_as_it_was(path: Path) -> None:
    with Store(path) as store:
        for value in ("100.0", "100.1", "180.1", "100.2"):
            add(store, value)
        assert store.consumption("water", DAY, DAY) == {DAY: Decimal("0.2")}


def test_a_counter_that_begins_again_at_zero_goes_on_counting(path: Path) -> None:
    with Store(path) as store:
        add(store, "9999.9", raw="99999")
        add(store, "0000.2", raw="00002")
        assert store.consumption("water", DAY, DAY) == {DAY: Decimal("0.3")}


def test_a_clock_that_is_not_set_yet_breaks_neither_order_nor_days(path: Path) -> None:
    long_ago = -(NOON - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)).total_seconds()
    with Store(path) as store:
        add(store, "1")
        add(store, "2", after_s=long_ago)
        add(store, "4", after_s=3600)
        store.commit()
        assert values(list(store.readings())) == ["1", "2", "4"]
        assert store.consumption("water", datetime.date(1970, 1, 1), NEXT_DAY) == {DAY: Decimal(3)}
        assert values(list(store.readings("water", NOON))) == ["1", "4"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 999_999), st.integers(-400_000, 400_000)), min_size=1, max_size=30))
def test_all_days_together_are_the_last_value_less_the_first(steps: list[tuple[int, int]]) -> None:
    kept = Kept()
    moment = NOON
    for number, (value, seconds) in enumerate(steps, 1):
        moment += datetime.timedelta(seconds=seconds)
        record = Record(
            id=number, time=moment, counter="c", value=Decimal(value).scaleb(-2), raw="", confidence=1.0, status=Status.OK, rate=None
        )
        kept.add(record, publish=False, total=lambda *_: Decimal(0))
    assert sum(kept.counters["c"].used.values()) == Decimal(steps[-1][0] - steps[0][0]).scaleb(-2)
