"""Which of a display's leading places show nothing: an LCD leaves zeros out that no one would write.

Told by pixels, before the network sees a cell: it knows digits only, and makes one of every reflection. A place without a digit lacks
strokes, that is, narrow parts that are darker or lighter than what is around them; a shadow, the slope of the light and a worn ground
are none. Strokes are what the morphological top-hats leave (Serra, "Image analysis and mathematical morphology", 1982).
"""

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.window import Corners, Image, luminance, strip

Floats = npt.NDArray[np.float64]

ROWS, COLUMNS = 32, 24
"""Of the picture of one place."""
STROKE_PX = 9
"""What is wider than this, in rows of that picture, is no stroke."""
SIDES, ENDS = 0.06, 0.15
"""Shares of a place that are left out left and right, where a neighbour reaches in, and at the top and bottom, where the frame does."""
INK_PERCENTILE = 97.0
"""A `1` covers a tenth of its place, and less where it stands at the edge."""
SHARE = 0.35
"""Strokes under this share of the shown digits' are those of segments that are not lit, or of noise."""
STEEPNESS = 12.0
ALL_SEGMENTS = 8
"""What segments that are not lit look like to the network."""
STILL = 0.1
"""Digits that a display's digit may seem to stand beside its place: of 403 ghosts and 473 digits of real displays in the training data
all are nearer, and of the wheels' three in four are not."""


def leading_blanks(frame: Image, corners: Corners, digits: int, decimals: int = 0) -> Floats:
    """How certain each leading place is blank, float64 [blanks], from the first place to the last blank one; empty where none is.

    frame: uint8 [H, W] or [H, W, 3]; corners float64 [4, 2]; digits, decimals: how many there are. What stands right before the point
    and behind it is always shown.
    """
    strokes = contrasts(frame, corners, digits)
    for blanks in range(digits - decimals - 1, 0, -1):
        ratios = strokes[:blanks] / max(float(np.median(strokes[blanks:])), 1.0)
        if ratios.max() < SHARE:
            return np.asarray(1 / (1 + (ratios / SHARE) ** STEEPNESS), np.float64)
    return np.empty(0)


def ghosts(frame: Image, corners: Corners, positions: Floats, decimals: int = 0) -> Floats:
    """`leading_blanks` of what may be wheels: only where no digit is between two, and each of those places is read as an 8.

    positions: float64 [N], in digits, as the network reads the places. Wheels that are faint or behind glare seldom stand so.
    """
    digits = np.rint(positions)
    if digits[0] != ALL_SEGMENTS or np.abs(positions - digits).max() > STILL:
        return np.empty(0)  # as nearly all wheels do, and without a look at the picture
    blanks = leading_blanks(frame, corners, len(positions), decimals)
    return blanks if (digits[: len(blanks)] == ALL_SEGMENTS).all() else np.empty(0)


def contrasts(frame: Image, corners: Corners, digits: int) -> Floats:
    """Grey levels between strokes and ground at each place, float64 [N]."""
    picture = strip(frame, corners, size=(ROWS, COLUMNS * digits))
    grey = luminance(picture)
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (STROKE_PX, STROKE_PX))
    dark, light = (cv2.morphologyEx(smooth, hat, kernel) for hat in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT))
    strokes = np.maximum(dark, light).reshape(ROWS, digits, COLUMNS).transpose(1, 0, 2)
    side, end = round(SIDES * COLUMNS), round(ENDS * ROWS)
    inner = strokes[:, end : ROWS - end, side : COLUMNS - side].reshape(digits, -1)
    return np.asarray(np.percentile(inner, INK_PERCENTILE, axis=1), np.float64)
