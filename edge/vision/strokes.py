"""The strokes on a page, and the lines of writing they stand in: the row half of the directional projection.

The paper (Lu and Ke, abstract and section 4) projects a picture's pixels onto its sides. Here connected strokes are projected, along
the direction the writing really has, so lines may slant and digits may dance on them.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.paper import slope

Image = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int32]
SPECK = 0.015
"""Area of the largest speck, as a share of the square of the writing's height."""
TALLEST, SHORTEST = 1.7, 0.45
"""Heights of single digits, in heights of the writing. What is shorter is a piece of a digit, or a comma."""
LINE_GAP, LINE_REACH = 0.5, 0.75
"""How far apart, in heights, neighbours' middles are when a new line begins; how far a stroke's middle lies from its line's at most."""
FLATTEST, FLAT_WIDTH, FLAT_REACH = 0.33, 0.6, 0.35
"""A digit may lie flat, as a 2 or a 5 does: no lower than the first once its own slope is taken off, as wide as the second, its middle no
further from its line's than the third, and nothing above or below it; in heights. A dash is straight and so lower, a comma narrower."""
NEAR = 0.2
"""A piece belongs to a digit no further away than this, in heights."""
FRAME, FRAME_FILL = 2.5, 0.2
"""A frame is larger than this, in heights, in both directions, or in one and so thin; and its ink fills so little of its box."""
LOWEST_PX, MOST_DIGITS = 8, 1000
"""Writing is no lower, and a page has no more strokes as high as digits: what has is print, or the grain of a photo, and not read."""
CUT_OFF = 0.3
"""A stroke at the picture's side that is narrower than this, in heights, is not a digit; nor is one that goes along it for `TALLEST`."""
DOT = 0.5
"""Share of the square around it that a dot fills, at least: of MNIST's training digits 99 in 100 fill less."""


@dataclass(frozen=True)
class Strokes:
    """Strokes of one page, labelled 1 to N from left to right within each line."""

    labels: Labels
    """int32 [H, W], 0 on paper."""
    lines: tuple[range, ...]
    """The labels in each line, lines from top to bottom."""
    height: float
    """Height of the writing, in pixels."""


def find_strokes(ink: Image) -> Strokes:
    """Connected strokes of a page's ink uint8 [H, W] (0 or 1), broken ones joined, commas, frames and specks dropped.

    None at all where the page is no handwriting (`LOWEST_PX`, `MOST_DIGITS`).
    """
    count, labelled, statistics, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    labels, stats = np.asarray(labelled, np.int32), np.asarray(statistics, np.int32)
    boxes, areas = stats[:, :4], stats[:, cv2.CC_STAT_AREA]
    height = _writing_height(boxes[1:], areas[1:])
    if height < LOWEST_PX:
        return Strokes(np.zeros_like(labels), (), 0.0)
    along_sides = np.bincount(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]), minlength=count)
    kept = [
        i
        for i in range(1, count)
        if areas[i] > SPECK * height * height
        and not _is_frame(boxes[i], areas[i], height)
        and not _is_cut_off(boxes[i], labels.shape[1], height)
        and along_sides[i] <= TALLEST * height  # or it is what lies beside the paper
    ]
    middles = np.column_stack([boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3] / 2])
    whole = [i for i in kept if SHORTEST * height <= boxes[i, 3] <= TALLEST * height]
    if len(whole) > MOST_DIGITS:
        return Strokes(np.zeros_like(labels), (), 0.0)
    rise = slope((np.isin(labels, whole)).astype(np.float32)) if whole else 0.0
    lines = _lines(middles, whole, rise, height)
    assigned = _assign(labels, boxes, middles, [i for i in kept if boxes[i, 3] >= SHORTEST * height], lines, height)
    left = _join(assigned, labels, boxes, [i for i in kept if boxes[i, 3] < SHORTEST * height], height)
    for pixels in _joined_pieces(left, height) if lines else ():
        away = [abs(float(np.median(pixels[:, 0] - line.row - line.rise * pixels[:, 1]))) for line in lines]
        line, low = assigned[int(np.argmin(away))], np.ptp(pixels[:, 0]) + 1 < SHORTEST * height
        if min(away) <= (FLAT_REACH if low else LINE_REACH) * height and (not low or _is_beside(pixels, line)):
            line.append(pixels)
    return _in_reading_order(assigned, height, labels.shape)


def _writing_height(boxes: npt.NDArray[np.int32], areas: npt.NDArray[np.int32]) -> float:
    """The median of the heights of strokes, larger ones counting more, since specks are many and frames are few; dots do not count."""
    if len(boxes) == 0:
        return 0.0
    order = np.argsort(boxes[:, 3])
    weight = np.cumsum(np.where(areas > DOT * boxes[:, 2:].max(1) ** 2, 0.0, np.sqrt(areas))[order])
    return float(boxes[order[np.searchsorted(weight, weight[-1] / 2)], 3])


def _is_frame(box: npt.NDArray[np.int32], area: int, height: float) -> bool:
    wide, high = box[2] / height, box[3] / height
    return bool(max(wide, high) > FRAME and (min(wide, high) < SHORTEST or area < FRAME_FILL * box[2] * box[3]))


def _is_cut_off(box: npt.NDArray[np.int32], width: int, height: float) -> bool:
    """Whether a thin stroke runs along the picture's left or right side: what is left there of a ruling or of a table's edge."""
    return bool(box[2] < CUT_OFF * height and (box[0] <= 1 or box[0] + box[2] >= width - 1))


@dataclass(frozen=True)
class _Baseline:
    """The middle of a line of writing: row at column 0 and rise per column."""

    row: float
    rise: float


def _lines(middles: npt.NDArray[np.float64], whole: list[int], rise: float, height: float) -> list[_Baseline]:
    """Lines from top to bottom: gaps in the strokes' middles projected along the page's slope, then each line's own slope."""
    if not whole:
        return []
    places = sorted((float(middles[i, 1] - rise * middles[i, 0]), i) for i in whole)
    groups: list[list[int]] = [[places[0][1]]]
    for (above, _), (place, i) in itertools.pairwise(places):
        if place - above > LINE_GAP * height:
            groups.append([])
        groups[-1].append(i)
    lines = []
    for group in groups:
        own = rise
        if len(group) >= 4 and np.ptp(middles[group, 0]) > 4 * height:
            own = float(np.clip(np.polyfit(middles[group, 0], middles[group, 1], 1)[0], rise - 0.03, rise + 0.03))
        lines.append(_Baseline(float(np.median(middles[group, 1] - own * middles[group, 0])), own))
    return lines


def _assign(
    labels: Labels,
    boxes: npt.NDArray[np.int32],
    middles: npt.NDArray[np.float64],
    strokes: list[int],
    lines: list[_Baseline],
    height: float,
) -> list[list[Labels]]:
    """The strokes of each line, each as its pixels' (row, column), int32 [P, 2]. One that spans lines is cut half-way between them."""
    assigned: list[list[Labels]] = [[] for _ in lines]
    for i in strokes:
        pixels = _pixels(labels, boxes[i], i)
        away = np.array([pixels[:, 0] - line.row - line.rise * pixels[:, 1] for line in lines])
        nearest = np.abs(away).argmin(0)
        for k in np.unique(nearest) if boxes[i, 3] > TALLEST * height else [np.bincount(nearest).argmax()]:
            part = pixels[nearest == k] if boxes[i, 3] > TALLEST * height else pixels
            high = np.ptp(part[:, 0]) + 1
            if high >= SHORTEST * height and abs(np.median(away[k][nearest == k])) <= LINE_REACH * height:
                assigned[int(k)].append(part)
    return assigned


def _join(assigned: list[list[Labels]], labels: Labels, boxes: npt.NDArray[np.int32], pieces: list[int], height: float) -> list[Labels]:
    """Adds each piece to the digit it was broken from. What hangs below its neighbours' middles, on its own, is a comma.

    Returns the pixels of each piece that is near no digit.
    """
    alone, far = [], NEAR * height
    places = [(k, j) for k, line in enumerate(assigned) for j in range(len(line))]
    spans = _spans([stroke for line in assigned for stroke in line])
    for i in pieces:
        pixels = _pixels(labels, boxes[i], i)
        gaps = [(_distance(pixels, assigned[places[n][0]][places[n][1]], far), n) for n in _within(far, spans, _span(pixels))]
        gap, n = min(gaps, default=(np.inf, 0))
        if gap > far:
            alone.append(pixels)
            continue
        k, j = places[n]
        digit = assigned[k][j]
        inside = (pixels[:, 1] >= digit[:, 1].min()) & (pixels[:, 1] <= digit[:, 1].max())
        if pixels[:, 0].mean() < digit[:, 0].min() + 0.75 * np.ptp(digit[:, 0]) or inside.mean() > 0.6:
            assigned[k][j] = np.concatenate([digit, pixels])
            spans[n] = _span(assigned[k][j])
    return alone


def _joined_pieces(pieces: list[Labels], height: float) -> Iterator[Labels]:
    """Digits of which nothing but pieces is left: pieces near each other, [P, 2] each, that together are high enough."""
    spans, left, far = _spans(pieces), set(range(len(pieces))), NEAR * height
    for first in range(len(pieces)):
        if first not in left:
            continue
        left.remove(first)
        whole = pieces[first]
        while near := [n for n in _within(far, spans, _span(whole)) if n in left and _distance(pieces[n], whole, far) <= far]:
            whole = np.concatenate([whole, *(pieces[n] for n in near)])
            left.difference_update(near)
        # What was joined and is still low is an equals sign, or shreds.
        flat = whole is pieces[first] and _is_flat_digit(whole, height)
        if flat or SHORTEST * height <= np.ptp(whole[:, 0]) + 1 <= TALLEST * height:
            yield whole


def _is_flat_digit(pixels: Labels, height: float) -> bool:
    """Whether pixels [P, 2] are as wide as a digit, and not straight."""
    rows, columns = pixels.T
    if np.ptp(columns) + 1 < FLAT_WIDTH * height:
        return False
    return bool(np.ptp(rows - np.polyval(np.polyfit(columns, rows, 1), columns)) + 1 >= FLATTEST * height)


def _is_beside(pixels: Labels, line: list[Labels]) -> bool:
    """Whether none of a line's strokes is above or below these pixels."""
    first, last = pixels[:, 1].min(), pixels[:, 1].max()
    return all(stroke[:, 1].max() < first or stroke[:, 1].min() > last for stroke in line)


def _pixels(labels: Labels, box: npt.NDArray[np.int32], label: int) -> Labels:
    x, y, w, h = (int(side) for side in box)
    return np.asarray(np.argwhere(labels[y : y + h, x : x + w] == label) + np.array([y, x]), np.int32)


def _span(pixels: Labels) -> Labels:
    """The first row and column of a stroke, and its last, [4]."""
    return np.concatenate([pixels.min(0), pixels.max(0)])


def _spans(strokes: list[Labels]) -> Labels:
    return np.array([_span(pixels) for pixels in strokes], np.int32).reshape(-1, 4)


def _within(far: float, spans: Labels, span: Labels) -> list[int]:
    """Which of the spans [N, 4] are no further than that from one, in pixels along either axis: quicker than looking at pixels."""
    apart = np.maximum(spans[:, :2] - span[2:], span[:2] - spans[:, 2:])
    return np.flatnonzero((apart <= far).all(1)).tolist()


def _distance(one: Labels, other: Labels, far: float) -> float:
    """Smallest distance between two strokes, in pixels, if it is no more than `far`, else something more."""
    near = other[(np.abs(other - one.mean(0)) <= np.ptp(one, axis=0) / 2 + far + 1).all(1)]
    if len(near) == 0:
        return far + 1
    return float(np.sqrt(((one[:, None] - near[None]).astype(np.float64) ** 2).sum(2).min()))


def _in_reading_order(assigned: list[list[Labels]], height: float, shape: tuple[int, ...]) -> Strokes:
    labels = np.zeros(shape, np.int32)
    lines = []
    count = 1
    for line in (each for each in assigned if each):
        first = count
        for pixels in sorted(line, key=lambda each: float(each[:, 1].min() + each[:, 1].max())):
            labels[pixels[:, 0], pixels[:, 1]] = count
            count += 1
        lines.append(range(first, count))
    return Strokes(labels, tuple(lines), height)
