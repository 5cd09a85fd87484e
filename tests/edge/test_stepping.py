"""A last wheel that steps from digit to digit: between two steps it shows the same picture, and nothing of how far the next one is."""

import dataclasses

import numpy as np
import pytest

from edge.counter.contest import observe
from edge.counter.history import History, Verdict
from tests.edge.simulation import ideal, positions
from tests.edge.test_plausibility import COUNT, MECHANISM, MINUTE_S, RULES, look

STEPPING = dataclasses.replace(RULES, mechanism=dataclasses.replace(MECHANISM, rolling=False))


def test_a_last_wheel_that_rests_is_not_doubted_because_another_wheel_looks_new() -> None:
    outcome = look(look(History.known(1233, 0.0), 1234.0, 1000.0, rules=STEPPING).history, 1235.0, 2000.0, rules=STEPPING)
    before = outcome.history.shares()[1235]
    for minute in range(1, 61):  # a reflection goes over the third wheel
        outcome = look(outcome.history, 1235.0, 2000.0 + minute * MINUTE_S, new=[2], rules=STEPPING)
        assert (outcome.verdict, outcome.value) == (Verdict.OK, 1235)
    assert outcome.history.shares()[1235] >= before - 0.001


def test_a_wheel_that_steps_by_more_than_one_is_believed_when_the_same_picture_is_there_again() -> None:
    """One picture that was damaged on its way shows any digit."""
    history = look(look(History.known(1233, 0.0), 1234.0, 1000.0, rules=STEPPING).history, 1235.0, 2000.0, rules=STEPPING).history
    by_one = look(history, 1236.0, 2200.0, rules=STEPPING, new=[4], sure=0.9)
    assert (by_one.verdict, by_one.value) == (Verdict.OK, 1236)
    by_two = look(history, 1237.0, 2200.0, rules=STEPPING, new=[4], sure=0.9)
    assert (by_two.verdict, by_two.value) == (Verdict.LOW_CONFIDENCE, 1235)
    again = look(by_two.history, 1237.0, 2260.0, rules=STEPPING, new=False, sure=0.9)
    assert (again.verdict, again.value) == (Verdict.OK, 1237)
    back = look(by_two.history, 1235.0, 2260.0, rules=STEPPING, new=[4], sure=0.9)
    assert back.value == 1235


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("pace", [1.5, 2.5, 3.0])
def test_a_wheel_that_goes_on_by_some_steps_a_frame_as_it_did_is_followed(pace: float, direction: int) -> None:
    rules = dataclasses.replace(STEPPING, max_rate=5 / MINUTE_S, decreases=direction < 0)
    rng = np.random.default_rng(1)
    stands = 53126 + direction * np.cumsum(pace * rng.uniform(0.8, 1.2, 100))
    history, taken = History.known(53126, 0.0), []
    for minute, true in enumerate(np.floor(stands).astype(int).tolist(), 1):
        outcome = observe(history, 0.9 * ideal(positions(true, COUNT)) + 0.001, rules, time_s=minute * MINUTE_S)
        history = outcome.history
        if outcome.verdict is Verdict.OK:
            taken.append((outcome.value, true))
    assert all(value == true for value, true in taken)
    assert len(taken) >= 90


def test_a_step_that_is_not_as_the_pace_leads_to_expect_waits_for_the_same_picture_again() -> None:
    history = History.known(53126, 0.0)
    rules = dataclasses.replace(STEPPING, max_rate=8 / MINUTE_S)
    for minute in range(1, 21):
        history = look(history, 53126.0 + 2 * minute, minute * MINUTE_S, rules=rules, sure=0.9).history
    far = look(history, 53166.0 + 6, 21 * MINUTE_S, rules=rules, sure=0.9)
    assert (far.verdict, far.value) == (Verdict.LOW_CONFIDENCE, 53166)
    near = look(history, 53166.0 + 2, 21 * MINUTE_S, rules=rules, sure=0.9)
    assert (near.verdict, near.value) == (Verdict.OK, 53168)


def test_what_was_stepped_since_the_last_value_is_expected() -> None:
    history = History.known(53126, 0.0)
    rules = dataclasses.replace(STEPPING, max_rate=8 / MINUTE_S)
    for minute in range(1, 21):
        history = look(history, 53126.0 + 2 * minute, minute * MINUTE_S, rules=rules, sure=0.9).history
    either = 0.5 * ideal(positions(53168, COUNT)) + 0.5 * ideal(positions(53167, COUNT))
    unread = observe(history, either, rules, time_s=21 * MINUTE_S)
    assert (unread.verdict, unread.value) == (Verdict.LOW_CONFIDENCE, 53166)
    then = look(unread.history, 53170.0, 22 * MINUTE_S, rules=rules, sure=0.5)
    assert (then.verdict, then.value) == (Verdict.OK, 53170)
