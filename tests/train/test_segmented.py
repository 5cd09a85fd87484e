"""Cells cut out of written words: digits are labelled as what they are, and what is not one digit as none."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.errors import DataError
from edge.vision.handwritten import NO_DIGIT, to_mnist_cell
from edge.vision.touching import Cut, Digit
from tests.test_arrows import ROOT
from train import segmented as module
from train.datasets import mnist
from train.segmented import Word, bank, is_digit, likeness

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Cells = tuple[Image, Image]
HIGH, WIDE = 60, 110
MAKES_MANY = """
from train import datasets, segmented
if __name__ == "__main__":
    segmented.bank(*datasets.mnist("test"), 1_000_000, seed=0)
"""


@pytest.fixture(scope="module")
def digits() -> Cells:
    """The first 0 to 9 of MNIST's test set."""
    images, labels = mnist("test")
    first = [int(np.flatnonzero(labels == digit)[0]) for digit in range(10)]
    return images[first], labels[first]


@pytest.fixture(scope="module")
def cut(digits: Cells) -> Cells:
    return bank(*digits, 120, seed=0)


def test_cells_are_of_digits_and_of_what_is_none(cut: Cells) -> None:
    cells, shown = cut
    assert (cells.shape, shown.shape) == ((120, 32, 32), (120,))
    assert cells.dtype == shown.dtype == np.uint8
    assert NO_DIGIT in shown
    assert len(np.unique(shown)) > 8
    assert 0.4 < (shown == NO_DIGIT).mean() < 0.85
    assert (cells.max((1, 2)) > 200).all()


def test_the_same_seed_cuts_the_same_and_another_other_cells(digits: Cells, cut: Cells) -> None:
    again, other = (bank(*digits, 30, seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(again[0], cut[0][:30])
    np.testing.assert_array_equal(again[1], cut[1][:30])
    assert (other[0] != again[0]).any((1, 2)).mean() > 0.9


def test_what_is_labelled_a_digit_looks_like_it_and_like_no_other(digits: Cells, cut: Cells) -> None:
    cells, shown = (each[cut[1] != NO_DIGIT].astype(np.float64) for each in cut)
    own = np.stack([to_mnist_cell(image.astype(np.float32) / 255) for image in digits[0]])
    nearest = np.abs(cells[:, None] - own).sum((2, 3)).argmin(1)
    assert (digits[1][nearest] == shown).mean() >= 0.95


def test_what_is_labelled_none_is_further_from_every_digit_than_digits_are(digits: Cells, cut: Cells) -> None:
    own = np.stack([to_mnist_cell(image.astype(np.float32) / 255) for image in digits[0]]).astype(np.float64)
    gaps = np.abs(cut[0][:, None] - own).sum((2, 3)).min(1)
    assert np.median(gaps[cut[1] == NO_DIGIT]) > 2 * np.median(gaps[cut[1] != NO_DIGIT])


def test_parts_made_side_by_side_are_those_made_one_by_one(digits: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 12)
    together = bank(*digits, 30, seed=5)
    alone = [module._part(*digits, 5, part, count) for part, count in ((0, 12), (1, 12), (2, 6))]
    for made, parts in zip(together, zip(*alone, strict=True), strict=True):
        np.testing.assert_array_equal(made, np.concatenate(parts))
    assert (alone[0][0] != alone[1][0]).any()


def busiest(parent: int) -> float:
    """Seconds of processor time that the busiest of a process's children has used."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    ticks = [Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11] for child in children]
    return max(map(int, ticks), default=0) / os.sysconf("SC_CLK_TCK")


def test_the_processes_that_make_parts_end_with_the_one_they_work_for(tmp_path: Path) -> None:
    """They hold its stdout: that is at its end once all of them are."""
    (tmp_path / "make.py").write_text(MAKES_MANY)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "make.py")], env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        while busiest(process.pid) < 2.0:  # under way, and not on its way there
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
        process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("level", [0, 25], ids=["black", "grey"])
def test_pictures_that_show_nothing_are_refused(level: int) -> None:
    with pytest.raises(DataError, match="these pictures show no digits: nothing could be cut out of words of them; expected white strokes"):
        bank(np.full((3, 28, 28), level, np.uint8), np.arange(3, dtype=np.uint8), 10, seed=0)


def test_neighbours_stand_as_far_apart_as_told_and_many_touch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SIZES", (40, 41))
    blocks = np.zeros((2, 28, 28), np.uint8)
    blocks[:, 4:24, 9:19] = 255
    gaps = []
    for seed in range(60):
        columns = [np.flatnonzero(layer.max(0) > module.INK) for layer in module._written(blocks, np.random.default_rng(seed))]
        gaps.append(int(columns[1][0] - columns[0][-1]) - 1)
    assert min(gaps) >= 40 * module.GAPS[0][1] - 1
    assert max(gaps) <= 40 * module.GAPS[-1][2] + 1
    assert max(gaps) > 6
    assert 0.35 < np.mean(np.array(gaps) <= 0) < 0.8


def ring(centre: tuple[int, int], radius: int) -> Mask:
    """The ink of a round digit; its centre by column and row."""
    return cv2.circle(np.zeros((HIGH, WIDE), np.uint8), centre, radius, (1,), 3) > 0


def line(start: tuple[int, int], end: tuple[int, int]) -> Mask:
    return cv2.line(np.zeros((HIGH, WIDE), np.uint8), start, end, (1,), 3) > 0


LARGE, SMALL = ring((30, 30), 20), ring((70, 40), 6)
WRITTEN = np.stack([LARGE, SMALL])
UPPER, LEFT = np.arange(HIGH)[:, None] < 30, np.arange(WIDE) < 30


def hypothesis(ink: Mask, border: int = 1) -> Digit:
    """What has this ink, in a box with a border."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    box = np.pad(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] * np.float32(0.7), border)
    return Digit(0, 1, int(rows[0]) - border, int(columns[0]) - border, box, Cut(), 0, 0.0)


def word(*inks: Mask) -> Word:
    return Word([hypothesis(ink) for ink in inks], WRITTEN, np.array([6, 0]))


def drawn(cells: Iterable[tuple[npt.NDArray[np.float32], int]]) -> list[tuple[int, int]]:
    """How much ink each has, and what it shows."""
    return [(int((ink > 0).sum()), number) for ink, number in cells]


def test_a_digits_own_ink_is_that_digit() -> None:
    for ink, alike in ((LARGE, [1.0, 0.0]), (SMALL, [0.0, 1.0])):
        assert likeness(hypothesis(ink), WRITTEN).tolist() == alike
        assert is_digit(hypothesis(ink), WRITTEN)


def test_likeness_is_the_ink_that_both_have_of_the_ink_that_either_has() -> None:
    shared = int((LARGE & UPPER).sum())
    expected = [shared / int(LARGE.sum() + SMALL.sum()), SMALL.sum() / (shared + SMALL.sum())]
    assert likeness(hypothesis(LARGE & UPPER | SMALL), WRITTEN).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("border", [0, 1, 40])
def test_a_box_may_reach_over_the_edge_of_the_paper(border: int) -> None:
    corner = np.stack([ring((21, 21), 20), ring((90, 41), 17)])
    assert likeness(hypothesis(corner[0], border), corner).tolist() == [1.0, 0.0]
    assert likeness(hypothesis(corner[1], border), corner).tolist() == [0.0, 1.0]


def test_what_spans_two_digits_is_none_though_it_may_be_very_like_one() -> None:
    assert likeness(hypothesis(LARGE | SMALL), WRITTEN)[0] > module.ALIKE
    assert not is_digit(hypothesis(LARGE | SMALL), WRITTEN)
    pair = np.stack([LARGE, ring((75, 30), 20)])
    assert not is_digit(hypothesis(pair[0] | pair[1]), pair)


def test_a_piece_is_none_and_most_of_a_digit_is_a_poor_one() -> None:
    most = LARGE & ~(UPPER & LEFT)
    assert not is_digit(hypothesis(LARGE & UPPER), WRITTEN)
    assert is_digit(hypothesis(most), WRITTEN)
    assert drawn(word(most).digits()) == []
    assert drawn(word(most).junk(np.random.default_rng(0))) == []


def test_each_digit_is_the_hypothesis_that_is_most_like_it() -> None:
    of_both = word(LARGE & ~UPPER, LARGE & (UPPER | ~LEFT), LARGE, LARGE | SMALL, SMALL)
    assert drawn(of_both.digits()) == [(int(LARGE.sum()), 6), (int(SMALL.sum()), 0)]
    assert drawn(word().digits()) == []


def test_junk_is_what_is_no_digit_some_of_it_of_each_word() -> None:
    rng = np.random.default_rng(0)
    pieces = [LARGE & UPPER, LARGE & ~UPPER, LARGE | SMALL]
    expected = sorted((int(ink.sum()), NO_DIGIT) for ink in pieces)
    assert sorted(drawn(word(LARGE, SMALL, *pieces).junk(rng))) == expected
    assert len(drawn(word(*pieces * 3).junk(rng))) == module.JUNK_OF_WORD


@pytest.mark.parametrize("end", [(30, 50), (42, 50), (18, 50)], ids=["upright", "leaning back", "leaning forward"])
def test_what_looks_like_a_one_is_never_junk(end: tuple[int, int]) -> None:
    stroke = line((30, 12), end)
    assert not is_digit(hypothesis(stroke), WRITTEN)
    assert drawn(word(stroke).junk(np.random.default_rng(0))) == []
    assert len(drawn(word(stroke | line(end, (end[0] + 30, end[1]))).junk(np.random.default_rng(0)))) == 1
