"""Digits on paper, any number of them in any number of lines, slanted, touching or broken: layout `free`.

The improved directional projection of Lu and Ke (abstract, section 4) and past it: strokes take the place of pixels, curved cuts that of
columns, and where digits touch, every way of cutting and joining is a hypothesis that the recognizer may judge.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.vision.binarize import binarize, has_dark_ink
from edge.vision.cells import to_grey
from edge.vision.handwritten import to_mnist_cells
from edge.vision.paper import absorbance, without_ruling
from edge.vision.strokes import find_strokes
from edge.vision.touching import Digit, best_reading, hypotheses

Image = npt.NDArray[np.uint8]
Recognize = Callable[[Image], npt.NDArray[np.float32]]
"""Cells uint8 [N, 32, 32, 1] → probabilities float32 [N, 10]."""
FAINTEST_INK = 0.15
"""Absorbance under which a mark is paper's grain or a shadow's edge."""


@dataclass(frozen=True)
class Line:
    """One line of handwriting, its N digits from left to right."""

    corners: npt.NDArray[np.float64]
    """float64 [N, 4, 2]: the box around each digit, x and y in pixels, from its top left clockwise."""
    cells: Image
    """uint8 [N, 32, 32, 1]: the digits as MNIST holds them."""


def lines(page: Image, recognize: Recognize | None = None) -> list[Line]:
    """The lines of handwriting on a page, uint8 [H, W] or [H, W, 3] (blue, green, red), from top to bottom; none on a blank one.

    recognize: judges where digits that touch are to be cut, and what was broken; without it their shapes alone decide.
    """
    grey = to_grey(page)
    if not has_dark_ink(grey):
        grey = 255 - grey
    absorbed = without_ruling(absorbance(grey))
    ink = binarize(np.rint(255 * (1 - absorbed)).astype(np.uint8)).ink & (absorbed > FAINTEST_INK)
    strokes = find_strokes(ink.astype(np.uint8))
    candidates = [hypotheses(strokes, line, absorbed) for line in strokes.lines]
    digits = [digit for line in candidates for digit in line]
    cells = to_mnist_cells([digit.ink for digit in digits])
    certainty = recognize(cells).max(1) if recognize is not None and len(cells) else np.ones(len(cells), np.float32)
    found, first = [], 0
    for line in candidates:
        chosen = best_reading(line, certainty[first : first + len(line)], strokes.height)
        corners = np.array([_corners(line[i]) for i in chosen], np.float64).reshape(-1, 4, 2)
        found.append(Line(corners, cells[[first + i for i in chosen]]))
        first += len(line)
    return found


def _corners(digit: Digit) -> list[tuple[int, int]]:
    bottom, right = digit.top + digit.ink.shape[0], digit.left + digit.ink.shape[1]
    return [(digit.left, digit.top), (right, digit.top), (right, bottom), (digit.left, bottom)]
