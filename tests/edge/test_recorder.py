"""Which readings are kept and published: what is new, what somebody asked for, and one now and then."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from edge.outputs.store import Store
from edge.reading import Reading, Status
from edge.recorder import Recorder
from edge.tracker import Tracker
from tests.edge.stored import Clock

NOON = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
FRAME = np.zeros((2, 2), np.uint8)


class Shown:
    """A tracker that reads what it is told to."""

    value: Decimal | None = Decimal("7.0")
    status = Status.OK
    ghosts = False
    anew = False
    looks_anew = 0

    def look_anew(self) -> None:
        self.looks_anew += 1

    def look(self, _: object, __: object) -> Reading:
        return Reading.of_nothing(self.status, self.value)

    def set_value(self, value: Decimal, _: object) -> None:
        self.value = value

    def rate(self, _: object) -> None:
        return None

    def state(self) -> dict[str, str]:
        return {"value": str(self.value)}


class Bench:
    def __init__(self, store: Store) -> None:
        self.store, self.shown, self.clock = store, Shown(), Clock()
        self.wall = Clock()
        tracker = cast("Tracker", self.shown)
        self.recorder = Recorder("water", tracker, store, publish_interval_s=60, clock=self.clock, wall=self.wall)

    def look(self, after_s: float) -> None:
        self.recorder.look(FRAME, NOON + datetime.timedelta(seconds=after_s))

    def published(self) -> int:
        """How many readings an output would be handed by now."""
        self.store.commit()
        return self.store.queue_length("mqtt")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Store(tmp_path / "digitd.db") as store:
        yield Bench(store)


def test_a_value_or_a_status_that_is_new_is_published_and_what_stays_is_not(bench: Bench) -> None:
    for after_s in range(5):
        bench.look(after_s)
    assert bench.published() == 1
    bench.shown.status = Status.BLURRED
    bench.look(5)
    bench.shown.status, bench.shown.value = Status.OK, Decimal("7.1")
    bench.look(6)
    bench.look(7)
    assert bench.published() == 3


def test_what_stays_is_published_after_the_interval_by_the_frames_time_or_by_the_clock(bench: Bench) -> None:
    bench.look(0)
    bench.look(59)
    assert bench.published() == 1
    bench.look(60)
    assert bench.published() == 2
    bench.clock.now_s += 59
    bench.look(60)
    assert bench.published() == 2
    bench.clock.now_s += 1
    bench.look(60)  # the newest picture of a folder stays the same one
    assert bench.published() == 3
    bench.look(61)
    assert bench.published() == 3


def test_what_somebody_asks_for_is_published_at_once_and_only_once(bench: Bench) -> None:
    bench.look(0)
    bench.store.commit()
    bench.recorder.tell()
    bench.look(0.1)
    assert bench.store.queue_length("mqtt") == 2  # committed already: whoever asked does not wait for the disk
    bench.look(0.2)
    assert bench.published() == 2


def test_a_value_that_a_person_set_is_kept_before_the_next_frame(bench: Bench) -> None:
    bench.recorder.set_value(Decimal("9.5"), NOON)
    bench.store.commit()
    assert bench.store.load_state("water") == {"value": "9.5"}


def test_a_clock_that_is_set_forward_makes_every_wheel_new_once(bench: Bench) -> None:
    told = []
    for wall_s, clock_s in [(1000.0, 5.0), (1300.0, 305.0), (1310.0, 310.0), (90_000.0, 315.0), (90_005.0, 320.0), (500.0, 325.0)]:
        bench.wall.now_s, bench.clock.now_s = wall_s, clock_s
        bench.look(clock_s)
        told.append(bench.shown.looks_anew)
    assert told == [0, 0, 0, 1, 1, 1]


def test_from_a_value_that_was_misread_to_the_true_one_nothing_was_used(bench: Bench) -> None:
    for second, (value, anew) in enumerate([("5530", False), ("530", True), ("530", True), ("531", False)]):
        bench.shown.value, bench.shown.anew = Decimal(value), anew
        bench.look(second)
    assert list(bench.store.consumption("water", NOON.date(), NOON.date()).values()) == [Decimal(1)]
