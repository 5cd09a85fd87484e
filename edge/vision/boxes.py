"""Printed boxes and combs around digits, taken off the page; a digit that touches or crosses one keeps its ink.

A box is known by its shape alone: a hole in the ink whose convex hull is a rectangle, and around it a wall that is thin beside it. The
hole in a 0 is round, and its wall is a stroke of the pen. The hull is that of the box even where digits reach into the hole.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.int32]
SMALLEST_PX = 12
"""Side of the smallest box: what is smaller has no shape."""
RECTANGULAR = 0.93
"""Share of the least rectangle around it that a box fills: corners may be rounded. A circle fills 0.79, and what is in 999 of a thousand
of MNIST's training digits 0.92 at most."""
THICKEST_WALL, WALL = 0.2, 0.75
"""The thickest wall, in shorter sides of its box, and the share of its length that is inked."""
PALE, STANDING = 0.3, 0.5
"""Absorbance of the squares of squared paper, at most; the share of a side that is inked if it is left when they are taken away."""
ALIKE = 2.0
"""Two sides of a box are no darker than so many times the other two: darker ones are 1s that stand between two ruled lines."""
SOFT_PX = 2
"""How far a wall's soft edge goes beyond its ink."""
TICK_PX, TICK_LONG, TICK_ALIKE_PX = 2, 2.0, 1
"""How much thicker than the wall a tick may be, how many times as long as thick it is, how little ticks differ: no two 1s are so alike."""


@dataclass(frozen=True)
class Box:
    """The inside of a box."""

    hull: Points
    """int32 [P, 1, 2]: its convex hull, x and y in pixels, the wall's innermost pixel included."""
    wall_px: int
    shape: tuple[int, int]
    """Rows and columns of the page."""

    @cached_property
    def around(self) -> tuple[slice, slice]:
        """The part of the page that holds the box, its wall, and a little more."""
        x, y, wide, high = cv2.boundingRect(self.hull)
        margin = self.wall_px + 3 * SOFT_PX
        return np.s_[max(y - margin, 0) : min(y + high + margin, self.shape[0]), max(x - margin, 0) : min(x + wide + margin, self.shape[1])]

    @cached_property
    def away(self) -> Floats:
        """Rows or columns that each pixel `around` is away from the inside, float32 [h, w]: from 1 on in the wall, from 0 down inside."""
        rows, columns = self.around
        inside = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
        cv2.fillConvexPoly(inside, self.hull - np.array([columns.start, rows.start], np.int32), 1)
        inside = np.asarray(cv2.erode(inside, np.ones((3, 3), np.uint8)), np.uint8)
        outward, inward = (np.asarray(cv2.distanceTransform(each, cv2.DIST_C, 3)) for each in (1 - inside, inside))
        return np.where(inside > 0, 1 - inward, outward)

    @cached_property
    def band(self) -> Mask:
        """The wall and its soft edges `around`, bool [h, w]."""
        return (self.away > -SOFT_PX) & (self.away <= self.wall_px + SOFT_PX)

    def is_printed(self, absorbed: Floats, left: Image) -> bool:
        """Whether it is no square of squared paper: its wall is dark in absorbance [H, W], or two sides are left, uint8 [H, W] (0 or 1).

        Nor is it one if ruling and digits make its wall.
        """
        rows, columns = np.nonzero((self.away >= 1) & (self.away <= self.wall_px))
        taken = absorbed[self.around][rows, columns]
        middle, sides, turn = cv2.minAreaRect(self.hull)
        x, y = columns + self.around[1].start - middle[0], rows + self.around[0].start - middle[1]
        cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
        along, across = (x * cos + y * sin) / sides[0], (y * cos - x * sin) / sides[1]
        side = np.where(np.abs(along) > np.abs(across), 2 + (along > 0), across > 0)
        _, second, third, _ = sorted(float(np.median(taken[side == each])) for each in range(4))
        if third > ALIKE * second:
            return False
        if float(np.median(taken)) > PALE:
            return True
        inked = left[self.around][rows, columns] > 0
        return sum(bool(inked[side == each].mean() >= STANDING) for each in range(4)) >= 2


def find_boxes(ink: Image) -> list[Box]:
    """Boxes on a page's ink, uint8 [H, W] (0 or 1), those of a comb or a table one by one."""
    contours, hierarchy = cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    parents = np.asarray(hierarchy).reshape(-1, 4)[:, 3].tolist() if contours else []  # OpenCV gives None for no contour
    hulls = (np.asarray(cv2.convexHull(contour), np.int32) for contour, parent in zip(contours, parents, strict=True) if parent >= 0)
    return [box for hull in hulls if _is_rectangle(hull) and (box := _walled(ink, hull)) is not None]


def _is_rectangle(hull: Points) -> bool:
    _, sides, _ = cv2.minAreaRect(hull)
    return bool(min(sides) >= SMALLEST_PX and cv2.contourArea(hull) >= RECTANGULAR * sides[0] * sides[1])


def _walled(ink: Image, hull: Points) -> Box | None:
    """The box with this inside, unless its wall is too thick for one."""
    thickest = int(THICKEST_WALL * min(cv2.minAreaRect(hull)[1]))
    widest = Box(hull, thickest, (ink.shape[0], ink.shape[1]))
    away, here = np.rint(widest.away), ink[widest.around]
    for thick in range(1, thickest + 1):
        beyond = here[away == thick + 1]
        if not beyond.size or beyond.mean() < WALL:  # the picture may end with the box
            return Box(hull, thick, widest.shape)
    return None


def without_boxes(absorbed: Floats, ink: Image, boxes: list[Box]) -> Floats:
    """Absorbance [H, W] without boxes. ink: uint8 [H, W], the page's; where it goes on from inside a box to outside, the digit stays."""
    gone, crossed = np.zeros(ink.shape, np.bool_), np.zeros(ink.shape, np.bool_)
    for box in boxes:
        gone[box.around] |= box.band
    rest = (ink > 0) & ~gone
    for box in boxes:
        crossed[box.around] |= box.band & _crossed(box, rest[box.around])
        gone[box.around] |= _ticks(box, rest[box.around])
    return np.where(gone & ~crossed, np.float32(0), absorbed)


def _crossed(box: Box, rest: Mask) -> Mask:
    """Where ink, bool [h, w], bridges the wall, from what is inside to what is outside: what a closing adds."""
    wide = box.wall_px + 2 * SOFT_PX
    return np.asarray(cv2.morphologyEx(rest.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((wide + 2, wide + 2), np.uint8))) > 0


def _ticks(box: Box, rest: Mask) -> Mask:
    """The ticks of a comb that are lower than it, bool [h, w]: at least two that stand on its wall, as thin, and of one length."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((rest & (box.away <= 0)).astype(np.uint8), connectivity=8)
    on_wall = np.unique(labels[(box.away > -SOFT_PX - 1) & (labels > 0)])
    thin = [i for i in on_wall if min(stats[i, 2:4]) <= box.wall_px + TICK_PX and max(stats[i, 2:4]) > TICK_LONG * min(stats[i, 2:4])]
    longest = [max(stats[i, 2:4]) for i in thin]
    ticks = [i for i, long in zip(thin, longest, strict=True) if sum(abs(long - other) <= TICK_ALIKE_PX for other in longest) >= 2]
    return cv2.dilate(np.isin(labels, ticks).astype(np.uint8), np.ones((2 * SOFT_PX + 1, 2 * SOFT_PX + 1), np.uint8)) > 0
