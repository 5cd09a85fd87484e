"""The joint decoder: wheels' probabilities to the counter's value."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.counter.odometer import Evidence
from edge.counter.wheels import CARRY_STARTS, Display, Mechanism, last_wheel
from tests.edge.simulation import TENTHS, ideal, positions

KNOWN = Mechanism(rolling=True, offset=0.0, carry_starts=((9.0, 1.0),))
NOISE = 0.17
"""Up to how much each logarithm of a probability is off. A little more, all to one side, and 3.9 looks as 4.0 does."""
NOISE_OF_MANY = 0.1
"""The same where all wheels that show a 9 are about to turn at once: 99.9 looks as 100.0 does, in a window drawn a tenth off."""


def decoded(places: np.ndarray, mechanism: Mechanism = KNOWN) -> str:
    return Evidence(ideal(np.asarray(places, np.float64)), mechanism).decode().digits


@settings(max_examples=200, deadline=None)
@given(data=st.data(), count=st.integers(5, 9))
def test_decoding_what_a_value_looks_like_gives_the_value(data: st.DataObject, count: int) -> None:
    tenths = data.draw(st.integers(0, 10 ** (count + 1) - 1))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    seen = ideal(positions(tenths / 10 + 1e-9, count), noise=NOISE, rng=rng)
    assert Evidence(seen, KNOWN).decode().digits == f"{tenths // 10:0{count}d}"


@pytest.mark.parametrize(
    ("tenths", "noise"), [(339, NOISE), (340, NOISE), (990, NOISE), (99_999, NOISE), (100_000, NOISE), (999, NOISE_OF_MANY)]
)
def test_noise_that_pushes_the_last_wheel_over_the_edge_with_all_its_might_does_not_move_it(tenths: int, noise: float) -> None:
    places = positions(tenths / 10 + 1e-9, 7)
    seen = ideal(places)
    past = (TENTHS - places[-1] + 5) % 10 - 5
    wrong = past > 0.01 if tenths % 10 == 9 else past < -0.01
    seen[-1] *= np.exp(np.where(wrong, noise, -noise))
    assert Evidence(seen / seen.sum(1, keepdims=True), KNOWN).decode().digits == f"{tenths // 10:07d}"


@settings(max_examples=100, deadline=None)
@given(value=st.integers(0, 9_999_999).filter(lambda value: value % 10_000 not in (0, 9_999)), offset=st.integers(-3, 3))
def test_a_counter_at_rest_is_read_whatever_the_windows_height(value: int, offset: int) -> None:
    # 5000000 seen 0.3 digits high looks as 4999999.7 does, where all wheels roll.
    seen = Evidence(ideal((positions(float(value), 7) + offset / 10) % 10), Mechanism()).decode()
    assert seen.digits == f"{value:07d}"
    assert seen.offset == pytest.approx(offset / 10, abs=0.12)


@pytest.mark.parametrize("digit", range(9))
def test_a_last_wheel_that_turns_has_passed_its_digit_until_it_is_a_tenth_before_the_next(digit: int) -> None:
    # As far as a wheel at rest hardly ever stands off its digit; nearer, and it may be one.
    assert decoded(np.array([5, 3, 0, 7, digit + 0.86]), Mechanism()) == f"5307{digit}"
    assert decoded(np.array([5, 3, 0, 7, digit]), Mechanism()) == f"5307{digit}"
    assert decoded(np.array([5, 3, 0, 7, (digit - 0.05) % 10]), Mechanism()) == f"5307{digit}"


def test_a_last_wheel_is_placed_between_two_tenths() -> None:
    seen = last_wheel(ideal(np.array([4.05]))[0], 1.0)[0]
    assert seen.argmax() * 0.05 == pytest.approx(4.05, abs=0.051)
    assert seen[seen > 0.1 * seen.max()].sum() > 0.9 * seen.sum()


def test_a_wheel_at_9_97_beside_one_that_already_shows_the_next_digit_does_not_carry_early() -> None:
    assert decoded(np.array([0, 5, 3, 0.9, 9.9])) == "05309"
    assert decoded(np.array([0, 5, 3, 0.97, 9.97])) in ("05309", "05310")
    assert decoded(np.array([0, 5, 3, 1.0, 9.8])) == "05309"


def test_wheels_that_all_roll_at_once_are_one_value() -> None:
    assert decoded(positions(9999.8, 5)) == "09999"
    assert decoded(positions(99999.8, 5)) == "99999"
    assert decoded(positions(0.05, 5)) == "00000"


def test_a_carry_that_begins_early_is_followed_where_it_is_known() -> None:
    early = positions(128.0, 4, carry_start=5.0)
    assert decoded(early, dataclasses.replace(KNOWN, carry_starts=((5.0, 1.0),))) == "0128"
    assert decoded(early, KNOWN) == "0138"


@pytest.mark.parametrize("start", [8.4, 9.0, 9.4])
def test_where_a_carry_begins_is_found_out_where_it_is_not_known(start: float) -> None:
    unknown = dataclasses.replace(KNOWN, carry_starts=CARRY_STARTS)
    found = Evidence(ideal(positions(129.5, 4, carry_start=start)), unknown).decode()
    assert found.digits == "0129"
    assert found.confidence > 0.9


def test_a_last_wheel_that_steps_shows_the_digit_it_rests_on_and_one_that_rolls_the_one_it_passed() -> None:
    places = np.array([1.0, 2.0, 3.0, 8.9])
    assert decoded(places, dataclasses.replace(KNOWN, rolling=False)) == "1239"
    assert decoded(places, KNOWN) == "1238"


def test_a_wheel_that_stands_off_by_itself_is_put_right_once_that_is_learnt() -> None:
    places = np.array([1, 2.45, 3, 4.2])
    learnt = dataclasses.replace(KNOWN, offsets=(0.0, 0.45, 0.0, 0.0))
    assert Evidence(ideal(places), learnt).decode().confidence > Evidence(ideal(places), KNOWN).decode().confidence + 0.5
    assert decoded(places, learnt) == "1234"


def test_a_display_couples_nothing() -> None:
    assert decoded(np.array([1, 9, 9, 9]), Mechanism(display="lcd")) == "1999"
    assert decoded(np.array([0, 0, 5, 8.1]), Mechanism(display="lcd")) == "0058"


def test_ten_classes_are_read_as_well() -> None:
    seen = np.full((3, 10), 0.01)
    seen[[0, 1, 2], [4, 0, 7]] = 0.91
    assert Evidence(seen, Mechanism(display="lcd")).decode().digits == "407"


def test_an_unsure_wheel_makes_the_whole_unsure_and_names_the_runner_up() -> None:
    seen = 0.6 * ideal(np.array([8.0, 2, 5])) + 0.4 * ideal(np.array([3.0, 2, 5]))
    found = Evidence(seen, Mechanism(display="lcd")).decode()
    assert [candidate.digits for candidate in found.candidates[:2]] == ["825", "325"]
    assert found.confidence == pytest.approx(0.6, abs=0.05)
    assert found.confidences[0] < 0.7 < 0.95 < found.confidences[1]


def test_the_likelihood_of_a_named_value_is_that_of_the_candidate() -> None:
    evidence = Evidence(ideal(positions(12345.3, 5)), Mechanism())
    first = evidence.decode().candidates[0]
    named = np.logaddexp.reduce(evidence.log_places(np.array([12345, 12346, 52345])), axis=1)
    assert named[0] == pytest.approx(first.log_likelihood)
    assert named[0] > named[1] > named[2]


def test_shares_of_all_values_add_up_to_one() -> None:
    found = Evidence(ideal(np.array([3.0, 7.4])), Mechanism()).decode(100)
    assert sum(np.exp(candidate.log_likelihood - found.log_evidence) for candidate in found.candidates) == pytest.approx(1.0)


@pytest.mark.parametrize("display", ["wheels", "lcd"])
def test_where_nothing_can_be_read_no_wheel_is_certain(display: Display) -> None:
    found = Evidence(np.full((5, 100), 0.01), Mechanism(display=display)).decode()
    assert found.confidences == pytest.approx((0.1,) * 5)


def test_a_wheel_is_as_certain_as_all_strings_with_its_digit_together() -> None:
    found = Evidence(ideal(np.array([3.0, 7.4])), Mechanism()).decode(100)
    for place in range(2):
        together = [math.exp(each.log_likelihood) for each in found.candidates if each.digits[place] == found.digits[place]]
        assert found.confidences[place] == pytest.approx(sum(together) / math.exp(found.log_evidence))
