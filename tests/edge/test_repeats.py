"""A wheel that looks new in each frame and is read alike: light wanders over it, and it stands where it stood."""

import dataclasses

import numpy as np
import pytest

from edge.counter.contest import observe
from edge.counter.history import History, Rules, Verdict
from edge.counter.repeats import APART_S, Looks, discounted
from tests.edge.simulation import ideal
from tests.edge.test_plausibility import MECHANISM, MINUTE_S, RULES, look

STANDS, MISREAD = np.array([0.0, 5.0, 3.0, 0.0, 0.0]), np.array([0.0, 8.0, 3.0, 0.0, 0.0])


def shares(*frames: tuple[float, list[float]]) -> list[list[float]]:
    """What three wheels' pictures, all of them new, count in frames at these seconds, at these places."""
    looks: Looks = ()
    counted = []
    for time_s, places in frames:
        told, looks = discounted(looks, ideal(np.array(places)), np.ones(3), time_s)
        counted.append(told.tolist())
    return counted


def test_a_wheel_that_is_read_alike_soon_after_counts_little_and_one_that_turned_counts_in_full() -> None:
    first, second = shares((0.0, [5.0, 3.0, 0.2]), (APART_S / 10, [5.1, 4.0, 0.2]))
    assert first == [1.0, 1.0, 1.0]
    assert second == [pytest.approx(0.1), 1.0, 1.0]


def test_in_so_much_time_pictures_read_alike_count_as_one_however_many_there_are() -> None:
    counted = shares(*((APART_S * i / 30, [5.0, 3.0, 0.0]) for i in range(31)))
    assert sum(each[0] for each in counted[1:]) == pytest.approx(1.0)
    assert shares((0.0, [5.0, 3.0, 0.0]), (5 * APART_S, [5.0, 3.0, 0.0]))[1] == [1.0, 1.0, 1.0]


def test_a_clock_that_was_set_back_makes_nothing_count_less_than_nothing() -> None:
    assert shares((1000.0, [5.0, 3.0, 0.0]), (0.0, [5.0, 3.0, 0.0]))[1] == pytest.approx([0.0, 0.0, 1.0], abs=1e-5)


def test_a_wheel_that_turns_slowly_counts_for_what_it_turned() -> None:
    """By a tenth of a digit from picture to picture, ten in a second."""
    counted = shares(*((0.1 * i, [5.0 + 0.1 * i, 3.0, 0.0]) for i in range(11)))
    assert sum(each[0] for each in counted[1:]) >= 2.0
    assert sum(each[1] for each in counted[1:]) < 0.01


def test_a_wheel_that_has_just_changed_has_changed_though_no_time_went_by() -> None:
    assert min(shares((0.0, [5.0, 3.0, 0.0]), (0.0, [5.0, 3.0, 0.0]))[1]) > 0.0


def test_a_picture_that_is_not_new_leaves_what_is_known() -> None:
    _, looks = discounted((), ideal(np.array([5.0, 3.0, 0.0])), np.ones(3), 0.0)
    told, kept = discounted(looks, ideal(np.array([8.0, 3.0, 0.1])), np.zeros(3), MINUTE_S)
    assert told.tolist() == [0.0, 0.0, 0.0]
    assert kept == looks


@pytest.mark.parametrize("rules", [RULES, Rules(mechanism=MECHANISM), dataclasses.replace(RULES, max_rate=1.0)], ids=str)
@pytest.mark.parametrize("sure", [0.9, 0.97])
def test_glare_that_wanders_over_a_leading_wheel_for_half_an_hour_does_not_move_the_value(rules: Rules, sure: float) -> None:
    history = History.known(5290, 0.0)
    for minute in range(1, 41):
        history = look(history, 5290 + 0.25 * minute, minute * MINUTE_S, rules=rules, new=[3, 4], sure=sure).history
    for minute in range(41, 71):
        outcome = look(history, MISREAD, minute * MINUTE_S, rules=rules, new=[1], sure=sure)
        assert outcome.value == 5300
        history = outcome.history
    for minute in range(71, 80):
        outcome = look(history, STANDS, minute * MINUTE_S, rules=rules, new=[1] if minute == 71 else False, sure=sure)
        assert (outcome.verdict, outcome.value) == (Verdict.OK, 5300)
        history = outcome.history


def test_a_hand_between_two_pictures_does_not_make_the_second_another_witness() -> None:
    history = look(History.known(5300, 0.0), STANDS, MINUTE_S).history
    for frame in range(24):
        time_s = 600.0 + 20.0 * frame
        outcome = look(history, MISREAD, time_s) if frame % 2 else observe(history, np.full((5, 100), 0.01), RULES, time_s=time_s)
        assert outcome.value == 5300
        history = outcome.history


@pytest.mark.parametrize("soft", [0.4, 0.6, 0.8])
def test_a_cloth_that_looks_new_in_each_frame_and_is_read_alike_is_no_counter(soft: float) -> None:
    rng = np.random.default_rng(0)
    history = History.known(5300, 0.0)
    for minute in range(1, 30):
        history = look(history, 5300.2 + 0.5 * minute, minute * MINUTE_S).history
    cloth, blind = rng.uniform(0, 10, 5), []
    for minute in range(30, 45):
        seen = (1 - soft) * ideal(cloth + rng.uniform(-0.1, 0.1, 5)) + soft / 100
        history = observe(history, seen, RULES, time_s=minute * MINUTE_S).history
        blind.append(history.blind)
    assert all(blind)
    after = look(history, 5300.2 + 0.5 * 45, 45 * MINUTE_S)
    assert (after.verdict, after.value) == (Verdict.OK, 5322)


def test_where_a_wheel_was_misread_before_the_last_one_stays_as_long_as_it_looks_as_it_did() -> None:
    history = History.known(5300, 0.0)
    for frame in range(1, 31):
        history = look(history, 5300 + 0.5 * frame, frame * 600.0, new=True if frame == 1 else [3, 4]).history
    values = []
    for frame in range(1, 14):
        outcome = look(history, np.array([0.0, 8.0, 3.0, 1.0, 5.0]), 18_000.0 + frame * APART_S, new=[1])
        history = outcome.history
        values.append(outcome.value)
    assert values[0] == 5315
    assert set(values[1:]) <= {5315, 8315}
    assert (outcome.verdict, outcome.value) == (Verdict.OK, 8315)


@pytest.mark.parametrize("rules", [RULES, Rules(mechanism=MECHANISM)], ids=["rate known", "not known"])
def test_a_beginning_that_was_wrong_for_long_gives_way_as_the_truth_is_seen_in_other_lights(rules: Rules) -> None:
    """A lamp in the evening made a 3 look like a 5; by day it is a 3, whatever the light."""
    evening, day = np.array([0.0, 5.0, 5.0, 0.0, 0.2]), np.array([0.0, 5.0, 3.0, 0.0, 0.2])
    history = History()
    for minute in range(40):
        outcome = look(history, evening, minute * MINUTE_S, rules=rules, new=minute == 0)
        assert (outcome.verdict, outcome.value) == (Verdict.OK, 5500)
        history = outcome.history
    for minute in range(40, 40 + 4 * 60):
        outcome = look(history, day, minute * MINUTE_S, rules=rules, new=[2] if minute % 35 == 0 else False)
        history = outcome.history
    assert (outcome.verdict, outcome.value) == (Verdict.OK, 5300)
