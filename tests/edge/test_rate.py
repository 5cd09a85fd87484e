"""How fast a counter counts."""

import pytest

from edge.counter.rate import WINDOW_S, Changes

SCALE = 100_000


def test_before_two_values_there_is_no_rate() -> None:
    assert Changes().per_second(0.0, SCALE) is None
    assert Changes().then(0.0, 5).per_second(100.0, SCALE) is None


def test_an_even_rate_is_the_mean_over_the_window() -> None:
    changes = Changes()
    for step in range(200):
        changes = changes.then(step * 10.0, 1000 + step)
    assert changes.per_second(1990.0, SCALE) == pytest.approx(0.1)
    assert changes.points[0][0] >= 1990 - WINDOW_S - 20


def test_a_tap_that_was_closed_counts_ever_slower() -> None:
    changes = Changes().then(0.0, 0).then(10.0, 10)
    assert changes.per_second(10.5, SCALE) == pytest.approx(1.0)
    assert changes.per_second(110.0, SCALE) == pytest.approx(0.01)
    assert changes.per_second(10_010.0, SCALE) == pytest.approx(0.0001)


def test_feeding_in_is_a_negative_rate() -> None:
    changes = Changes().then(0.0, 10).then(10.0, 5)
    assert changes.per_second(10.0, SCALE) == pytest.approx(-0.5)
    assert changes.per_second(1010.0, SCALE) == pytest.approx(-0.001)


def test_the_same_value_again_changes_nothing() -> None:
    changes = Changes().then(100.0, 7)
    assert changes.then(200.0, 7) is changes
    assert changes.then(100.0, 8) is changes


def test_a_counter_that_is_at_zero_again_has_gone_forward() -> None:
    changes = Changes()
    for i, value in enumerate((SCALE - 2, SCALE - 1, 0, 1)):
        changes = changes.then(60.0 * i, value)
    assert changes.per_second(180.0, SCALE) == pytest.approx(1 / 60)


def test_after_a_clock_was_set_back_the_rate_is_told_anew() -> None:
    changes = Changes().then(1000.0, 0).then(1010.0, 10).then(100.0, 10)
    assert changes.per_second(900.0, SCALE) is None
    assert changes.then(200.0, 11).per_second(200.0, SCALE) == pytest.approx(0.01)
