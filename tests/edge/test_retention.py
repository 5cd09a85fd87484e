"""Thinning: what stays, what goes, and what never goes."""

import datetime
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.outputs.record import Record
from edge.outputs.retention import Ages
from edge.outputs.store import Store
from edge.reading import Status
from tests.edge.stored import NOON, add, reading, values

DAYS = datetime.timedelta(days=1)
MINUTES = datetime.timedelta(minutes=1)
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A disk that has nothing to wait for."""
AGES = Ages(all=2 * DAYS, per_minute=8 * DAYS)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "digitd.db")


def test_all_readings_of_a_week_then_one_a_minute_then_one_an_hour(store: Store) -> None:
    with store:
        for seconds in range(0, 7200, 10):
            add(store, str(seconds), after_s=seconds, publish=False)
        for days, left in ((6, 720), (7, 720), (8, 120), (96, 120), (98, 2), (900, 2)):
            store.thin(NOON + days * DAYS)
            assert len(list(store.readings())) == left, days
        assert values(list(store.readings())) == ["3590", "7190"]


def test_of_a_minute_the_last_valid_reading_stays_and_the_last_where_none_is(store: Store) -> None:
    with store:
        add(store, "1", after_s=0)
        add(store, "2", after_s=20)
        add(store, "2", after_s=40, status=Status.LOW_CONFIDENCE)
        add(store, "2", after_s=70, status=Status.TOO_DARK)
        add(store, "2", after_s=80, status=Status.TOO_BRIGHT)
        add(store, "3", after_s=3600)
        store.thin(NOON + 30 * DAYS)
        assert [(r.id, r.status) for r in store.readings()] == [(2, Status.OK), (5, Status.TOO_BRIGHT), (6, Status.OK)]


def test_counters_are_thinned_each_for_itself(store: Store) -> None:
    with store:
        for i in range(6):
            add(store, str(i), counter="ab"[i % 2], after_s=i)
        add(store, "9", counter="a", after_s=60)
        store.thin(NOON + 30 * DAYS)
        assert values(list(store.readings())) == ["4", "5", "9"]


def test_what_is_not_delivered_stays_until_it_is(store: Store) -> None:
    with store:
        ids = [add(store, str(i), after_s=i, publish=i % 2 == 0) for i in range(10)]
        store.commit()
        assert len(store.pending("mqtt")) == 5
        store.delivered("mqtt", ids[3])
        store.thin(NOON + 30 * DAYS)
        assert values(list(store.readings())) == ["4", "6", "8", "9"]
        store.delivered("mqtt", ids[8])
        store.thin(NOON + 31 * DAYS)
        assert values(list(store.readings())) == ["9"]


def test_totals_and_the_last_reading_outlive_everything(store: Store) -> None:
    with store:
        for i in range(50):
            add(store, f"{i}.5", after_s=i * 600.0, publish=False)
        add(store, "49.5", after_s=50 * 600.0, status=Status.NO_FRAME, publish=False)
        before = store.consumption("water", NOON.date() - DAYS, NOON.date() + 2 * DAYS)
        store.thin(NOON + 3650 * DAYS)
        assert store.consumption("water", NOON.date() - DAYS, NOON.date() + 2 * DAYS) == before
        assert sum(before.values()) == 49
        assert [record.status for record in store.readings()][-2:] == [Status.OK, Status.NO_FRAME]


def test_a_reading_whose_clock_was_wrong_is_as_old_as_those_around_it(store: Store) -> None:
    long_ago = -(NOON - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)).total_seconds()
    with store:
        add(store, "1", after_s=0)
        for i in range(10):
            add(store, "2", after_s=long_ago + i)
        add(store, "3", after_s=60)
        store.thin(NOON + 6 * DAYS)
        assert len(list(store.readings())) == 12
        store.thin(NOON + 9 * DAYS)
        assert values(list(store.readings())) == ["1", "2", "3"]


def test_a_clock_that_is_not_set_thins_nothing(store: Store) -> None:
    start = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    with store:
        for i in range(3):
            add(store, "1", after_s=i)
        add(store, "1", after_s=(start - NOON).total_seconds())
        store.thin(start + 5 * MINUTES)
        assert len(list(store.readings())) == 4


@pytest.mark.parametrize("days", [-20_000, -30, -1])
def test_by_a_clock_that_is_behind_nothing_is_old(store: Store, days: int) -> None:
    with store:
        for i in range(10):
            add(store, "1", after_s=i)
        store.thin(NOON + days * DAYS)
        assert len(list(store.readings())) == 10


def test_a_moment_of_a_clock_that_ran_ahead_does_not_stop_the_thinning(store: Store) -> None:
    with store:
        add(store, "1", after_s=0)
        add(store, "2", after_s=1e9)
        add(store, "3", after_s=2)
        add(store, "4", after_s=20 * 86400)
        store.thin(NOON + 20 * DAYS)
        assert values(list(store.readings())) == ["2", "3", "4"]


READINGS = st.lists(
    st.tuples(st.integers(0, 40 * 24 * 60), st.sampled_from("ab"), st.booleans(), st.sampled_from([Status.OK, Status.TOO_DARK])),
    max_size=60,
)  # fmt: skip
WHOLE_MINUTE = 4 * 434
"""In quarters, after noon."""


@example([(WHOLE_MINUTE, "a", False, Status.OK), (WHOLE_MINUTE + 1, "a", False, Status.OK)], [(3, 0)])
@settings(max_examples=150, deadline=None)
@given(READINGS, st.lists(st.tuples(st.integers(0, 70), st.integers(0, 60)), min_size=1, max_size=4))
def test_every_minute_or_hour_keeps_one_and_what_is_undelivered_or_young_stays(
    made: list[tuple[int, str, bool, Status]], steps: list[tuple[int, int]]
) -> None:
    with TemporaryDirectory(dir=FAST) as folder, Store(Path(folder) / "digitd.db", changed_interval_s=1e9, commit_interval_s=1e9) as store:
        everything: list[Record] = []
        publishes = {}
        for minutes, counter, publish, status in sorted(made, key=lambda each: each[0]):
            time = NOON + minutes * MINUTES / 4
            number = store.add(counter, reading("1", status), time=time, rate=None, publish=publish, changed=False)
            publishes[number] = publish
        store.commit()
        store.pending("mqtt")
        everything = list(store.readings())
        delivered = 0
        for days, up_to in sorted(steps):
            now = NOON + days * DAYS
            delivered = max(delivered, min(up_to, len(made)))
            store.delivered("mqtt", delivered)
            store.thin(now, AGES)
        left = list(store.readings())
        ids = {record.id for record in left}
        assert [record for record in everything if record.id in ids] == left

        last = {r.counter: r.id for r in everything}
        valid = {r.counter: r.id for r in everything if r.status is Status.OK}
        never = {r.id for r in everything if (publishes[r.id] and r.id > delivered) or r.id in (last[r.counter], valid.get(r.counter))}
        assert never <= ids

        spans: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for record in everything:
            young = record.time >= floor(now - AGES.all, 60)
            hourly = record.time < floor(now - 10 * DAYS, 3600)
            if young:
                assert record.id in ids
            elif hourly:
                spans[record.counter, int(record.time.timestamp()) // 3600].append(record)
            else:
                spans[record.counter, -(int(record.time.timestamp()) // 60)].append(record)
        for span in spans.values():
            kept = [record for record in span if record.id in ids]
            assert kept
            assert len([record for record in kept if record.id not in never]) <= 1
            if any(record.status is Status.OK for record in span):
                assert any(record.status is Status.OK for record in kept)


def floor(time: datetime.datetime, seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(int(time.timestamp()) // seconds * seconds, datetime.UTC)
