"""What a counter's own frames teach of its wheels."""

import numpy as np
import pytest

from edge.counter.learning import Learnt, learn
from edge.counter.wheels import Mechanism
from tests.edge.simulation import ideal, positions

ALL = np.ones(5, np.bool_)


def taught(offsets: list[float], values: list[float], *, new: np.ndarray = ALL) -> Learnt:
    learnt = Learnt()
    for value in values:
        learnt = learn(learnt, ideal((positions(value, 5) + offsets) % 10), f"{int(value):05d}", new)
    return learnt


def test_a_wheel_that_stands_off_its_digits_is_learnt() -> None:
    mechanism = taught([0, 0.2, 0, 0, 0], [5304.2 + 0.3 * i for i in range(10)]).mechanism(Mechanism())
    assert mechanism.offsets[1] == pytest.approx(0.2, abs=0.07)
    assert all(abs(offset) < 0.05 for offset in (*mechanism.offsets[:1], *mechanism.offsets[2:]))


def test_what_all_wheels_share_is_no_wheels_own() -> None:
    mechanism = taught([0.2] * 5, [5304.2 + 0.3 * i for i in range(10)]).mechanism(Mechanism())
    assert all(abs(offset) < 0.05 for offset in mechanism.offsets)


def test_a_wheel_in_mid_carry_teaches_nothing() -> None:
    before = taught([0] * 5, [5304.2])
    assert learn(before, ideal(positions(5309.8, 5)), "05309", ALL).offsets[3] == before.offsets[3]


def test_a_misread_wheel_teaches_nothing() -> None:
    before = taught([0] * 5, [5304.2])
    places = positions(5304.2, 5)
    places[1] = 8.0
    assert learn(before, ideal(places), "05304", ALL).offsets == before.offsets


def test_a_picture_that_is_not_new_teaches_once() -> None:
    still = np.zeros(5, np.bool_)
    learnt = taught([0] * 5, [5304.2] * 50, new=still)
    assert max(learnt.counts) == 1
    assert learnt.between_count == 0


@pytest.mark.parametrize(
    ("step", "rolling"), [(0.137, True), (1.0, False)]
)  # fmt: skip
def test_a_last_wheel_that_rolls_is_told_from_one_that_steps(step: float, rolling: bool) -> None:
    assert taught([0] * 5, [5300 + step * i for i in range(60)]).mechanism(Mechanism()).rolling is rolling


def test_few_pictures_tell_neither() -> None:
    assert taught([0] * 5, [5300 + i for i in range(5)]).mechanism(Mechanism()).rolling is None


def test_an_lcd_has_nothing_to_learn() -> None:
    known = Mechanism(display="lcd")
    assert taught([0.2] * 5, [5304.2]).mechanism(known) is known
