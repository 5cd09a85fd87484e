"""A meter that feeds in runs backwards as well as forwards, and a value that is too high is not called decreased."""

import pytest

from edge.counter.contest import observe
from edge.counter.history import History, Rules, Verdict
from edge.counter.wheels import Mechanism
from tests.edge.simulation import ideal, positions

COUNT, EVERY_S, FRAMES = 5, 60.0, 120


def taken(step: float, mechanism: Mechanism, max_rate: float | None) -> list[tuple[int, int]]:
    """Where a meter goes on by a step a frame: each value that was taken, and the true one."""
    rules = Rules(mechanism=mechanism, max_rate=max_rate, decreases=True)
    history, found = History(), []
    for i in range(FRAMES):
        true = 5030.55 + step * i
        probabilities = 0.97 * ideal(positions(true, COUNT)) + 0.0003
        outcome = observe(history, probabilities, rules, time_s=EVERY_S * i)
        history = outcome.history
        if outcome.verdict is Verdict.OK and outcome.value is not None:
            found.append((outcome.value, int(true)))
    return found


@pytest.mark.parametrize("max_rate", [0.1, None])
@pytest.mark.parametrize("step", [1.0, -1.0, -0.25])
def test_it_is_followed_in_both_directions(step: float, max_rate: float | None) -> None:
    found = taken(step, Mechanism(rolling=True), max_rate)
    assert len(found) >= 0.9 * FRAMES
    assert all(abs(value - true) <= 1 for value, true in found)


def test_a_last_wheel_that_steps_is_followed_backwards_too() -> None:
    rules = Rules(mechanism=Mechanism(rolling=False), max_rate=0.1, decreases=True)
    history, found = History(), 0
    for i in range(FRAMES):
        true = 5030 - int(0.4 * i)
        outcome = observe(history, 0.8 * ideal(positions(true, COUNT)) + 0.002, rules, time_s=EVERY_S * i)
        history = outcome.history
        found += outcome.verdict is Verdict.OK and outcome.value == true
    assert found >= 0.9 * FRAMES


def test_more_than_half_of_what_it_can_count_is_not_called_a_decrease() -> None:
    probabilities = 0.97 * ideal(positions(819, 3)) + 0.0003
    outcome = observe(History.known(100, 0.0), probabilities, Rules(mechanism=Mechanism(rolling=True)), time_s=None)
    assert (outcome.verdict, outcome.value, outcome.raw.digits) == (Verdict.TOO_FAST, 100, "819")
