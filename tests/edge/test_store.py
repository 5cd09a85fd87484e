"""What is kept is kept: in order, exact, once, and by few writes."""

import datetime
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest

from edge.outputs.record import Outbox, Record
from edge.outputs.rows import to_us
from edge.outputs.store import Store
from edge.reading import Status
from tests.edge.stored import NOON, Clock, add, reading, values


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digitd.db"


def test_a_record_comes_back_as_it_was_given(path: Path) -> None:
    moment = datetime.datetime(2026, 11, 25, 12, 0, 0, 123457, tzinfo=datetime.UTC)
    with Store(path) as store:
        number = store.add(
            "gas", reading("0118.900", Status.TOO_FAST, raw="01189?0"), time=moment, rate=0.1 + 0.2, publish=True, changed=True
        )
        expected = Record(
            id=number, time=moment, counter="gas", value=Decimal("0118.900"), raw="01189?0", confidence=0.987654321,
            status=Status.TOO_FAST, rate=0.1 + 0.2,
        )  # fmt: skip
        assert store.latest("gas") == expected
        assert store.latest("water") is None
    with Store(path) as store:
        assert store.latest("gas") == expected
        assert str(next(store.readings()).value) == "118.900"


def test_every_status_is_kept_and_no_value_too(path: Path) -> None:
    with Store(path) as store:
        for status in Status:
            add(store, None, status=status)
        store.commit()
        assert [(record.status, record.value) for record in store.readings()] == [(status, None) for status in Status]


def test_ids_grow_and_are_not_used_again_after_all_were_thinned_or_a_restart(path: Path) -> None:
    with Store(path) as store:
        first = [add(store, "1", publish=False, after_s=i) for i in range(3)]
        store.thin(NOON + datetime.timedelta(days=200))
        assert [record.id for record in store.readings()] == [first[-1]]
    with Store(path) as store:
        assert add(store, "1") == first[-1] + 1


def test_a_changed_value_is_committed_at_once_the_rest_when_the_interval_is_over(path: Path) -> None:
    clock = Clock()
    with Store(path, commit_interval_s=10, clock=clock) as store:
        add(store, "1", changed=True)
        assert values(store.pending("mqtt")) == ["1"]
        add(store, "1")
        clock.now_s = 9.9
        store.tick()
        assert values(store.pending("mqtt")) == ["1"]
        clock.now_s = 10.0
        store.tick()
        assert values(store.pending("mqtt")) == ["1", "1"]


def test_a_changed_value_can_be_made_to_wait_too(path: Path) -> None:
    clock = Clock()
    with Store(path, commit_interval_s=10, changed_interval_s=2, clock=clock) as store:
        add(store, "1", changed=True)
        assert store.pending("mqtt") == []
        clock.now_s = 2.0
        store.tick()
        assert values(store.pending("mqtt")) == ["1"]


def test_an_output_gets_what_is_published_in_order_until_it_has_delivered_it(path: Path) -> None:
    with Store(path) as store:
        ids = [add(store, str(i), publish=i != 2) for i in range(5)]
        store.commit()
        assert values(store.pending("mqtt", limit=2)) == ["0", "1"]
        assert values(store.pending("mqtt", limit=2)) == ["0", "1"]
        store.delivered("mqtt", ids[1])
        assert values(store.pending("mqtt")) == ["3", "4"]
        assert values(store.pending("influx")) == ["0", "1", "3", "4"]
        assert (store.queue_length("mqtt"), store.queue_length("influx")) == (2, 4)
        store.delivered("mqtt", ids[0])
        assert values(store.pending("mqtt")) == ["3", "4"]
    with Store(path) as store:
        assert values(store.pending("mqtt")) == ["3", "4"]


def test_what_waits_for_its_commit_is_not_handed_out_and_yet_is_the_latest(path: Path) -> None:
    with Store(path) as store:
        number = add(store, "1")
        assert (store.pending("mqtt"), store.queue_length("mqtt")) == ([], 0)
        latest = store.latest("water")
        assert latest is not None
        assert latest.id == number
        assert store.visible < number
        store.commit()
        assert store.visible == number


def test_an_output_that_is_new_begins_with_what_comes_now_and_one_that_is_gone_holds_nothing_back(path: Path) -> None:
    with Store(path) as store:
        store.outputs(["mqtt"])
        add(store, "1", changed=True)
        store.outputs(["influx"])
        add(store, "2", changed=True)
        assert values(store.pending("influx")) == ["2"]
    with Store(path) as store:
        store.outputs(["influx"])
        store.delivered("influx", 2)
        store.thin(NOON + datetime.timedelta(days=200))
        assert values(list(store.readings())) == ["2"]


def test_readings_are_picked_by_counter_time_and_number_and_come_page_by_page(path: Path) -> None:
    with Store(path) as store:
        for i in range(1203):
            add(store, str(i), counter="ab"[i % 2], after_s=i, publish=False)
        store.commit()
        assert values(list(store.readings())) == [str(i) for i in range(1203)]
        assert values(list(store.readings("b"))) == [str(i) for i in range(1, 1203, 2)]
        start, end = (NOON + datetime.timedelta(seconds=s) for s in (10, 15))
        assert values(list(store.readings("a", start, end))) == ["10", "12", "14"]
        assert values(list(store.readings(None, start, None, limit=600))) == [str(i) for i in range(10, 610)]
        assert list(store.readings("a", end, start)) == []
        assert list(store.readings("a", start, end, limit=0)) == []


def test_state_is_committed_with_the_reading_it_led_to(path: Path) -> None:
    state = {"hypotheses": [[1189277, -0.1], [1189278, -2.5e-17]], "offsets": [0.1, None], "time_s": 1.5}
    with Store(path) as store:
        assert store.load_state("water") is None
        store.save_state("water", state)
        add(store, "1", changed=True)
        assert store.load_state("water") == state
        with Store(copy(path)) as other:
            assert (other.load_state("water"), values(list(other.readings()))) == (state, ["1"])
    with Store(path) as store:
        assert store.load_state("water") == state


def copy(path: Path) -> Path:
    """What a power cut would leave: the files as they are now."""
    folder = path.parent / f"copy-{time.monotonic_ns()}"
    folder.mkdir()
    for file in path.parent.glob(f"{path.name}*"):
        if not file.name.endswith(("-shm", "-lock")):
            (folder / file.name).write_bytes(file.read_bytes())
    return folder / path.name


def test_after_a_power_cut_what_was_not_committed_is_gone_and_its_id_is_not_given_again(path: Path) -> None:
    with Store(path) as store:
        kept, lost = add(store, "1", changed=True), add(store, "2")
        with Store(copy(path)) as after:
            assert [record.id for record in after.readings()] == [kept]
            assert add(after, "3") > lost


def test_a_delivery_whose_cursor_was_not_committed_comes_again_by_the_same_id(path: Path) -> None:
    with Store(path) as store:
        number = add(store, "1", changed=True)
        store.delivered("mqtt", number)
        with Store(copy(path)) as after:
            assert [record.id for record in after.pending("mqtt")] == [number]
        store.commit()
        with Store(copy(path)) as after:
            assert after.pending("mqtt") == []


def test_a_time_that_does_not_say_where_is_refused(path: Path) -> None:
    with Store(path) as store, pytest.raises(ValueError, match="without a time zone; expected UTC"):
        store.add("water", reading("1"), time=datetime.datetime(2026, 1, 1), rate=None, publish=True, changed=True)


def test_times_are_kept_to_the_microsecond() -> None:
    assert to_us(datetime.datetime(2026, 11, 25, 12, 0, 0, 999999, tzinfo=datetime.UTC)) % 1_000_000 == 999_999


def test_it_is_the_box_that_outputs_know(path: Path) -> None:
    with Store(path) as store:
        box: Outbox = store
        assert box.pending("mqtt") == []


def test_outputs_in_their_own_threads_get_everything_once_and_in_order(path: Path) -> None:
    count, got = 2000, {"mqtt": list[int](), "influx": list[int]()}
    with Store(path, commit_interval_s=0.001) as store:

        def consume(output: str) -> None:
            while len(got[output]) < count:
                for record in store.pending(output, limit=50):
                    got[output].append(record.id)
                    store.delivered(output, record.id)

        threads = [threading.Thread(target=consume, args=(output,)) for output in got]
        for thread in threads:
            thread.start()
        ids = [add(store, str(i)) for i in range(count)]
        store.commit()
        for thread in threads:
            thread.join(timeout=30)
        assert got == {"mqtt": ids, "influx": ids}
