"""Cells of what is not one digit are pieces and pairs, and the same ones each time."""

import numpy as np
import numpy.typing as npt
import pytest

from edge.vision.touching import Cut, Digit
from train.datasets import mnist
from train.junk import bank, is_digit

Floats = npt.NDArray[np.float32]
IMAGES, LABELS = mnist("train")


def test_cells_are_as_many_as_asked_for_and_each_holds_ink_in_a_box_of_20() -> None:
    cells = bank(IMAGES[:200], 50, seed=0)
    assert cells.shape == (50, 32, 32)
    assert cells.dtype == np.uint8
    for cell in cells:
        assert cell.max() > 200
        assert max(np.ptp(np.argwhere(cell > 0), axis=0) + 1) <= 20


def test_the_same_seed_makes_the_same_cells_and_a_longer_bank_begins_with_a_shorter_one() -> None:
    first, longer, other = bank(IMAGES[:200], 20, seed=3), bank(IMAGES[:200], 40, seed=3), bank(IMAGES[:200], 20, seed=4)
    assert (longer[:20] == first).all()
    assert (other != first).any()


def test_ones_side_by_side_are_junk_and_a_single_one_never_is() -> None:
    cells = bank(IMAGES[LABELS == 1][:100], 60, seed=0)
    wide = [np.ptp(np.flatnonzero((cell > 80).any(0))) + 1 for cell in cells]
    assert np.mean(np.array(wide) >= 8) > 0.8


@pytest.mark.parametrize(
    ("left", "right", "one"),
    [
        (10, 30, True),  # the first, whole
        (10, 26, True),  # its better part
        (10, 20, False),  # half of it
        (10, 52, False),  # both
        (10, 42, False),  # one and half of the other
        (24, 40, False),  # a piece of each
    ],
)
def test_a_hypothesis_is_a_digit_if_it_is_most_of_one_and_little_of_the_next(left: int, right: int, one: bool) -> None:
    written = np.zeros((2, 40, 60), bool)
    written[0, 5:35, 10:30] = written[1, 5:35, 32:52] = True
    ink = np.where(written.any(0), np.float32(0.8), np.float32(0))[:, left:right]
    assert is_digit(Digit(0, 1, 0, left, ink, Cut(), 0, 0.0), written) is one


def test_a_hypothesis_may_reach_over_the_pages_edge() -> None:
    written = np.zeros((1, 20, 10), bool)
    written[0, :, :8] = True
    ink: Floats = np.pad(written[0].astype(np.float32), 1)
    assert is_digit(Digit(0, 1, -1, -1, ink, Cut(), 0, 0.0), written)
