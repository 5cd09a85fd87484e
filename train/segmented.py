"""Handwriting as the segmentation of a page hands it over: digits cut out of their line, and what is not one digit.

A recognizer that only ever saw digits is sure of anything. One that was taught that pieces of digits, and digits with some or all of
a neighbour, are none tells cuts and joins apart: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document
recognition", 1998, section V, trains on incorrectly segmented characters for that reason. Digits that went the same way are learnt
beside them, always: what was written, photographed and cut out again looks otherwise than MNIST's own pictures, and a network that
meets that look in junk alone takes it for the mark of junk.
"""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import DataError
from edge.vision.cells import CELL_SIZE
from edge.vision.handwritten import NO_DIGIT, to_mnist_cell
from edge.vision.strokes import find_strokes
from edge.vision.touching import Digit, hypotheses

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
PART = 4_000
"""Cells made in one piece of work; what is made does not hang on how many go side by side."""
JUNK_OF_WORD = 4
"""Cells of what is no digit taken of one written word at most, so that as many words are among them as time allows."""
MOST_WORDS = 100
"""So many are tried in a row; where none of them holds anything, the pictures are not of digits."""
SIZES = (28, 71)
"""Sides of MNIST's 28 pixels as they are written here, in pixels."""
INK = 0.3
"""Absorbance from which on a pixel is ink."""
GAPS = ((0.55, -0.08, 0.03), (0.30, 0.03, 0.12), (0.15, 0.12, 0.30))
"""How often neighbours touch, come close or stand apart, and then their gap from and to, in heights of a cell."""
HELD = 0.5
"""Share of a digit's ink from which on a hypothesis holds that digit: with two of them it is none."""
ALIKE = 0.62
"""Ink shared with a digit, of the ink that either has, from which on a hypothesis is that digit, if a poor one."""
VERY_ALIKE = 0.85
"""And from which on it is a good one."""
BLUR_PX, DARKNESS, NOISE = (0.4, 0.9), (0.5, 1.0), 0.05
"""The camera's blur, how much of the light a pen takes, and the largest deviation of the noise."""
STRAIGHT = 0.33
"""A piece whose ink spreads so little across beside along is a 1 for all that one can see."""


def bank(images: Image, labels: Image, count: int, *, seed: int) -> tuple[Image, Image]:
    """`count` cells uint8 [count, 32, 32], white on black, and what they show, uint8 [count]: a digit or NO_DIGIT. Same seed, same cells.

    images, labels: MNIST's, uint8 [N, 28, 28] and [N]. Words of two or three of them are written in a row, mostly touching, and cut
    and joined as a page is. Which of the hypotheses are digits is known from where the ink of each lies.
    """
    sizes = [min(PART, count - done) for done in range(0, count, PART)]
    make = partial(_part, images, labels, seed)
    if len(sizes) < 2:
        made = [make(part, size) for part, size in enumerate(sizes)]
    else:
        with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _ends_with_its_parent) as pool:
            made = list(pool.map(make, range(len(sizes)), sizes))
    return np.concatenate([cells for cells, _ in made]), np.concatenate([shown for _, shown in made])


def _ends_with_its_parent() -> None:
    """In a process of the pool: Ctrl-C ends it in the middle of its work, and so does the end of the process that it works for.

    By itself it would finish what waits, and then wait for more of a process that was killed, for good.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)


def _part(images: Image, labels: Image, seed: int, part: int, count: int) -> tuple[Image, Image]:
    cells, shown = np.zeros((count, CELL_SIZE, CELL_SIZE), np.uint8), np.zeros(count, np.uint8)
    filled, rng = 0, np.random.default_rng((seed, part))
    while filled < count:
        for _ in range(MOST_WORDS):
            word = Word.of(images, labels, rng)
            if found := [*word.digits(), *word.junk(rng)]:
                break
        else:
            raise DataError("these pictures show no digits: nothing could be cut out of words of them; expected white strokes on black")
        for ink, number in found[: count - filled]:
            cells[filled], shown[filled] = to_mnist_cell(ink), number
            filled += 1
    return cells, shown


@dataclass(frozen=True)
class Word:
    """Hypotheses about a word of K digits, the ink of each digit, bool [K, H, W], and what each shows, [K]."""

    proposed: list[Digit]
    written: Mask
    labels: npt.NDArray[np.integer]

    @classmethod
    def of(cls, images: Image, labels: npt.NDArray[np.integer], rng: np.random.Generator) -> "Word":
        """Two or three of the digits, in a row on paper, photographed and segmented."""
        chosen = rng.integers(0, len(images), rng.integers(2, 4))
        layers = _written(images[chosen], rng)
        absorbed = np.asarray(cv2.GaussianBlur(layers.max(0), (0, 0), rng.uniform(*BLUR_PX)), np.float32)
        absorbed *= np.float32(rng.uniform(*DARKNESS))
        absorbed = np.clip(absorbed + rng.normal(0, rng.uniform(0, NOISE), absorbed.shape), 0, 1).astype(np.float32)
        strokes = find_strokes((absorbed > INK * absorbed.max()).astype(np.uint8))
        proposed = hypotheses(strokes, strokes.lines[0], absorbed) if len(strokes.lines) == 1 else []
        return cls(proposed, layers > INK, labels[chosen])

    def digits(self) -> Iterator[tuple[Floats, int]]:
        """Absorbance, float32 [H, W], of the hypothesis that is most like each digit, where one is very like it, and what it shows."""
        alike = np.array([likeness(digit, self.written) for digit in self.proposed]).reshape(-1, len(self.written))
        for k, i in enumerate(alike.argmax(0) if len(alike) else []):
            if alike[i, k] >= VERY_ALIKE:
                yield self.proposed[i].ink, int(self.labels[k])

    def junk(self, rng: np.random.Generator) -> Iterator[tuple[Floats, int]]:
        """Absorbance, float32 [H, W], of some hypotheses that are neither one digit nor look like a 1, and NO_DIGIT."""
        left = JUNK_OF_WORD
        for i in rng.permutation(len(self.proposed)):
            ink = self.proposed[i].ink
            if left and not is_digit(self.proposed[i], self.written) and not _is_straight(ink):
                yield ink, NO_DIGIT
                left -= 1


def is_digit(hypothesis: Digit, written: Mask) -> bool:
    """Whether a hypothesis is one of the digits written, if a poor one. written: bool [K, H, W], the ink of digit k."""
    shared, either, inked = _shared(hypothesis, written)
    return bool((shared / either).max() >= ALIKE and np.count_nonzero(shared >= HELD * inked) == 1)


def likeness(hypothesis: Digit, written: Mask) -> Doubles:
    """Ink that a hypothesis shares with each digit written, bool [K, H, W], of the ink that either has: float64 [K], 0 to 1."""
    shared, either, _ = _shared(hypothesis, written)
    return np.asarray(shared / either, np.float64)


def _shared(hypothesis: Digit, written: Mask) -> tuple[Counts, Counts, Counts]:
    """Pixels of ink that a hypothesis shares with each digit written, that either has (1 at least), and that the digit has, [K] each."""
    high, wide = hypothesis.ink.shape
    top, left = max(hypothesis.top, 0), max(hypothesis.left, 0)
    theirs = written[:, top : hypothesis.top + high, left : hypothesis.left + wide]
    ink = hypothesis.ink > INK * hypothesis.ink.max(initial=0.0)
    own = ink[top - hypothesis.top :, left - hypothesis.left :][: theirs.shape[1], : theirs.shape[2]]
    shared, inked = np.asarray((theirs & own).sum((1, 2))), np.asarray(written.sum((1, 2)))
    return shared, np.maximum(inked + own.sum() - shared, 1), inked


def _is_straight(ink: Floats) -> bool:
    """Whether ink, float32 [H, W], is one straight stroke of a pen, upright or oblique."""
    across, along = np.linalg.eigvalsh(np.cov(np.argwhere(ink > INK * ink.max()), rowvar=False) + np.eye(2) / 12)
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
