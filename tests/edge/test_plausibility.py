"""The value over time: the complaints of today's users, one test each."""

import dataclasses
import json

import numpy as np
import numpy.typing as npt
import pytest

from edge.counter.contest import observe
from edge.counter.history import History, Outcome, Rules, Verdict
from edge.counter.wheels import Mechanism
from tests.edge.simulation import ideal, positions

Places = npt.NDArray[np.float64]
COUNT = 5
MECHANISM = Mechanism(rolling=True, offset=0.0, carry_starts=((9.0, 1.0),))
RULES = Rules(mechanism=MECHANISM, max_rate=0.01)
"""A step in a hundred seconds at most."""
MINUTE_S, HOUR_S, WEEK_S = 60.0, 3600.0, 7 * 86400.0


def look(
    history: History, shown: float | Places, time_s: float, *, rules: Rules = RULES, new: bool | list[int] = True, sure: float = 0.97
) -> Outcome:
    """One frame that shows a value, or wheels at these places; `sure` of it, the rest spread evenly. new: all, none, or some wheels."""
    places = positions(shown, COUNT) if isinstance(shown, float | int) else shown
    probabilities = sure * ideal(places) + (1 - sure) / 100
    novelty = np.full(COUNT, float(new)) if isinstance(new, bool) else np.isin(np.arange(COUNT), new).astype(float)
    return observe(history, probabilities, rules, time_s=time_s, novelty=novelty)


@pytest.mark.parametrize(("rules", "shown", "value"), [(RULES, 5301.3, 5301), (Rules(), 1188.89, 1189)], ids=["clear", "on the brink"])
def test_a_first_frame_is_taken_as_it_shows_itself(rules: Rules, shown: float, value: int) -> None:
    outcome = look(History(), shown, 0.0, rules=rules)
    assert (outcome.verdict, outcome.value, outcome.raw.digits) == (Verdict.OK, value, f"{value:05d}")


def test_a_first_frame_that_is_not_clear_gives_no_value() -> None:
    blend = 0.5 * ideal(positions(5301.3, COUNT)) + 0.5 * ideal(positions(8301.3, COUNT))
    outcome = observe(History(), blend, RULES, time_s=0.0)
    assert (outcome.verdict, outcome.value) == (Verdict.LOW_CONFIDENCE, None)


def test_a_counter_of_one_wheel_is_followed() -> None:
    history = History.known(3, 0.0)
    for step in range(1, 20):
        outcome = observe(history, ideal(positions(3 + 0.4 * step, 1)), RULES, time_s=40.0 * step)
        history = outcome.history
        assert (outcome.verdict, outcome.value) == (Verdict.OK, int(3 + 0.4 * step) % 10)


def test_a_running_counter_is_followed() -> None:
    history = History.known(5301, 0.0)
    for step in range(1, 40):
        outcome = look(history, 5301.3 + 0.5 * step, step * 100.0)
        assert (outcome.verdict, outcome.value) == (Verdict.OK, int(5301.3 + 0.5 * step))
        history = outcome.history


def test_a_wheel_at_9_97_whose_neighbour_shows_the_next_digit_is_not_ten_too_high() -> None:
    outcome = look(History.known(5309, 0.0), np.array([0, 5, 3, 0.97, 9.97]), MINUTE_S)
    assert (outcome.verdict, outcome.value) == (Verdict.OK, 5309)


def test_a_transition_held_for_55_minutes_is_never_one_too_high() -> None:
    history = History.known(5304, 0.0)
    for minute in range(1, 56):
        outcome = look(history, 5304.93, minute * MINUTE_S, new=minute == 1)
        assert outcome.value == 5304
        history = outcome.history


def test_an_idle_meter_misread_alike_for_hours_never_moves_the_value() -> None:
    history = look(History.known(5300, 0.0), 5300.2, MINUTE_S).history
    for minute in range(2, 600):
        outcome = look(history, np.array([0, 8, 3, 0, 0.2]), minute * MINUTE_S, new=[1] if minute == 2 else False)
        assert outcome.value == 5300
        history = outcome.history


def test_a_wheel_misread_alike_beside_one_that_turns_never_moves_the_value() -> None:
    history = look(History.known(5300, 0.0), 5300.2, MINUTE_S).history
    for minute in range(2, 300):
        places = positions(5300.2 + 0.05 * minute, COUNT)
        places[1] = 8.0
        outcome = look(history, places, minute * MINUTE_S, new=[1, 4] if minute == 2 else [4])
        history = outcome.history
        assert outcome.value is not None
        assert outcome.value // 1000 == 5, minute


def test_a_misread_that_was_believed_gives_way_to_the_truth_without_a_person() -> None:
    history = History.known(6300, 0.0)  # the truth is 5300
    values = []
    for frame in range(1, 25):
        outcome = look(history, 5300.3 + frame, frame * 300.0)
        values.append(outcome.value)
        history = outcome.history
    assert values[0] != 5301
    assert (outcome.verdict, outcome.value) == (Verdict.OK, 5324)


def test_one_misread_of_a_thousand_more_is_not_taken_and_does_not_block() -> None:
    history = History.known(5300, 0.0)
    misread = look(history, 6300.3, 300.0)
    assert misread.value == 5300
    after = look(misread.history, 5301.3, 600.0)
    assert (after.verdict, after.value) == (Verdict.OK, 5301)


def test_a_jump_after_a_week_without_a_camera_is_taken_where_the_rate_allows_it() -> None:
    outcome = look(History.known(5300, 0.0), 9200.4, WEEK_S)
    assert (outcome.verdict, outcome.value) == (Verdict.OK, 9200)


def test_the_same_jump_in_a_minute_is_too_fast() -> None:
    outcome = look(History.known(5300, 0.0), 9250.4, MINUTE_S)
    assert (outcome.verdict, outcome.value, outcome.raw.digits) == (Verdict.TOO_FAST, 5300, "09250")


def test_what_could_flow_since_the_last_valid_reading_is_not_too_fast_though_frames_between_had_none() -> None:
    history = dataclasses.replace(History.known(5300, 0.0), time_s=590.0)
    assert look(history, 5305.2, 600.0).verdict is Verdict.LOW_CONFIDENCE
    assert look(history, 5315.2, 600.0).verdict is Verdict.TOO_FAST


def test_a_value_below_the_last_is_decreased() -> None:
    outcome = look(History.known(5300, 0.0), 5187.4, HOUR_S)
    assert (outcome.verdict, outcome.value) == (Verdict.DECREASED, 5300)


def test_a_meter_that_feeds_in_may_run_backwards() -> None:
    rules = Rules(mechanism=MECHANISM, max_rate=0.1, decreases=True)
    outcome = look(History.known(5300, 0.0), 5187.4, HOUR_S, rules=rules)
    assert (outcome.verdict, outcome.value) == (Verdict.OK, 5187)


def test_the_counter_rolls_over_at_its_full_scale() -> None:
    outcome = look(History.known(99998, 0.0), 1.3, 600.0)
    assert (outcome.verdict, outcome.value, outcome.raw.digits) == (Verdict.OK, 1, "00001")


@pytest.mark.parametrize(("true", "flipped"), [(8, 3), (3, 8), (0, 9), (9, 0)])
def test_a_leading_wheel_that_flips_does_not_move_the_value(true: int, flipped: int) -> None:
    history = look(History.known(true * 10_000 + 5300, 0.0), true * 10_000 + 5301.3, 300.0).history
    places = positions(true * 10_000 + 5302.3, COUNT)
    places[0] = flipped
    outcome = look(history, places, 600.0, new=[0, 4])
    assert (outcome.verdict, outcome.value) == (Verdict.OK, true * 10_000 + 5302)


def test_frames_of_a_wheel_that_has_not_changed_add_nothing() -> None:
    blend = 0.7 * ideal(positions(8300.3, COUNT)) + 0.3 * ideal(positions(3300.3, COUNT))
    history = observe(History(), blend, RULES, time_s=0.0).history
    before = history.shares()[8300]
    for minute in range(1, 50):
        history = observe(history, blend, RULES, time_s=minute * MINUTE_S, novelty=np.zeros(COUNT)).history
    assert history.shares()[8300] == pytest.approx(before, abs=0.1)


def test_a_history_that_was_stored_as_json_goes_on_as_if_never_stopped() -> None:
    history = look(look(History.known(5300, 0.0), 5300.3, 300.0).history, 5301.1, 600.0).history
    stored = History(**json.loads(json.dumps(dataclasses.asdict(history))))
    assert look(stored, 5301.9, 900.0).history == look(history, 5301.9, 900.0).history


def test_a_step_that_nothing_led_to_expect_is_believed_when_the_next_picture_bears_it_out() -> None:
    rules = Rules(mechanism=MECHANISM, max_rate=0.02)
    history = History.known(5300, 0.0)
    for frame in range(1, 20):
        history = look(history, 5300.3 + 0.1 * frame, frame * 300.0, rules=rules, sure=1.0).history
    misread = look(history, 5305.3, 6000.0, rules=rules, sure=1.0)
    assert (misread.verdict, misread.value) == (Verdict.LOW_CONFIDENCE, 5302)
    assert look(misread.history, 5302.4, 6300.0, rules=rules, sure=1.0).value == 5302
    after = look(misread.history, 5308.4, 6300.0, rules=rules, sure=1.0)
    assert (after.verdict, after.value) == (Verdict.OK, 5308)


def test_a_frame_on_which_nothing_is_new_keeps_value_and_probabilities() -> None:
    history = look(look(History.known(5300, 0.0), 5300.3, 300.0).history, 5300.9, 600.0).history
    outcome = look(history, 8300.9, 900.0, new=False)
    assert outcome.history.shares() == pytest.approx(history.shares())
    assert outcome.value == history.value


def test_a_little_doubt_in_a_leading_wheel_that_never_turns_does_not_stop_the_counter() -> None:
    history, values = History(), []
    for frame in range(30):
        true = 5301.3 + 0.4 * frame
        blend = 0.96 * ideal(positions(true, COUNT)) + 0.04 * ideal(positions(true + 70_000, COUNT))
        novelty = None if frame == 0 else np.isin(np.arange(COUNT), [4]).astype(float)
        outcome = observe(history, blend, RULES, time_s=frame * 100.0, novelty=novelty)
        history = outcome.history
        values.append((outcome.verdict, outcome.value))
    assert values.count((Verdict.OK, None)) == 0
    assert sum(verdict is Verdict.OK for verdict, _ in values) >= 28
    assert values[-1] == (Verdict.OK, 5312)


def test_a_damaged_picture_whose_digits_have_slipped_to_the_left_says_nothing_of_the_counter() -> None:
    """As a JPEG that lost a few bytes shows it; two of them in a row must not bear each other out."""
    history, slipped = look(History.known(12345, 0.0), 12345.0, MINUTE_S).history, np.array([2.0, 3.0, 4.0, 5.0, 1.0])
    for second in (61.0, 62.0):
        outcome = look(history, slipped, second, rules=dataclasses.replace(RULES, max_rate=10.0))
        assert (outcome.verdict, outcome.value) == (Verdict.TOO_FAST, 12345)
        history = outcome.history
    outcome = look(history, 12345.0, 63.0, rules=dataclasses.replace(RULES, max_rate=10.0))
    assert (outcome.verdict, outcome.value) == (Verdict.OK, 12345)
    assert outcome.history.shares()[12345] > 0.9


def test_a_picture_with_two_wheels_misread_is_no_witness_of_a_new_value() -> None:
    rules = dataclasses.replace(RULES, max_rate=0.02)

    def shown(last: float) -> Outcome:
        history = observe(History.known(123451, 0.0), ideal(positions(123451.3, 6)), rules, time_s=50.0).history
        places = np.concatenate([[7.0, 8.0], positions(123450 + last, 6)[2:]])
        outcome = observe(history, ideal(places), rules, time_s=100.0)
        return observe(outcome.history, ideal(places), rules, time_s=150.0, novelty=np.zeros(6))

    stays, goes_on = shown(1.4), shown(2.5)
    assert (stays.verdict, stays.value) == (Verdict.OK, 123451)
    assert goes_on.verdict is not Verdict.OK
    assert goes_on.value == 123451
