"""The layout `counter`: a window with a known number of digits, cut into cells where the digits are, not where the window says.

Whoever draws a window is off by some pixels, and a cell that is a tenth off looks like another digit. Projection onto the reading
direction tells: between two digits nothing changes from row to row, so of all combs of evenly spaced borders near the window's own, the
one whose borders lie in the calmest columns is taken (the paper's directional projection, section 2.2, with the number of digits known).
"""

import functools
from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.cells import CELL_SIZE, stretch, to_cells
from edge.vision.window import UNIT, Corners, Image, grown, homography, luminance, moved, strip

Floats = npt.NDArray[np.float32]

MARGIN = 0.08
"""Share of the window's height added above and below."""
OTHER_MARGINS = (0.0, 0.15)
"""And those to look with, too, where the first leaves a doubt: windows are drawn tightly or generously, and the network has seen both."""
REACH_CELLS = 0.16
"""How far the first and the last border may lie from the window's own."""
STEP_CELLS = 0.04
TRUST = 3.0
"""Activity of the calmest column to the busiest, 0 to 1, that one cell's way from the drawn border is worth, squared."""
COLUMNS_PER_CELL = 24
AROUND = 6
"""Columns beyond the window on either side."""
ROWS, ROWS_LEFT_OUT = 32, 3
"""Rows of the projected picture, and those at its top and bottom that hold the window's frame."""
LEVEL_ROWS, BEYOND = 70, 0.2
"""Rows of the picture in which a display's digits are looked for, and the share of its height beyond the window on either side."""
BACKGROUND_PX = 41
"""What is wider is no segment, in pixels of that picture."""
INK, INKED = 0.45, 0.02
"""Share of a segment's contrast from which on a pixel is ink, and share of a row's pixels from which on the row is."""
GAP_ROWS, WAIST_ROWS, WAIST = 2, 6, 8
"""Rows without ink that end the digits; at their waist, so near the middle, more are between the upper and the lower segments."""
LOWEST, HIGHEST = 0.45, 1.25
"""Heights of digits, in window heights, that are believed."""
FILLED = 0.88
"""Share of the window's height that digits fill then: with the margins from 0.88 to 0.68, as those did that the network learnt from."""


def refined(frame: Image, corners: Corners, digits: int, *, display: bool = False) -> Corners:
    """The window with its left and right edge moved to where the digits' cells begin and end; a display's upper and lower one, too.

    frame: uint8 [H, W] or [H, W, 3]; corners float64 [4, 2]; digits: how many there are. A wheel's height in its window is where it
    stands, and stays; a display's says nothing, and beyond its digits are lines and signs.
    """
    if display:
        corners = _levelled(frame, corners, digits)
    around = AROUND / COLUMNS_PER_CELL / digits
    picture = strip(frame, grown(corners, left=around, right=around), size=(ROWS, COLUMNS_PER_CELL * digits + 2 * AROUND))
    activity = _activity(picture)
    left, right, borders = _combs(digits)
    columns = borders.astype(np.intp)
    share = borders - columns
    at_borders = activity[columns] * (1 - share) + activity[columns + 1] * share  # [combs, digits + 1]
    inner = at_borders[:, 1:-1].mean(1) if digits > 1 else 0.0
    cost = inner + (at_borders[:, 0] + at_borders[:, -1]) / 4 + TRUST * (left**2 + right**2)
    best = int(np.argmin(cost))
    return grown(corners, left=float(left[best]) / digits, right=float(right[best]) / digits)


def cut(frame: Image, corners: Corners, digits: int, margin: float = MARGIN, which: Iterable[int] | None = None) -> Image:
    """The window's digits as the network takes them, uint8 [N, 32, 32, 1], the first digit first; or those alone whose places are named.

    margin: share of the window's height that is added above and below.
    """
    picture = strip(frame, grown(corners, top=margin, bottom=margin), size=(CELL_SIZE, CELL_SIZE * digits))
    crops = picture.reshape(CELL_SIZE, digits, CELL_SIZE, *picture.shape[2:]).swapaxes(0, 1)
    if which is not None:
        crops = crops[list(which)]
    return stretch(crops)[..., None] if picture.ndim == 2 else to_cells(list(crops))


def outlines(corners: Corners, digits: int) -> list[Corners]:
    """The quadrilateral of each digit's cell."""
    borders = moved(_borders(digits), homography(UNIT, corners)).reshape(digits + 1, 2, 2)
    return list(np.concatenate([borders[:-1, :1], borders[1:], borders[:-1, 1:]], 1))


def _levelled(frame: Image, corners: Corners, digits: int) -> Corners:
    """The window about the rows that hold a display's digits, from the projection of its ink; as it is where they are not plain to see."""
    rows = round(LEVEL_ROWS * (1 + 2 * BEYOND))
    picture = strip(frame, grown(corners, top=BEYOND, bottom=BEYOND), size=(rows, COLUMNS_PER_CELL * digits))
    grey = cv2.GaussianBlur(luminance(picture), (0, 0), 1.0)
    ink = grey.astype(np.float32) - cv2.medianBlur(grey, BACKGROUND_PX)
    low, high = np.percentile(ink[rows * 3 // 10 : rows * 7 // 10], (4, 96))
    inked = ((-ink > -INK * low) if -low > high else (ink > INK * high)).mean(1) > INKED
    top, bottom = _end(inked, -1), _end(inked, 1)
    height = (bottom - top + 1) / LEVEL_ROWS
    if not LOWEST <= height <= HIGHEST or top == 0 or bottom == rows - 1:
        return corners
    space = height * (1 / FILLED - 1) / 2
    return grown(corners, top=BEYOND - top / LEVEL_ROWS + space, bottom=BEYOND - (rows - 1 - bottom) / LEVEL_ROWS + space)


def _end(inked: npt.NDArray[np.bool_], step: int) -> int:
    """The last row with ink on the way from the middle up (-1) or down (1), before a gap."""
    middle = end = len(inked) // 2
    row, gap = middle, 0
    while 0 <= row < len(inked) and gap <= (WAIST_ROWS if abs(row - middle) <= WAIST else GAP_ROWS):
        end, gap = (row, 0) if inked[row] else (end, gap + 1)
        row += step
    return end


def _activity(picture: Image) -> Floats:
    """How much a column changes from row to row, 0 (the calmest) to 1 (the busiest), [columns]. A frame's upright edge does not change."""
    smooth = cv2.GaussianBlur(luminance(picture).astype(np.float32), (0, 0), 0.8)
    change = np.abs(np.diff(smooth, axis=0))[ROWS_LEFT_OUT:-ROWS_LEFT_OUT]
    high = np.partition(change.ravel(), int(change.size * 0.95))[int(change.size * 0.95)]
    activity = np.minimum(change, high).mean(0)
    activity = cv2.GaussianBlur(activity[None], (0, 0), 1.5)[0]
    low = activity.min()
    return np.asarray((activity - low) / max(float(activity.max() - low), 1e-6), np.float32)


@functools.cache
def _borders(digits: int) -> Corners:
    """The upper and the lower end of each border between cells, in shares of the window, [2 (digits + 1), 2]."""
    along = np.arange(digits + 1) / digits
    return np.stack([along, np.zeros_like(along), along, np.ones_like(along)], 1).reshape(-1, 2)


@functools.cache
def _combs(digits: int) -> tuple[Floats, Floats, Floats]:
    """Every comb considered: how far its left and right end lie outside the window, in cells [combs]; columns [combs, digits + 1]."""
    moves = np.arange(-REACH_CELLS, REACH_CELLS + STEP_CELLS / 2, STEP_CELLS, dtype=np.float32)
    left, right = (each.ravel() for each in np.meshgrid(moves, moves, indexing="ij"))
    ends = AROUND - 0.5 - left * COLUMNS_PER_CELL, AROUND - 0.5 + (digits + right) * COLUMNS_PER_CELL
    return left, right, np.linspace(*ends, digits + 1, axis=1, dtype=np.float32)
