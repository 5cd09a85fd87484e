"""Digits that touch, and digits that are broken: cut into pieces, put together again in every way, and the best way taken.

Over-segmentation with the recognizer as judge, as in LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document
recognition", 1998, section V; the cuts are the cheapest paths through the ink, from above to below.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.strokes import Strokes

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]
MOST_CUTS, MOST_PIECES = 5, 7
"""Cuts through one stroke, pieces in one digit."""
NARROWEST_CUT, CUT_SPACING = 0.45, 0.12
"""Strokes narrower than this, in heights of the writing, are never cut; cuts keep this distance from each other and from the sides."""
DEAREST_CUT = 0.5
"""The most ink that a cut may go through, in heights of the writing."""
WIDEST_DIGIT, WIDEST_GAP = 1.5, 0.2
"""In heights of the writing; a gap is between pieces that were never one stroke."""
CROSSED, LOWEST_DIGIT = 0.3, 0.5
"""Share of full ink that counts as crossing a stroke; height that either side of a cut must have, in heights of the writing."""
LEANING, PAPER_COST = 1.1, 0.02
"""What a cut's oblique step costs beside a straight one, and what a step over bare paper costs beside one through full ink."""
DOUBT, CUT_PRIOR, CUT_PENALTY, WIDTH_PENALTY, USUAL_WIDTH = 3.6, 0.64, 8.0, 17.0, 0.9
SHORT_PENALTY, USUAL_HEIGHT, JOIN_PRIOR, GAP_PENALTY, TALL_PENALTY = 7.0, 0.94, 0.9, 7.0, 3.0


@dataclass(frozen=True)
class Digit:
    """A hypothesis: pieces `first` to `last` of a line are one digit."""

    first: int
    last: int
    top: int
    left: int
    ink: Floats
    """Absorbance of its box, float32 [H, W], 0 outside its strokes."""
    cut_px: float
    """Ink that the cut on its left goes through; 0 where a stroke begins by itself."""
    joins: int
    """How many gaps it joins over."""
    least_px: float
    """Height of the lowest of the strokes that it joins, 0 where it joins none."""
    joined_px: float
    """Paper that it joins over."""


@dataclass(frozen=True)
class _Piece:
    mask: npt.NDArray[np.bool_]
    top: int
    left: int
    stroke: int
    cut_px: float

    @property
    def right(self) -> int:
        return self.left + int(self.mask.shape[1])


def hypotheses(strokes: Strokes, line: range, absorbed: Floats) -> list[Digit]:
    """Every digit that one or several neighbouring pieces of a line could be. absorbed: float32 [H, W], the page's absorbance."""
    pieces = [piece for stroke in line for piece in _pieces(strokes, stroke, absorbed)]
    height = strokes.height
    digits = []
    for first in range(len(pieces)):
        right = pieces[first].right
        joins, joined, least = 0, 0.0, 0.0
        for last in range(first, min(first + MOST_PIECES, len(pieces))):
            if last > first and pieces[last].stroke != pieces[last - 1].stroke:
                gap = max(0, pieces[last].left - right)
                if gap > WIDEST_GAP * height:
                    break
                joins, joined = joins + 1, joined + gap
                here = [
                    _high(pieces[first:last]),
                    _high([piece for piece in pieces[last : first + MOST_PIECES] if piece.stroke == pieces[last].stroke]),
                ]
                least = max(least, min(here))
            right = max(right, pieces[last].right)
            together = pieces[first : last + 1]
            if last > first and right - min(piece.left for piece in together) > WIDEST_DIGIT * height:
                break
            digits.append(_digit(first, last, together, absorbed, joins, joined, least, pieces))
    return digits


def best_reading(digits: list[Digit], certainty: npt.NDArray[np.float32], height: float) -> list[int]:
    """Which of a line's hypotheses, from left to right, read it best: every piece once.

    certainty: float32 [N], the recognizer's largest probability for each; height: of the writing, in pixels.
    """
    count = max((digit.last for digit in digits), default=-1) + 1
    best, way = [0.0] + [-np.inf] * count, [-1] * (count + 1)
    for i in sorted(range(len(digits)), key=lambda i: digits[i].last):
        digit = digits[i]
        score = best[digit.first] + _log_odds(digit, float(certainty[i]), height)
        if score > best[digit.last + 1]:
            best[digit.last + 1], way[digit.last + 1] = score, i
    chosen = []
    at = count
    while at > 0:
        chosen.append(way[at])
        at = digits[way[at]].first
    return chosen[::-1]


def _log_odds(digit: Digit, certainty: float, height: float) -> float:
    rows, columns = (int(side) for side in digit.ink.shape)
    wide = max(0.0, (columns - 2) / height - USUAL_WIDTH)
    short = max(0.0, USUAL_HEIGHT - (rows - 2) / height)
    cut = CUT_PRIOR * (digit.cut_px > 0) + CUT_PENALTY * digit.cut_px / height
    join = JOIN_PRIOR * digit.joins + GAP_PENALTY * digit.joined_px / height + TALL_PENALTY * (digit.least_px / height) ** 2
    return DOUBT * float(np.log(max(certainty, 1e-3))) - WIDTH_PENALTY * wide - SHORT_PENALTY * short - cut - join


def _digit(
    first: int, last: int, together: list[_Piece], absorbed: Floats, joins: int, joined: float, least: float, pieces: list[_Piece]
) -> Digit:
    top, left = min(piece.top for piece in together), min(piece.left for piece in together)
    bottom = max(piece.top + piece.mask.shape[0] for piece in together)
    mask = np.zeros((bottom - top + 2, max(piece.right for piece in together) - left + 2), np.uint8)
    for piece in together:
        y, x = piece.top - top + 1, piece.left - left + 1
        mask[y : y + piece.mask.shape[0], x : x + piece.mask.shape[1]] |= piece.mask
    around = _window(absorbed, top - 1, left - 1, mask.shape)
    # The soft edge of a stroke is its own, unless the pixel belongs to the neighbour.
    soft = np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)), np.uint8)
    for other in (*pieces[max(0, first - 2) : first], *pieces[last + 1 : last + 3]):
        _erase(soft, other, top - 1, left - 1)
    return Digit(first, last, top - 1, left - 1, around * soft, together[0].cut_px, joins, least, joined)


def _high(pieces: list[_Piece]) -> float:
    return float(max(p.top + p.mask.shape[0] for p in pieces) - min(p.top for p in pieces))


def _erase(soft: npt.NDArray[np.uint8], other: _Piece, top: int, left: int) -> None:
    y, x = other.top - top, other.left - left
    y0, x0 = max(y, 0), max(x, 0)
    y1, x1 = min(y + other.mask.shape[0], soft.shape[0]), min(x + other.mask.shape[1], soft.shape[1])
    if y1 > y0 and x1 > x0:
        soft[y0:y1, x0:x1][other.mask[y0 - y : y1 - y, x0 - x : x1 - x]] = 0


def _window(absorbed: Floats, top: int, left: int, shape: tuple[int, ...]) -> Floats:
    """A part of the page, padded with paper where it reaches over the page's edge."""
    part = np.zeros(shape, np.float32)
    y0, x0 = max(top, 0), max(left, 0)
    inside = absorbed[y0 : top + shape[0], x0 : left + shape[1]]
    part[y0 - top : y0 - top + inside.shape[0], x0 - left : x0 - left + inside.shape[1]] = inside
    return part


def _pieces(strokes: Strokes, stroke: int, absorbed: Floats) -> list[_Piece]:
    """A stroke cut wherever two digits might touch, from left to right."""
    rows, columns = np.nonzero(strokes.labels == stroke)
    top, left = int(rows.min()), int(columns.min())
    box = np.s_[top : int(rows.max()) + 1, left : int(columns.max()) + 1]
    mask = strokes.labels[box] == stroke
    ink = np.where(mask, absorbed[box] / np.percentile(absorbed[box][mask], 80), 0.0).clip(0, 1)
    cuts = _cuts(ink, strokes.height) if mask.shape[1] >= NARROWEST_CUT * strokes.height else []
    side = np.zeros(mask.shape, int)
    for path, _ in cuts:
        side += np.arange(mask.shape[1]) > path[:, None]
    pieces = []
    costs = [0.0, *(cost for _, cost in cuts)]
    for k, cost in enumerate(costs):
        own = mask & (side == k)
        if not own.any():
            continue
        ys, xs = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
        part = own[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]
        pieces.append(_Piece(part, top + int(ys[0]), left + int(xs[0]), stroke, cost))
    return pieces


def _cuts(ink: npt.NDArray[np.float64], height: float) -> list[tuple[npt.NDArray[np.int64], float]]:
    """The cheapest ways through a stroke from above to below, from left to right: columns int64 [H], and the ink each goes through."""
    down, up = _costs(ink), _costs(ink[::-1])[::-1]
    middle = ink.shape[0] // 2
    through = down[middle] + up[middle] - ink[middle] - PAPER_COST
    spacing = max(2, round(CUT_SPACING * height))
    found: list[tuple[npt.NDArray[np.int64], float]] = []
    for x in np.argsort(through, kind="stable"):
        if len(found) == MOST_CUTS or through[x] > DEAREST_CUT * height:
            break
        if not spacing <= x < ink.shape[1] - spacing:
            continue
        path = _path(down, up, middle, int(x))
        if all(np.abs(path - other).mean() >= spacing for other, _ in found) and _may_part_digits(ink, path, height):
            found.append((path, float(ink[np.arange(len(path)), path].sum())))
    found.sort(key=lambda cut: float(cut[0].mean()))
    return found


def _may_part_digits(ink: npt.NDArray[np.float64], path: npt.NDArray[np.int64], height: float) -> bool:
    """Whether a cut crosses ink twice at most, and leaves on both sides what is high enough for a digit."""
    crossed = ink[np.arange(len(path)), path] > CROSSED
    if np.count_nonzero(np.diff(crossed.astype(int), prepend=0) == 1) > 2:
        return False
    right = np.arange(ink.shape[1]) > path[:, None]
    return all(_extent(np.asarray(((ink > CROSSED) & side).any(1))) >= LOWEST_DIGIT * height for side in (right, ~right))


def _costs(ink: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Cost of the cheapest way from above to each pixel."""
    cost = ink + PAPER_COST
    for row in range(1, len(cost)):
        above = np.pad(cost[row - 1], 1, constant_values=np.inf)
        oblique = np.minimum(above[:-2], above[2:]) + (LEANING - 1) * cost[row]
        cost[row] += np.minimum(above[1:-1], oblique)
    return cost


def _path(down: npt.NDArray[np.float64], up: npt.NDArray[np.float64], middle: int, x: int) -> npt.NDArray[np.int64]:
    path = np.full(len(down), x)
    for rows, cost, step in ((range(middle - 1, -1, -1), down, 1), (range(middle + 1, len(down)), up, -1)):
        for row in rows:
            at = path[row + step]
            near = range(max(at - 1, 0), min(at + 2, down.shape[1]))
            path[row] = min(near, key=lambda column: (cost[row, column], abs(column - at)))
    return path


def _extent(rows: npt.NDArray[np.bool_]) -> int:
    at = np.flatnonzero(rows)
    return int(at[-1] - at[0]) + 1 if len(at) else 0
