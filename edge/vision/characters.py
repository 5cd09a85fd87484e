"""The characters of a whole photo: connected parts of the size and shape that one may have, dark on light and light on dark.

Print and wheels show in an adaptive threshold. A display's digits have gaps between their segments, and may be hardly darker than their
ground: they are found apart.
"""

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.cells import Image

Points = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int_]
Found = tuple[float, float, float, bool, Points]

MIN_SIZE_PX, MAX_SIZE_SHARE = 10.0, 0.25
"""The height of a character: pixels, and share of the photo's shorter side."""
MAX_CHARACTERS = 2000
"""The largest that are looked at: what there is beyond is the grain of a noisy photo."""
BLOCK_SHARES = (0.03, 0.08)
"""Sides of the adaptive threshold's square, as shares of the longer side."""
OFFSET_LEVELS = 6
THINNEST = 0.06
"""Width of a character at least, in heights: what is thinner is a line."""
ANGLE_STEP_DEG = 5
ANGLES = 180 // ANGLE_STEP_DEG
DISPLAY_PX = 700
"""Photos are searched for a display's digits at this length of their longer side."""
MIN_DISPLAY_PX, DISPLAY_SIZE_SHARE = 12.0, 0.6
"""The height of a display's digit, at that length; a photo of one may show little else."""
STROKE_SHARE = 0.02
"""Width of a segment at most, as share of the longer side."""
MIN_STROKE_LEVELS = 5
"""By how many grey levels a segment is darker or lighter than its ground."""
SEGMENTS = ((0.0, 3), (0.4, 5))
"""What belongs to a segment: more than this share of the strongest stroke nearby; and the gaps that are closed then, in pixels, more of
them where less belongs to it. Weak strokes need the first, close ones the second."""
NARROW, DIGIT_WIDTH = 0.4, 0.55
"""What is narrower is a 1 of seven segments; how wide their other digits are. In heights."""


@dataclasses.dataclass(frozen=True)
class Characters:
    """N connected parts that may be characters."""

    centres: Points
    """[N, 2]: x, y in pixels."""
    sizes: Points
    """[N]: longest side in pixels."""
    extents: Points
    """[N, ANGLES]: extent in pixels along each direction, in steps of `ANGLE_STEP_DEG` from the x axis."""
    dark: npt.NDArray[np.bool_]
    """[N]: dark on light."""

    def middles(self, which: Indices, along: Indices | int, side: int) -> Points:
        """The middles of the places, [M, 2], of M characters in rows of these directions, whose 1s stand at that side (see `Row.side`)."""
        if not side:
            return self.centres[which]
        widths, heights = self.extents[which, along], self.extents[which, (along + ANGLES // 2) % ANGLES]
        aside = np.where(widths < NARROW * heights, side * (DIGIT_WIDTH * heights - widths) / 2, 0.0)
        rightwards = (along + ANGLES // 2 - 1) % ANGLES - ANGLES // 2 + 1
        angles = np.radians(np.asarray(rightwards, np.float64) * ANGLE_STEP_DEG)
        return np.asarray(self.centres[which] - np.stack([aside * np.cos(angles), aside * np.sin(angles)], 1))


def shrunk(grey: Image, longest_px: int) -> tuple[Image, float]:
    """A photo, uint8 [H, W], whose longer side is no longer than that, and by what factor it was shrunk for it."""
    shrink = max(1.0, max(grey.shape) / longest_px)
    if shrink == 1:
        return grey, shrink
    return np.asarray(cv2.resize(grey, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA), np.uint8), shrink


def characters(grey: Image) -> Characters:
    """The parts of a photo, uint8 [H, W], that may be characters."""
    found: list[Found] = []
    smooth = cv2.GaussianBlur(grey, (3, 3), 0)
    for share in BLOCK_SHARES:
        block = max(int(share * max(grey.shape)), 3) | 1
        for dark in (True, False):
            kind, offset = (cv2.THRESH_BINARY_INV, OFFSET_LEVELS) if dark else (cv2.THRESH_BINARY, -OFFSET_LEVELS)
            binary = cv2.adaptiveThreshold(smooth, 255, cv2.ADAPTIVE_THRESH_MEAN_C, kind, block, offset)
            found += _parts(np.asarray(binary, np.uint8), dark, MIN_SIZE_PX, MAX_SIZE_SHARE)
    return _described(found)


def displayed(grey: Image) -> Characters:
    """The parts of a photo, uint8 [H, W], that may be a display's digits: their segments, with the gaps between them closed.

    Segments are what a black-hat (or, light on dark, a top-hat) transform leaves: strokes thinner than a square, however light or dark
    what is around the display's ground, and however near.
    """
    small, shrink = shrunk(grey, DISPLAY_PX)
    smooth = cv2.GaussianBlur(small, (5, 5), 0)
    side = max(int(STROKE_SHARE * max(small.shape)), 3) | 1
    found: list[Found] = []
    for dark in (True, False):
        hat = cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT if dark else cv2.MORPH_TOPHAT, np.ones((side, side), np.uint8))
        strongest = cv2.dilate(hat, np.ones((2 * side + 1, 2 * side + 1), np.uint8))
        for share, closed in SEGMENTS:
            binary = (hat > np.maximum(MIN_STROKE_LEVELS, share * strongest)).astype(np.uint8) * 255
            whole = cv2.morphologyEx(binary, cv2.MORPH_CLOSE, np.ones((closed, closed), np.uint8))
            found += _parts(np.asarray(whole, np.uint8), dark, MIN_DISPLAY_PX, DISPLAY_SIZE_SHARE)
    it = _described(found)
    return Characters(it.centres * shrink, it.sizes * shrink, it.extents * shrink, it.dark)


def _described(found: list[Found]) -> Characters:
    """The largest of the parts."""
    found = sorted(found, key=lambda it: -it[2])[:MAX_CHARACTERS]
    table = np.array([it[:4] for it in found], np.float64).reshape(-1, 4)
    extents = np.zeros((len(found), ANGLES))
    if found:
        angles = np.radians(np.arange(ANGLES) * ANGLE_STEP_DEG)
        along = np.concatenate([it[4] for it in found]) @ np.array([np.cos(angles), np.sin(angles)])
        starts = np.cumsum([0, *(len(it[4]) for it in found[:-1])])
        extents = np.maximum.reduceat(along, starts) - np.minimum.reduceat(along, starts) + 1
    return Characters(table[:, :2], table[:, 2], extents, table[:, 3] > 0)


def _parts(binary: Image, dark: bool, min_px: float, max_share: float) -> list[Found]:
    """Centre, longest side, darkness and convex hull of each connected part of a size and shape that a character may have."""
    contours, hierarchy = cv2.findContours(binary, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    largest = max_share * min(binary.shape)
    found: list[Found] = []
    parents = np.asarray(hierarchy).reshape(-1, 4)[:, 3].tolist() if contours else []  # OpenCV gives None for no contour
    for contour, parent in zip(contours, parents, strict=True):
        # A hole is no part; and the upright box is quicker than the turned one for the many that are too small.
        if parent >= 0 or not 0.7 * min_px <= max(cv2.boundingRect(contour)[2:]) <= largest:
            continue
        (x, y), sides, _ = cv2.minAreaRect(contour)
        if max(sides) + 1 >= min_px and min(sides) >= THINNEST * max(sides):
            hull = np.asarray(cv2.convexHull(contour), np.float64).reshape(-1, 2)
            found.append((x + 0.5, y + 0.5, max(sides) + 1, dark, hull))
    return found
