"""A handwritten digit as MNIST holds it, from its strokes on paper.

Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, section III-A: 20×20 by
the longer side, grey from anti-aliasing, the centre of mass in the middle of 28×28; padded to 32×32 for LeNet-5.
"""

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.cells import CELL_SIZE

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
BOX_SIZE, FIELD_SIZE = 20, 28
NO_DIGIT = 10
"""The class, beside the ten digits, of what is not one digit: a piece of one, or more than one."""
FIGURES = NO_DIGIT + 1
"""Classes of a model that tells digits and what is none."""
FULL_INK_PERCENTILE = 70.0
"""Of a digit's absorbances, the one that becomes white: MNIST's strokes are full inside and grey only at their edges."""
EDGE = 0.25
"""Ink from this share of full ink on counts for the box around a digit."""
SHAPE_EDGE = 0.4
"""And for its shape."""
LOG_WIDTH = np.array(
    [[-0.02, -0.68, 0.0, -0.16, -0.12, -0.02, -0.2, -0.16, -0.17, -0.27], [0.25, 0.47, 0.26, 0.27, 0.27, 0.3, 0.3, 0.28, 0.3, 0.3]]
)
LOG_SIZE = np.array(
    [[0.06, 0.0, 0.05, 0.03, 0.02, 0.05, 0.03, 0.01, 0.04, -0.01], [0.15, 0.09, 0.15, 0.12, 0.14, 0.14, 0.13, 0.14, 0.14, 0.13]]
)
PENS_ACROSS = np.array(
    [[1.63, 1.05, 1.32, 1.24, 1.46, 1.23, 1.4, 1.18, 1.48, 1.35], [0.25, 0.1, 0.22, 0.18, 0.2, 0.18, 0.24, 0.15, 0.21, 0.19]]
)
"""Mean and deviation for each digit, float64 [2, 10]: log of width over height; log of the longer side over the height of the writing;
how often a row crosses the pen. Measured on pages of MNIST's training digits."""


def to_mnist_cells(digits: list[Floats]) -> Image:
    """Digits cut out of absorbance, float32 [H, W] each, 0 where another digit or the paper is: uint8 [N, 32, 32, 1], white on black."""
    cells = np.zeros((len(digits), CELL_SIZE, CELL_SIZE, 1), np.uint8)
    for cell, digit in zip(cells, digits, strict=True):
        cell[:, :, 0] = to_mnist_cell(digit)
    return cells


def to_mnist_cell(digit: Floats) -> Image:
    """One digit cut out of absorbance, float32 [H, W]: uint8 [32, 32], white on black. Black where there is no ink."""
    cell = np.zeros((CELL_SIZE, CELL_SIZE), np.uint8)
    inked = digit[digit > digit.max(initial=0.0) / 4]
    if inked.size == 0:
        return cell
    ink = np.minimum(digit / np.percentile(inked, FULL_INK_PERCENTILE), 1.0)
    rows, columns = np.flatnonzero((ink > EDGE).any(1)), np.flatnonzero((ink > EDGE).any(0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(side * BOX_SIZE / max(ink.shape))) for side in ink.shape)
    interpolation = cv2.INTER_AREA if height < ink.shape[0] else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(ink, (width, height), interpolation=interpolation), np.float64)
    top, left = (
        int(np.clip(round((FIELD_SIZE - 1) / 2 - middle), 0, FIELD_SIZE - side)) + (CELL_SIZE - FIELD_SIZE) // 2
        for middle, side in zip(_centre_of_mass(small), small.shape, strict=True)
    )
    cell[top : top + height, left : left + width] = np.rint(small * 255)
    return cell


def _centre_of_mass(ink: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Row and column."""
    whole = ink.sum()
    return float(ink.sum(1) @ np.arange(ink.shape[0]) / whole), float(ink.sum(0) @ np.arange(ink.shape[1]) / whole)


def shape(digit: Floats) -> tuple[int, int, float]:
    """Height and width in pixels of a digit cut out of absorbance, float32 [H, W], and how often its rows cross the pen on average."""
    inked = digit[digit > 0]
    if inked.size == 0:
        return 1, 1, 0.0
    ink = digit > SHAPE_EDGE * np.percentile(inked, FULL_INK_PERCENTILE)
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    crossings = np.count_nonzero(np.diff(ink.astype(np.int8), axis=1, prepend=0) == 1)
    return *ink.shape, crossings / len(ink)
