"""Cells that segmentation cuts out of words: digits that are what they are said to be, pieces and pairs that are none."""

import numpy as np
import numpy.typing as npt
import pytest

from edge.vision.touching import Cut, Digit
from train import segmented
from train.datasets import mnist
from train.segmented import NO_DIGIT, bank, is_digit

Floats = npt.NDArray[np.float32]
IMAGES, LABELS = mnist("train")
CELLS, SHOWN = bank(IMAGES[:300], LABELS[:300], 300, seed=0)


def test_cells_are_as_many_as_asked_for_and_each_holds_ink_in_a_box_of_20() -> None:
    assert CELLS.shape == (300, 32, 32)
    assert CELLS.dtype == np.uint8
    for cell in CELLS:
        assert cell.max() > 200
        assert max(np.ptp(np.argwhere(cell > 0), axis=0) + 1) <= 20


def test_most_cells_are_digits_and_a_good_part_is_none() -> None:
    assert 0.2 < np.mean(SHOWN == NO_DIGIT) < 0.5
    assert set(SHOWN.tolist()) == {NO_DIGIT, *range(10)}


def test_a_cell_that_is_said_to_be_a_digit_looks_like_one_that_was_written() -> None:
    written = np.pad(IMAGES[:300], ((0, 0), (2, 2), (2, 2))).reshape(300, -1).astype(np.float32)
    of_digits, of_none = (
        CELLS[chosen].reshape(np.count_nonzero(chosen), -1).astype(np.float32) for chosen in (SHOWN != NO_DIGIT, SHOWN == NO_DIGIT)
    )

    def nearest(cells: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        alike = cells @ written.T / np.linalg.norm(cells, axis=1)[:, None] / np.linalg.norm(written, axis=1)
        return alike.argmax(1), alike.max(1)

    found, alike = nearest(of_digits)
    assert np.mean(LABELS[found] == SHOWN[SHOWN != NO_DIGIT]) > 0.97
    assert np.median(alike) > np.median(nearest(of_none)[1]) + 0.1


def test_the_same_seed_makes_the_same_cells() -> None:
    again, other = bank(IMAGES[:300], LABELS[:300], 300, seed=0), bank(IMAGES[:300], LABELS[:300], 300, seed=1)
    assert (again[0] == CELLS).all()
    assert (again[1] == SHOWN).all()
    assert (other[0] != CELLS).any()


def test_many_are_made_side_by_side_and_begin_as_few_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmented, "PART", 20)
    few, many = bank(IMAGES[:300], LABELS[:300], 20, seed=0), bank(IMAGES[:300], LABELS[:300], 50, seed=0)
    assert len(many[0]) == len(many[1]) == 50
    assert (many[0][:20] == few[0]).all()
    assert (many[1][:20] == few[1]).all()
    assert not (many[0][20:40] == few[0]).all()


def test_none_asked_for_are_none() -> None:
    cells, shown = bank(IMAGES[:10], LABELS[:10], 0, seed=0)
    assert (len(cells), len(shown)) == (0, 0)


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
