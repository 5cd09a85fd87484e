"""The laws of positions on a circle of ten."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.circle import distance, position

positions = st.floats(0, 10, exclude_max=True)


@pytest.mark.parametrize(
    ("a", "b", "expected"), [(0.0, 0.0, 0.0), (9.9, 0.1, 0.2), (0.0, 5.0, 5.0), (2.0, 9.0, 3.0), (4.7, 5.2, 0.5), (0.0, 10.0, 0.0)]
)
def test_distance(a: float, b: float, expected: float) -> None:
    assert distance(a, b) == pytest.approx(expected)


def test_distance_takes_arrays_against_a_number() -> None:
    np.testing.assert_allclose(distance(np.array([9.5, 0.0, 4.0]), 0.5), [1.0, 0.5, 3.5])


@given(positions, positions)
def test_distance_is_the_same_both_ways_and_at_most_half_the_circle(a: float, b: float) -> None:
    assert distance(a, b) == distance(b, a)
    assert 0 <= distance(a, b) <= 5


@given(positions, positions, positions)
def test_distance_by_a_third_place_is_no_shorter(a: float, b: float, c: float) -> None:
    assert distance(a, c) <= distance(a, b) + distance(b, c) + 1e-9


@given(positions, positions, positions)
def test_turning_both_changes_no_distance(a: float, b: float, turn: float) -> None:
    assert distance(a + turn, b + turn) == pytest.approx(float(distance(a, b)), abs=1e-9)


@pytest.mark.parametrize("classes", [10, 100])
def test_one_sure_class_is_its_own_position(classes: int) -> None:
    np.testing.assert_allclose(position(np.eye(classes)), np.arange(classes) * 10 / classes)


def test_neighbours_share_in_the_position() -> None:
    probabilities = np.zeros((1, 100), np.float32)
    probabilities[0, [46, 47, 48]] = [0.2, 0.4, 0.4]
    assert position(probabilities).item() == pytest.approx(4.72)


def test_neighbours_share_across_the_zero() -> None:
    probabilities = np.zeros((2, 100), np.float32)
    probabilities[0, [98, 99, 0]] = [0.3, 0.4, 0.3]
    probabilities[1, [0, 99]] = [0.6, 0.4]
    np.testing.assert_allclose(position(probabilities), [9.9, 9.96], atol=1e-6)


def test_a_hair_below_zero_is_zero_and_not_ten() -> None:
    probabilities = np.zeros((1, 100), np.float32)
    probabilities[0, [0, 99]] = [1.0, 1e-18]
    assert position(probabilities).item() == 0.0


def test_a_second_guess_far_away_does_not_move_the_position() -> None:
    probabilities = np.zeros((1, 100), np.float32)
    probabilities[0, [20, 70]] = [0.6, 0.4]
    assert position(probabilities).item() == pytest.approx(2.0)


def test_ten_classes_give_whole_digits() -> None:
    probabilities = np.full((1, 10), 0.05, np.float32)
    probabilities[0, 9], probabilities[0, 0] = 0.3, 0.3 - 0.01
    assert position(probabilities).item() == 9.0


def test_no_cells_have_no_positions() -> None:
    assert position(np.zeros((0, 100), np.float32)).shape == (0,)


@given(st.integers(0, 99), st.integers(0, 2**32 - 1))
def test_a_turned_distribution_has_a_turned_position(turn: int, seed: int) -> None:
    probabilities = np.random.default_rng(seed).dirichlet(np.full(100, 0.1), 4)
    turned = position(np.roll(probabilities, turn, axis=1))
    np.testing.assert_allclose(distance(turned, position(probabilities) + turn / 10), 0, atol=1e-9)
    assert ((turned >= 0) & (turned < 10)).all()
