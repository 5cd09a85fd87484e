"""Digits that touch, and digits that are broken: every way of cutting and joining a line's strokes that may make digits of them.

Over-segmentation with the recognizer as judge, as in LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document
recognition", 1998, section V. The cuts are the cheapest paths through the ink, from above to below.
"""

import itertools
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.strokes import Strokes
from edge.vision.ways import PAPER_COST, Ways, basins

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Columns = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Number = TypeVar("Number", np.float32, np.int32)
MOST_CUTS, MOST_STRAIGHT, MOST_STROKES = 12, 6, 3
"""Cuts through one stroke, straight ones besides, strokes in one digit."""
NARROWEST_CUT, DEAREST_CUT = 0.35, 0.8
"""Narrower strokes are never cut; the most ink that a cut may go through. These and all below in heights of the writing."""
WIDEST_DIGIT, WIDEST_GAP, LOWEST_DIGIT, LOWEST_SIDE = 1.6, 0.25, 0.4, 0.5
"""A gap is between strokes of one digit; a side is what lies left or right of a cut."""
SAME_CUT, CROSSING_CUTS = 0.02, 0.01
"""Ink between two cuts that are one and the same, ink in which two cuts may cross: in squares of the height."""
CROSSED = 0.3
"""Share of full ink that counts as crossing a stroke of the pen."""
THROUGH = (0.2, 0.35, 0.5, 0.65, 0.8)
"""Where every column is tried for a cut, in heights of the stroke."""


@dataclass(frozen=True)
class Cut:
    """A way from above a stroke to below it; at a stroke's own ends it goes through nothing."""

    ink_px: float = 0.0
    """Full ink that it goes through."""
    peak: float = 0.0
    """The fullest ink that it goes through, 0 to 1: little between digits that only come close."""
    bend_px: float = 0.0
    """How far it goes sideways, back and forth."""
    pens: int = 0
    """Strokes of the pen that it goes through."""


@dataclass(frozen=True)
class Digit:
    """A hypothesis: what lies between two places in a line, one at each cut and one at each stroke's ends, is one digit."""

    first: int
    last: int
    top: int
    left: int
    ink: Floats
    """Absorbance of its box, float32 [H, W], 0 outside its strokes."""
    cut: Cut
    """On its left."""
    joins: int
    """How many gaps it joins over."""
    least_px: float
    """Height of the lowest of the strokes that it joins, 0 where it joins none."""


@dataclass(frozen=True)
class _Stroke:
    """One stroke and the cuts through it, the first before it and the last behind it."""

    top: int
    left: int
    mask: Mask
    paths: Columns
    """int64 [C, H]: the last column on the left of each cut."""
    cuts: tuple[Cut, ...]

    def between(self, first: int, last: int) -> "_Part | None":
        columns = np.arange(self.mask.shape[1])
        own = self.mask & (columns > self.paths[first][:, None]) & (columns <= self.paths[last][:, None])
        if not own.any():
            return None
        rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
        part = own[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return _Part(np.asarray(part), self.top + int(rows[0]), self.left + int(columns[0]))


@dataclass(frozen=True)
class _Part:
    mask: Mask
    top: int
    left: int

    @property
    def right(self) -> int:
        return self.left + int(self.mask.shape[1])

    @property
    def bottom(self) -> int:
        return self.top + int(self.mask.shape[0])


def hypotheses(strokes: Strokes, line: range, absorbed: Floats) -> list[Digit]:
    """Every digit that neighbouring parts of a line's strokes could be. absorbed: float32 [H, W], the page's absorbance."""
    cut = [_cut_stroke(strokes, label, absorbed) for label in line]
    parts = [_parts(stroke, strokes.height) for stroke in cut]
    starts = [0, *itertools.accumulate(len(stroke.cuts) - 1 for stroke in cut)]
    digits = []
    for s, stroke in enumerate(cut):
        end = len(stroke.cuts) - 1
        for (i, j), part in parts[s].items():
            if (i, j) == (0, end) or _may_be_digit([part], strokes.height):
                digits.append(_digit((starts[s] + i, starts[s] + j), [part], stroke.cuts[i], strokes, absorbed))
            if j < end:
                continue
            for t in range(s + 1, min(s + MOST_STROKES, len(cut))):
                between = [parts[k][0, len(cut[k].cuts) - 1] for k in range(s + 1, t)]
                for (begin, k), right in parts[t].items():
                    joined = [part, *between, right]
                    if begin == 0 and _may_be_digit(joined, strokes.height):
                        digits.append(_digit((starts[s] + i, starts[t] + k), joined, stroke.cuts[i], strokes, absorbed))
    return digits


def _parts(stroke: _Stroke, height: float) -> dict[tuple[int, int], _Part]:
    """What lies between any two cuts that do not cross."""
    before = np.pad(np.cumsum(stroke.mask, axis=1), ((0, 0), (1, 0)))[np.arange(len(stroke.mask)), stroke.paths + 1]
    parts = {}
    for i, j in itertools.combinations(range(len(stroke.cuts)), 2):
        crossing = np.maximum(before[i] - before[j], 0).sum()
        if crossing <= CROSSING_CUTS * height * height and (part := stroke.between(i, j)) is not None:
            parts[i, j] = part
    return parts


def _may_be_digit(parts: list[_Part], height: float) -> bool:
    reach = itertools.accumulate((part.right for part in parts), max)
    gaps = [part.left - right for part, right in zip(parts[1:], reach, strict=False)]
    wide = max(part.right for part in parts) - min(part.left for part in parts)
    high = max(part.bottom for part in parts) - min(part.top for part in parts)
    return max(gaps, default=0) <= WIDEST_GAP * height and wide <= WIDEST_DIGIT * height and high >= LOWEST_DIGIT * height


def _digit(places: tuple[int, int], parts: list[_Part], cut: Cut, strokes: Strokes, absorbed: Floats) -> Digit:
    top, left = min(part.top for part in parts) - 1, min(part.left for part in parts) - 1
    mask = np.zeros((max(part.bottom for part in parts) - top + 1, max(part.right for part in parts) - left + 1), np.uint8)
    for part in parts:
        y, x = part.top - top, part.left - left
        mask[y : y + part.mask.shape[0], x : x + part.mask.shape[1]] |= part.mask
    # The soft edge of a stroke is its own, unless the pixel belongs to the neighbour.
    soft = np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)), np.uint8)
    neighbours = (_window(strokes.labels, top, left, mask.shape) > 0) & (mask == 0)
    ink = np.where(neighbours, np.float32(0), _window(absorbed, top, left, mask.shape) * soft)
    least = float(min(part.mask.shape[0] for part in parts)) if len(parts) > 1 else 0.0
    return Digit(*places, top, left, ink, cut, len(parts) - 1, least)


def _window(page: npt.NDArray[Number], top: int, left: int, shape: tuple[int, ...]) -> npt.NDArray[Number]:
    """A part of the page, padded with zeros where it reaches over the page's edge."""
    part = np.zeros(shape, page.dtype)
    y, x = max(top, 0), max(left, 0)
    inside = page[y : top + shape[0], x : left + shape[1]]
    part[y - top : y - top + inside.shape[0], x - left : x - left + inside.shape[1]] = inside
    return part


def _cut_stroke(strokes: Strokes, label: int, absorbed: Floats) -> _Stroke:
    rows, columns = np.nonzero(strokes.labels == label)
    top, left = int(rows.min()), int(columns.min())
    box = np.s_[top : int(rows.max()) + 1, left : int(columns.max()) + 1]
    mask = strokes.labels[box] == label
    ink = np.where(mask, absorbed[box] / np.percentile(absorbed[box][mask], 80), 0.0).clip(0, 1)
    high, wide = mask.shape
    paths, costs = np.zeros((0, high), np.int64), np.zeros(0)
    if wide >= NARROWEST_CUT * strokes.height:
        paths, costs = _cheapest_cuts(ink, strokes.height)
    cuts = []
    for path, cost in zip(paths, costs, strict=True):
        along = ink[np.arange(high), path]
        pens = int(np.count_nonzero(np.diff((along > CROSSED).astype(int), prepend=0) == 1))
        cuts.append(Cut(float(cost), float(along.max()), float(np.abs(np.diff(path)).sum()), pens))
    paths = np.pad(paths, ((1, 1), (0, 0)), constant_values=((-1, wide - 1), (0, 0)))
    return _Stroke(top, left, mask, paths, (Cut(), *cuts, Cut()))


def _cheapest_cuts(ink: Doubles, height: float) -> tuple[Columns, Doubles]:
    """The cheapest ways through a stroke from above to below, from left to right: columns int64 [C, H], and the ink each goes through."""
    high = len(ink)
    down, up = Ways(ink), Ways(ink[::-1])
    paths, costs = [], []
    for row in sorted({round(share * (high - 1)) for share in THROUGH}):
        lower = up.paths(high - 1 - row)[:, ::-1]
        paths.append(np.concatenate([down.paths(row), lower[:, 1:]], axis=1))
        costs.append(down.cost[row] + up.cost[high - 1 - row] - ink[row] - PAPER_COST)
    straight = _between_basins(ink, down, up)
    path = np.concatenate([*paths, straight])
    cost = np.concatenate([*costs, ink[np.arange(high), straight].sum(1)])
    before = np.pad(np.cumsum(ink, axis=1), ((0, 0), (1, 0)))[np.arange(high), path + 1]
    crooked = len(path) - len(straight)
    found: list[int] = []
    for first, end, most in ((0, crooked, MOST_CUTS), (crooked, len(path), MOST_CUTS + MOST_STRAIGHT)):
        for k in first + np.argsort(cost[first:end], kind="stable"):
            if len(found) == most or cost[k] > DEAREST_CUT * height:
                break
            new = all(np.abs(before[k] - before[other]).sum() > SAME_CUT * height * height for other in found)
            if new and _parts_digits(ink, path[k], height):
                found.append(int(k))
    found.sort(key=lambda k: float(before[k].sum()))
    return path[found], cost[found]


def _between_basins(ink: Doubles, down: Ways, up: Ways) -> Columns:
    """Straight cuts from where water rests on a stroke to where it would rest on the stroke turned over: columns int64 [C, H].

    Two digits that touch along a stretch of both part there, though a way across the pen is shorter.
    """
    high = len(ink)
    inked = ink > CROSSED
    paths = [np.zeros((0, high), np.int64)]
    below = [(high - 1 - row, column) for row, column in basins(inked[::-1])]
    for (top, start), (bottom, end) in itertools.product(basins(inked), below):
        if top < bottom:
            straight = np.rint(np.linspace(start, end, bottom - top + 1)).astype(np.int64)
            path = [down.path(top, start), straight[1:-1], up.path(high - 1 - bottom, end)[::-1]]
            paths.append(np.concatenate(path)[None])
    return np.concatenate(paths)


def _parts_digits(ink: Doubles, path: Columns, height: float) -> bool:
    """Whether a cut leaves on both sides what is high enough for a digit."""
    right = np.arange(ink.shape[1]) > path[:, None]
    rows = [np.flatnonzero(((ink > CROSSED) & side).any(1)) for side in (right, ~right)]
    return all(len(inked) > 0 and inked[-1] - inked[0] + 1 >= LOWEST_SIDE * height for inked in rows)
