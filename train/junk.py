"""What is not one digit, as the segmentation of handwriting proposes it: pieces of digits, and digits with some or all of a neighbour.

A recognizer that only ever saw digits is sure of anything. One that was taught that such cells are no digit tells cuts and joins
apart: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, section V, trains on
incorrectly segmented characters for that reason.
"""

import itertools
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.cells import CELL_SIZE
from edge.vision.handwritten import to_mnist_cell
from edge.vision.strokes import find_strokes
from edge.vision.touching import Digit, hypotheses

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
PER_WORD = 8
"""Cells taken of one written word at most, so that many words are in a bank."""
SIZES = (28, 40)
"""Sides of MNIST's 28 pixels as they are written here, in pixels."""
INK = 0.3
"""Absorbance from which on a pixel is ink."""
GAPS = ((0.55, -0.08, 0.03), (0.30, 0.03, 0.12), (0.15, 0.12, 0.30))
"""How often neighbours touch, come close or stand apart, and then their gap from and to, in heights of a cell."""
HELD = 0.5
"""Share of a digit's ink from which on a hypothesis holds that digit: with two of them it is none."""
ALIKE = 0.62
"""Ink shared with a digit, of the ink that either has, from which on a hypothesis is that digit, if a poor one."""
STRAIGHT = 0.33
"""A piece whose ink spreads so little across beside along is a 1 for all that one can see."""


def bank(images: Image, count: int, *, seed: int) -> Image:
    """`count` cells of what is not one digit, uint8 [count, 32, 32], white on black; the same ones for the same seed.

    images: MNIST's, uint8 [N, 28, 28]. Words of two or three of them are written in a row, mostly touching, and
    cut and joined as a page is; what then is neither a digit nor looks like a 1 is kept.
    """
    cells = np.zeros((count, CELL_SIZE, CELL_SIZE), np.uint8)
    filled = 0
    for number in itertools.count():
        if filled == count:
            break
        rng = np.random.default_rng((seed, number))
        chosen = rng.integers(0, len(images), rng.integers(2, 4))
        for ink in itertools.islice(_junk_of_word(images[chosen], rng), min(PER_WORD, count - filled)):
            cells[filled] = to_mnist_cell(ink)
            filled += 1
    return cells


def _junk_of_word(digits: Image, rng: np.random.Generator) -> Iterator[Floats]:
    """Absorbance, float32 [H, W] each, of the hypotheses about a word that are not one digit, in any order."""
    layers = _written(digits, rng)
    absorbed = np.asarray(cv2.GaussianBlur(layers.max(0), (0, 0), rng.uniform(0.4, 0.8)), np.float32)
    strokes = find_strokes((absorbed > INK).astype(np.uint8))
    if len(strokes.lines) != 1:
        return
    proposed = hypotheses(strokes, strokes.lines[0], absorbed)
    written = layers > INK
    for i in rng.permutation(len(proposed)):
        if not is_digit(proposed[i], written) and not _is_straight(proposed[i].ink):
            yield proposed[i].ink


def is_digit(hypothesis: Digit, written: Mask) -> bool:
    """Whether a hypothesis is one of the digits written, if a poor one. written: bool [K, H, W], the ink of digit k."""
    high, wide = hypothesis.ink.shape
    top, left = max(hypothesis.top, 0), max(hypothesis.left, 0)
    theirs = written[:, top : hypothesis.top + high, left : hypothesis.left + wide]
    own = hypothesis.ink[top - hypothesis.top :, left - hypothesis.left :][: theirs.shape[1], : theirs.shape[2]] > INK
    shared, inked = np.count_nonzero(theirs & own, (1, 2)), np.count_nonzero(written, (1, 2))
    alike = shared / np.maximum(inked + np.count_nonzero(own) - shared, 1)
    return bool(alike.max() >= ALIKE and np.count_nonzero(shared >= HELD * inked) == 1)


def _is_straight(ink: Floats) -> bool:
    """Whether ink, float32 [H, W], is one straight stroke of a pen, upright or oblique."""
    across, along = np.linalg.eigvalsh(np.cov(np.argwhere(ink > INK), rowvar=False) + np.eye(2) / 12)
    return bool(across < STRAIGHT**2 * along)


def _written(digits: Image, rng: np.random.Generator) -> Floats:
    """Digits uint8 [K, 28, 28] in a row, each on a layer of its own: float32 [K, H, W], how much of each pixel the pen covers."""
    size = int(rng.integers(*SIZES))
    layers = np.zeros((len(digits), int(size * 1.4), int(size * 1.6 * len(digits))), np.float32)
    for k, digit in enumerate(digits):
        side = int(size * rng.uniform(0.9, 1.1))
        cover = np.asarray(cv2.resize(digit.astype(np.float32) / 255, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
        cover = np.clip(cover * 1.3 - 0.15, 0, 1)
        columns = np.flatnonzero(cover.max(0) > INK)
        cover = cover[:, columns[0] : columns[-1] + 1] if len(columns) else cover
        top = int(size * rng.uniform(0.04, 0.2))
        left = int(size * 0.1)
        if k:
            _, low, most = GAPS[rng.choice(len(GAPS), p=[share for share, _, _ in GAPS])]
            left = max(_next_to(layers[:k].max(0)[top : top + side], cover) + round(size * rng.uniform(low, most)), 0)
        layers[k, top : top + side, left : left + cover.shape[1]] = cover
    return layers


def _next_to(line: Floats, digit: Floats) -> int:
    """The column at which a digit, float32 [H, W], stands so close to the line before it, [H, L], that they meet in one row."""
    ink, own = line > INK, digit > INK
    ends = np.where(ink.any(1), ink.shape[1] - np.argmax(ink[:, ::-1], axis=1), 0)
    begins = np.where(own.any(1), np.argmax(own, axis=1), line.shape[1])
    return max(int((ends - begins).max()), int(ends.max()) - int(digit.shape[1]) // 3)
