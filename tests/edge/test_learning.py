"""What a counter's own frames teach of its wheels."""

import numpy as np
import pytest

from edge.counter.learning import Learnt, learn, learn_carry
from edge.counter.odometer import Evidence
from edge.counter.wheels import CARRY_STARTS, Mechanism
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


def test_whole_digits_tell_nothing_of_how_the_last_wheel_turns() -> None:
    learnt = Learnt()
    for digit in range(60):
        learnt = learn(learnt, np.eye(10)[[5, 3, 0, 4, digit % 10]], f"5304{digit % 10}", ALL)
    assert learnt.mechanism(Mechanism()).rolling is None


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


def taught_carry(start: float, *, frames: int, learnt: Learnt | None = None, new: np.ndarray = ALL, misread: int = 0) -> Learnt:
    """Of a counter that stands anywhere; each `misread`-th time its fourth wheel is read 0.6 of a digit too low."""
    learnt, rng = learnt or taught([0] * 5, [5304.2] * 4), np.random.default_rng(1)
    for number, value in enumerate(rng.uniform(0, 100_000, frames)):
        places = positions(value, 5, carry_start=start)
        if misread and number % misread == 0:
            places[3] = (places[3] - 0.6) % 10
        learnt = learn_carry(learnt, ideal(places), f"{int(value):05d}", new)
    return learnt


def near(learnt: Learnt, start: float) -> float:
    """Probability that a carry begins there, or a tenth of a digit from there."""
    return sum(share for each, share in learnt.mechanism(Mechanism()).carry_starts if abs(each - start) < 0.11)


@pytest.mark.parametrize("start", [8.4, 8.7, 9.0, 9.4])
def test_where_a_carry_begins_is_learnt_wherever_that_is(start: float) -> None:
    assert near(taught_carry(start, frames=300), start) >= 0.85


def test_few_carries_tell_nothing() -> None:
    assert taught_carry(9.4, frames=10).mechanism(Mechanism()).carry_starts == CARRY_STARTS


def test_a_carry_tells_nothing_before_it_is_known_how_the_wheels_stand() -> None:
    assert learn_carry(Learnt(), ideal(positions(5309.5, 5)), "05309", ALL) == Learnt()


def test_no_more_starts_are_weighed_than_before_where_a_counter_rests_on_its_digits_and_tells_little() -> None:
    learnt = taught([0] * 5, [5304.2] * 4)
    for value in range(5000, 5300):
        learnt = learn_carry(learnt, ideal(positions(value, 5)), f"{value:05d}", ALL)
    starts = learnt.mechanism(Mechanism()).carry_starts
    assert [start for start, _ in starts] == [9.0, 9.2, 9.4]
    assert sum(share for _, share in starts) == pytest.approx(1, abs=0.02)


def test_starts_that_are_not_likely_are_not_weighed() -> None:
    starts = taught_carry(9.0, frames=300).mechanism(Mechanism()).carry_starts
    assert min(share for _, share in starts) >= 0.05


def test_where_a_carry_is_told_to_begin_it_begins() -> None:
    told = Mechanism(carry_starts=((9.0, 1.0),))
    assert taught_carry(9.4, frames=300).mechanism(told).carry_starts == told.carry_starts


def test_a_carry_is_told_by_wheels_that_stand_off_as_well() -> None:
    offsets, learnt = np.array([0.1, 0.4, -0.1, 0.4, 0.25]), Learnt()
    for value in np.random.default_rng(1).uniform(0, 100_000, 600):
        seen, digits = ideal((positions(value, 5, carry_start=9.4) + offsets) % 10), f"{int(value):05d}"
        learnt = learn_carry(learn(learnt, seen, digits, ALL), seen, digits, ALL)
    assert near(learnt, 9.4) >= 0.85


def test_a_carry_that_comes_to_begin_elsewhere_is_followed() -> None:
    assert near(taught_carry(8.4, frames=1000, learnt=taught_carry(9.4, frames=1000)), 8.4) >= 0.85


def test_one_wheel_in_four_misread_does_not_mislead_what_is_learnt_of_the_carry() -> None:
    assert near(taught_carry(9.0, frames=300, misread=4), 9.0) >= 0.85


def test_pictures_that_are_not_new_tell_nothing_of_the_carry() -> None:
    assert taught_carry(9.4, frames=300, new=np.zeros(5, np.bool_)).carry_count == 0


def torn(places: list[float], last: float, other: float) -> np.ndarray:
    """Wheels that the network sees clearly, and a last one that is likelier at one place (0.54) than at the other."""
    likely, less = (ideal(np.array([*places, each])) for each in (last, other))
    return np.asarray(0.54 * likely + 0.46 * less)


@pytest.mark.parametrize(
    ("start", "seen", "before", "after"),
    [
        # The tens have moved by 0.2: wheels do so at 8.7 where they begin at 8.4, and at 9.2 where they begin at 9.0.
        (8.4, torn([5, 3, 1.2], 8.65, 9.25), "5319", "5318"),
        # The tens have not moved: at 9.2 they would have, where they do not begin as late as at 9.4.
        (9.4, torn([5, 3, 1.0], 9.2, 2.2), "5312", "5319"),
    ],
)
def test_a_frame_that_only_the_carry_decides_is_read_rightly_once_that_is_learnt(
    start: float, seen: np.ndarray, before: str, after: str
) -> None:
    known = Mechanism(rolling=True, offset=0.0)
    learnt = taught_carry(start, frames=300).mechanism(known)
    assert Evidence(seen, known).decode().digits == before
    assert Evidence(seen, learnt).decode().digits == after
