"""What the network is asked to answer, and what a wrong answer costs."""

import numpy as np
import pytest

from edge.vision.circle import position
from train.backend import keras
from train.targets import TOLERANCE_DIGITS, circular_loss, circular_targets, digit_targets


def target(value: float, kind: str = "tenths", display: str = "roller") -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return circular_targets(np.array([value]), [kind], [display], 100)


@pytest.mark.parametrize("value", [0.0, 4.7, 9.9, 9.97])
def test_a_position_becomes_a_bell_about_it_on_the_circle(value: float) -> None:
    row = target(value)
    assert row.sum() == pytest.approx(1.0, abs=1e-5)
    assert position(row).item() == pytest.approx(value, abs=0.01)
    assert row[0, round(value * 10 + 10 * TOLERANCE_DIGITS) % 100] == pytest.approx(row.max() * np.exp(-0.5), rel=0.35)


def test_a_wheel_of_which_only_the_digit_is_known_may_stand_anywhere_within_it() -> None:
    assert np.flatnonzero(target(7.0, "integer")[0]).tolist() == [66, 67, 68, 69, 70, 71, 72, 73, 74]
    assert np.flatnonzero(target(0.0, "integer")[0]).tolist() == [0, 1, 2, 3, 4, 96, 97, 98, 99]


def test_the_digit_of_an_lcd_stands_at_rest() -> None:
    np.testing.assert_array_equal(target(7.0, "integer", "lcd"), target(7.0))


def test_the_unreadable_is_anything() -> None:
    np.testing.assert_allclose(target(float("nan"), "nan"), 0.01)


def loss(targets: object, probabilities: object) -> float:
    return float(keras.ops.convert_to_numpy(circular_loss(targets, probabilities))[0])


def test_any_place_within_the_known_digit_costs_nothing_and_outside_much() -> None:
    mask = target(7.0, "integer")
    for place, expected in ((66, 0.0), (74, 0.0), (20, -np.log(9e-7))):
        assert loss(mask, np.eye(100, dtype=np.float32)[[place]]) == pytest.approx(expected, abs=0.1)


def test_a_distribution_costs_its_cross_entropy() -> None:
    answer = np.full((1, 100), 0.01, np.float32)
    assert loss(target(4.7), answer) == pytest.approx(np.log(100), rel=1e-4)


def test_label_smoothing_spreads_its_share() -> None:
    np.testing.assert_allclose(digit_targets(np.array([3]), 10, 0.1)[0, [3, 4]], [0.91, 0.01], rtol=1e-5)
    np.testing.assert_array_equal(digit_targets(np.array([3]), 10, 0.0), np.eye(10)[[3]])
