"""A machine without a clock of its own starts, after a power cut, at the time at which it went off."""

import datetime
import json

import pytest

from edge.capture.simulated import Options, Simulated
from edge.counter.history import Rules
from edge.inference.model import load
from edge.inference.models import shipped
from edge.reader import Reader
from edge.reading import Status
from edge.tracker import Tracker

NETWORK = load(shipped("lenet5-counter"))
EVERY = datetime.timedelta(seconds=60)
NOON = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
OFF = datetime.timedelta(days=3)


def camera(start: float) -> Simulated:
    return Simulated(Options(start=start, rate=0.5, step=EVERY.total_seconds(), drift=0, noise=1.0))


@pytest.mark.parametrize("late", [1, 3])
def test_what_flowed_while_it_was_off_is_taken_once_the_clock_is_right(late: int) -> None:
    reader, now, before = Reader(NETWORK, digits=7, decimals=1, rules=Rules(max_rate=25 / 3600)), NOON, camera(1234.5)
    tracker = Tracker(reader, before.windows[0])
    for _ in range(20):
        tracker.look(before.frame().picture, now)
        now += EVERY
    after = camera(float(before.truth[0]) + 5)
    tracker = Tracker(reader, after.windows[0], state=json.loads(json.dumps(tracker.state())))
    good = 0
    for i in range(60):
        frame = after.frame()
        if i == late:
            tracker.look_anew()
        reading = tracker.look(frame.picture, now + (OFF if i >= late else datetime.timedelta()))
        now += EVERY
        if i >= late and reading.status is Status.OK:
            assert reading.value is not None
            assert abs(float(reading.value) - float(after.truth[0])) <= 0.2
            good += 1
    assert good >= 50
