"""The sheet of paper on a desk, or the board on a wall: what of a photo is read as a page.

Its sides are straight, and along them it is brighter than what lies beyond, by a share of the light that neither lamp nor shadow changes.
Lines of such edges are found by the Hough transform (Duda and Hart, "Use of the Hough transformation to detect lines and curves in
pictures", 1972); the four that have the most edges between their crossings are the sides, where few edges are left within them. The
picture may cut the sheet off on one side, or on two at a corner.
"""

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.binarize import has_dark_ink
from edge.vision.cells import to_grey
from edge.vision.window import Corners, grown, size_px, strip

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
WORK_PX = 320
"""Photos are searched at this length of their longer side; what follows in pixels is meant there."""
STROKE_PX = 7
"""Strokes, dots and printed lines that are narrower are no ground, and leave no edges."""
DARK_LEVEL = 8.0
"""Grey levels that are added before light is compared: the noise of what is nearly black is no contrast."""
REACH_PX, CONTRAST = 2, 0.12
"""An edge: within so many pixels to either side of it, the logarithm of the light changes by so much."""
STEEPEST_DEG, MOST_LINES, APART_PX, NEAR_PX = 25.0, 6, 4.0, 2
"""Turn of a side at most; lines that are tried as one side, how far they are apart; how far an edge lies from the line that it is of."""
SHORTEST, SEEN = 0.2, 0.4
"""Length of a side at least, in shorter sides of the picture, and share of it that has edges: a finger or a bright stripe of the cloth
may hide the rest."""
SMALLEST = 0.08
"""Share of the picture that a sheet covers at least."""
AROUND_PX = 40
"""How far within and beyond its sides a sheet is compared with what lies around it."""
TRIED = 100
"""Sheets of which the edges within are counted."""
MARGIN = 0.01
"""Share of the sheet along its sides that is not read: they are not quite straight."""


def find_sheet(picture: Image) -> Corners | None:
    """The corners of the sheet, or of the board, that a photo shows whole or nearly so; none where the page fills the picture.

    picture: uint8 [H, W] or [H, W, 3] (blue, green, red).
    """
    size = np.array(picture.shape[1::-1])
    width, height = np.maximum(np.rint(size * min(1.0, WORK_PX / size.max())).astype(int), 1).tolist()
    small = to_grey(np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8))
    to_picture = size / (width, height)
    if (sheet := _brighter(small)) is not None:
        return np.asarray(sheet * to_picture)
    # What is darker than what lies around it is a board where the writing is brighter still, and a shadow else.
    if (board := _brighter(~small)) is not None and not has_dark_ink(to_grey(on_sheet(picture, board * to_picture))):
        return np.asarray(board * to_picture)
    return None


def on_sheet(picture: Image, corners: Corners) -> Image:
    """What is on the sheet, upright and as large as in the picture, uint8 [H, W] or [H, W, 3]: uint8 [h, w] or [h, w, 3]."""
    height, width = size_px(corners)
    return strip(picture, corners, size=(round(height), round(width)))


def _brighter(small: Image) -> Corners | None:
    """The corners of what is brighter than all around it, in a small photo uint8 [H, W]."""
    edges = _edges(small)
    shortest = max(2 * STROKE_PX, round(SHORTEST * min(small.shape)))
    found = [_lines(each, shortest) for each in edges]
    if not (len(found[0]) or len(found[1])) or not (len(found[2]) or len(found[3])):
        return None
    height, width = small.shape
    ends = (-0.5, height - 0.5, -0.5, width - 0.5)
    top, bottom, left, right = sides = [np.vstack([each, [end, 0.0]]) for each, end in zip(found, ends, strict=True)]
    corners = [_crossings(*each) for each in ((top, left), (top, right), (bottom, right), (bottom, left))]
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = (np.moveaxis(each, -1, 0) for each in corners)
    between = ((x0, x1), (x3, x2), (y0.T, y3.T), (y1.T, y2.T))
    of_top, of_bottom, of_left, of_right = (_gains(*each, shortest) for each in zip(edges, sides, between, strict=True))
    # Of each top, bottom, left and right side, by number.
    gains = of_top[:, None] + of_bottom[None] + of_left.transpose(1, 2, 0)[..., None] + of_right.transpose(1, 2, 0)[:, :, None]
    # What reaches from one side of the picture to the other is a strip of the page: between two rules, say.
    gains[-1, -1], gains[:, :, -1, -1] = -np.inf, -np.inf
    every = np.asarray(edges[0] | edges[1] | (edges[2] | edges[3]).T, np.uint8)
    best, sheet = 0.0, None
    for at in np.argsort(-gains, axis=None)[:TRIED]:
        gain, (i, j, k, m) = float(gains.flat[at]), np.unravel_index(at, gains.shape)
        if gain <= best:
            break
        outline = np.array([corners[0][i, k], corners[1][i, m], corners[2][j, m], corners[3][j, k]])
        covered = np.asarray(cv2.fillConvexPoly(np.zeros_like(small), np.rint(outline).astype(np.int32), 1), np.uint8)
        within = cv2.countNonZero(cv2.bitwise_and(every, cv2.erode(covered, np.ones((9, 9), np.uint8))))
        if covered.mean() > SMALLEST and gain - within > best and _stands_out(small, covered):
            best, sheet = gain - within, outline
    return None if sheet is None else grown(sheet + 0.5, top=-MARGIN, right=-MARGIN, bottom=-MARGIN, left=-MARGIN)


def _stands_out(small: Image, covered: Image) -> bool:
    """Whether most of what lies beyond a sheet, uint8 [H, W], 0 or 1, is darker than the sheet: beyond a frame there is paper again."""
    around, near = (np.ones((2 * reach + 1, 2 * reach + 1), np.uint8) for reach in (AROUND_PX, REACH_PX))
    beyond = small[(cv2.dilate(covered, around) > 0) & (cv2.dilate(covered, near) == 0)]
    along = small[(cv2.erode(covered, around) == 0) & (cv2.erode(covered, near) > 0)]
    return bool(np.log((np.median(along) + DARK_LEVEL) / (np.median(beyond) + DARK_LEVEL)) > CONTRAST)


def _edges(small: Image) -> tuple[Image, Image, Image, Image]:
    """Where a small photo uint8 [H, W] grows brighter downwards, darker; brighter to the right, darker: uint8 [H, W], [W, H], 0 or 1."""
    stroke = np.ones((STROKE_PX, STROKE_PX), np.uint8)
    ground = cv2.morphologyEx(cv2.morphologyEx(small, cv2.MORPH_CLOSE, stroke), cv2.MORPH_OPEN, stroke)
    light = np.log(cv2.GaussianBlur(ground, (3, 3), 0) + np.float32(DARK_LEVEL))
    down, right = _steps(light), _steps(np.ascontiguousarray(light.T))
    above, below, before, after = (np.asarray(each > CONTRAST, np.uint8) for each in (down, -down, right, -right))
    return above, below, before, after


def _steps(light: Floats) -> Floats:
    """By how much it grows brighter downwards, float32 [H, W], where that is most; 0 elsewhere."""
    step = np.zeros_like(light)
    step[REACH_PX:-REACH_PX] = light[2 * REACH_PX :] - light[: -2 * REACH_PX]
    size = np.abs(step)
    return np.asarray(np.where(size >= cv2.dilate(size, np.ones((2 * REACH_PX + 1, 1), np.uint8)), step, 0.0), np.float32)


def _lines(edges: Image, shortest: int) -> Doubles:
    """The lines across that hold most of the edges uint8 [H, W], 0 or 1: float64 [N, 2], row at column 0 and rise per column."""
    steepest = np.deg2rad(STEEPEST_DEG)
    found = cv2.HoughLines(edges, 1, np.deg2rad(1), shortest, min_theta=np.pi / 2 - steepest, max_theta=np.pi / 2 + steepest)
    lines: list[tuple[float, float]] = []
    for distance, angle in [] if found is None else found[:, 0].tolist():
        row, rise = distance / np.sin(angle), -1 / np.tan(angle)
        apart = (max(abs(row - other), abs(row - other + (rise - its) * edges.shape[1])) for other, its in lines)
        if min(apart, default=np.inf) > APART_PX:
            lines.append((row, rise))
        if len(lines) == MOST_LINES:
            break
    return np.array(lines, np.float64).reshape(-1, 2)


def _crossings(across: Doubles, down: Doubles) -> Doubles:
    """Where A lines across meet D lines down (column at row 0 and rise per row): float64 [A, D, 2], x and y."""
    y = (across[:, :1] + across[:, 1:] * down[:, 0]) / (1 - across[:, 1:] * down[:, 1])
    return np.stack([down[:, 0] + down[:, 1] * y, y], axis=-1)


def _gains(edges: Image, lines: Doubles, between: tuple[Doubles, Doubles], shortest: int) -> Doubles:
    """How many more columns have an edge on a line than have none, between two crossings: float64 [N, first, last].

    between: columns of the crossings, float64 [N, first] and [N, last]. The last line is the picture's own side and has 0; what is no side
    of a sheet has -inf.
    """
    height, width = edges.shape
    columns = np.arange(width)
    rows = np.rint(lines[:, :1] + lines[:, 1:] * columns).astype(int)
    inside = (rows >= 0) & (rows < height)
    near = cv2.dilate(edges, np.ones((2 * NEAR_PX + 1, 1), np.uint8))[np.clip(rows, 0, height - 1), columns] & inside
    up_to = np.pad(np.cumsum([near, inside], axis=2, dtype=np.int64), ((0, 0), (0, 0), (1, 0)))
    first, last = (np.clip(np.rint(each), 0, width).astype(int) for each in between)
    line = np.arange(len(lines))[:, None, None]
    seen, length = up_to[:, line, last[:, None, :]] - up_to[:, line, first[:, :, None]]
    gains = np.where((length >= shortest) & (seen >= SEEN * length), 2.0 * seen - length, -np.inf)
    gains[-1] = 0.0
    return gains
