"""How far a window is drawn askew, and what that spares the last wheel."""

import numpy as np
import pytest

from edge.counter.askew import tilt
from edge.counter.odometer import Evidence
from edge.counter.wheels import Mechanism
from tests.edge.simulation import ideal, positions

DIGITS = (5.0, 3.0, 0.0, 7.0, 2.0, 4.0, 6.0)


def askew(count: int, by: float) -> np.ndarray:
    """Wheels at rest in a window in which the last stands `by` higher than the first."""
    return (np.array(DIGITS[:count]) + np.linspace(-0.5, 0.5, count) * by) % 10


@pytest.mark.parametrize("count", [5, 7])
@pytest.mark.parametrize("by", [-0.3, -0.2, 0.2, 0.3])
def test_wheels_at_rest_tell_how_far_their_window_is_askew_and_a_part_of_it_is_believed(count: int, by: float) -> None:
    found = tilt(ideal(askew(count, by))) / by
    assert 0.4 <= found <= 1.0


@pytest.mark.parametrize("count", [5, 7])
@pytest.mark.parametrize("by", [-0.7, -0.5, 0.5, 0.7])
def test_the_further_a_window_is_askew_the_more_of_it_is_believed(count: int, by: float) -> None:
    # No wheel is that far off by itself, and all of them are in step.
    found = tilt(ideal(askew(count, by))) / by
    assert 0.8 <= found <= 1.0


@pytest.mark.parametrize("by", [-0.5, 0.5])
def test_one_wheel_between_two_digits_keeps_the_others_from_telling_nothing(by: float) -> None:
    places = askew(7, by)
    places[2] += 0.5
    assert 0.8 <= tilt(ideal(places)) / by <= 1.0


def test_a_window_that_is_straight_is_not_askew_wherever_its_last_wheel_stands() -> None:
    for last in (0.0, 2.5, 2.9, 7.3):
        assert tilt(ideal(np.array([5.1, 3.1, 0.1, 7.1, last]))) == 0.0


def test_a_wheel_between_two_digits_tells_nothing() -> None:
    assert tilt(ideal(np.array([5, 3, 0, 7.45, 9.5]))) == 0.0


@pytest.mark.parametrize("value", [5399.7, 59199.7, 53999.7])
def test_wheels_that_carry_together_are_no_window_askew(value: float) -> None:
    # All of them stand nearly a digit on, and the first ones do not: a line through that is steep, and no window is so likely.
    assert -0.1 <= tilt(ideal(positions(value, 5))) <= 0.0
    assert Evidence(ideal(positions(value, 5)), Mechanism()).decode().digits == f"{int(value):05d}"


def test_whole_digits_and_a_single_wheel_tell_nothing() -> None:
    assert tilt(np.eye(10)[[5, 3, 0, 7]]) == 0.0
    assert tilt(ideal(np.array([5.2]))) == 0.0


@pytest.mark.parametrize("count", [5, 7])
@pytest.mark.parametrize(("by", "confidence"), [(-0.3, 0.8), (-0.6, 0.5)])
def test_the_last_wheel_of_a_window_drawn_askew_is_read_as_the_others_would_have_it(count: int, by: float, confidence: float) -> None:
    found = Evidence(ideal(askew(count, by)), Mechanism()).decode()
    assert found.digits == "".join(str(int(digit)) for digit in DIGITS[:count])
    assert found.confidence > confidence


def test_what_was_learnt_of_each_wheel_is_no_tilt_once_more() -> None:
    own = tuple(np.linspace(-0.5, 0.5, 5) * -0.3)
    assert tilt(ideal(askew(5, -0.3)), own) == 0.0
    assert Evidence(ideal(askew(5, -0.3)), Mechanism(offsets=own)).decode().digits == "53072"


def test_what_was_learnt_of_fewer_wheels_is_not_of_these() -> None:
    assert tilt(ideal(askew(7, -0.3)), (0.1, 0.2, 0.0)) == tilt(ideal(askew(7, -0.3)))


def test_what_is_not_learnt_yet_is_told_by_the_tilt() -> None:
    # Of wheels that have not turned since, a fifth of how far they stand off is believed.
    little = tuple(np.linspace(-0.5, 0.5, 5) * -0.06)
    assert Evidence(ideal(askew(5, -0.3)), Mechanism(offsets=little)).decode().confidence > 0.8
