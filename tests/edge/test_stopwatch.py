"""The time that each step of a reading takes."""

import time

import pytest

from edge.stopwatch import Stopwatch


def test_a_step_that_is_taken_twice_took_both_times(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([1.0, 1.002, 5.0, 5.001, 7.0, 7.5])
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    watch = Stopwatch({"align": 4.0})
    for name in ("cut", "cut", "read"):
        with watch.step(name):
            pass
    assert watch.timings_ms == pytest.approx({"align": 4.0, "cut": 3.0, "read": 500.0})
