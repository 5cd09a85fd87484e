"""Rows of characters in a whole photo: like-sized, evenly pitched, in any rotation.

Any two neighbouring characters (`edge.vision.characters`) of one height propose a row; what else stands in their rhythm supports it. A
dirty or glaring wheel that left no whole character does not end a row.
"""

import dataclasses

import numpy as np

from edge.vision.characters import ANGLE_STEP_DEG, ANGLES, Characters, Indices, Points

PITCHES = (0.5, 2.1)
"""The distance of neighbours, in heights."""
NEIGHBOURS = 8
WIDEST = 1.1
"""Width of a character at most, in heights and in pitches."""
UPRIGHT = 0.75
"""Height across the row at least, in longest sides: characters stand upright in their row."""
LIKE = 1.25
"""Heights of a row's characters differ by less than this factor."""
ALONG, ACROSS = 0.18, 0.15
"""How far from its place a character may stand, in pitches along the row and heights across it; loosely, `LOOSER` times as far."""
LOOSER = 1.5
REACH = 10
"""Places that a row goes on at most to either side of the two that proposed it."""
MIN_SUPPORT = 3
MAX_PAIRS, MAX_ROWS = 2000, 40
"""Photos of counters have some hundred pairs of like neighbours: more are a pattern's, and the largest are enough."""


@dataclasses.dataclass(frozen=True)
class Row:
    """Places origin + k · pitch, in pixels, where characters of one height stand, k from first to last."""

    origin: Points
    pitch: Points
    height: float
    first: int
    last: int
    side: int
    """Where in its place a 1 stands: in the middle (0), or at the right (1), as on displays that are not turned round."""
    fit: float
    """Characters seen, less what is missing between them and how unevenly they stand."""

    @property
    def pitch_px(self) -> float:
        return float(np.hypot(*self.pitch))

    def coordinates(self, points: Points) -> tuple[Points, Points]:
        """Where points, [N, 2], lie: along the row in pitches from its origin, and across it in heights."""
        offset, length = points - self.origin, self.pitch_px
        across = (offset[:, 1] * self.pitch[0] - offset[:, 0] * self.pitch[1]) / length
        return offset @ self.pitch / length**2, across / self.height


def rows(parts: Characters, side: int = 0) -> list[Row]:
    """Rows in which at least `MIN_SUPPORT` characters stand, the best first, each once, read rightwards (or downwards).

    side: where in its place a 1 stands (see `Row.side`).
    """
    neighbours = _neighbours(parts)
    kept: list[Row] = []
    for row in sorted(_proposed(parts, *neighbours, side), key=lambda row: -row.fit):
        if len(kept) < MAX_ROWS and not any(_same(row, other) for other in kept):
            kept.append(row)
    return kept


def _proposed(parts: Characters, first: Indices, second: Indices, side: int) -> list[Row]:
    """The rows that pairs of neighbours propose, as far as others support them."""
    step = parts.centres[second] - parts.centres[first]
    along = np.rint(np.degrees(np.arctan2(step[:, 1], step[:, 0])) / ANGLE_STEP_DEG).astype(int) % ANGLES
    across = (along + ANGLES // 2) % ANGLES
    one, other = parts.extents[first, across], parts.extents[second, across]
    width = np.maximum(parts.extents[first, along], parts.extents[second, along])
    height = (one + other) / 2
    step = parts.middles(second, along, side) - parts.middles(first, along, side)
    pitch = np.hypot(step[:, 0], step[:, 1])
    fits = (np.maximum(one, other) < LIKE * np.minimum(one, other)) & (width < WIDEST * np.minimum(height, pitch))
    fits &= (one > UPRIGHT * parts.sizes[first]) & (other > UPRIGHT * parts.sizes[second])
    fits &= (pitch > PITCHES[0] * height) & (pitch < PITCHES[1] * height)
    used = np.unique(np.concatenate([first[fits], second[fits]]))
    found = [_supported(parts, used, first[i], step[i], height[i], along[i], side) for i in np.flatnonzero(fits)[:MAX_PAIRS]]
    return [row for row in found if row is not None]


def _neighbours(parts: Characters) -> tuple[Indices, Indices]:
    """Pairs of like size and darkness, near each other, the second to the right of the first (or below it)."""
    firsts: list[int] = []
    seconds: list[int] = []
    for i, (centre, size, dark) in enumerate(zip(parts.centres, parts.sizes, parts.dark, strict=True)):
        step = parts.centres - centre
        far = np.hypot(step[:, 0], step[:, 1])
        # Sizes are longest sides, heights are not known before the direction is; so these bounds are wide.
        near = (far < PITCHES[1] * size) & (far > 0.7 * PITCHES[0] * size) & (parts.dark == dark)
        near &= (parts.sizes < 1.5 * size) & (size < 1.5 * parts.sizes)
        near &= (step[:, 0] > 0) | ((step[:, 0] == 0) & (step[:, 1] > 0))
        nearest = np.nonzero(near)[0]
        nearest = nearest[np.argsort(far[nearest])[:NEIGHBOURS]]
        firsts += [i] * len(nearest)
        seconds += nearest.tolist()
    return np.array(firsts, int), np.array(seconds, int)


def standing(parts: Characters, row: Row, loosely: bool = False) -> tuple[Indices, Indices]:
    """Which characters stand in the row's places, and in which place k each. Loosely: further off, less alike, and of any darkness."""
    looser = LOOSER if loosely else 1.0
    along = int(np.rint(np.degrees(np.arctan2(row.pitch[1], row.pitch[0])) / ANGLE_STEP_DEG)) % ANGLES
    place, off = row.coordinates(parts.middles(np.arange(len(parts.centres)), along, row.side))
    k = np.rint(place)
    height, width = parts.extents[:, (along + ANGLES // 2) % ANGLES], parts.extents[:, along]
    stands = (np.abs(place - k) < ALONG * looser) & (np.abs(off) < ACROSS * looser) & (np.abs(k) <= REACH)
    stands &= (height < row.height * LIKE * looser**0.5) & (row.height < height * LIKE * looser**0.5) & (width < WIDEST * row.pitch_px)
    chosen = np.nonzero(stands)[0]
    return chosen, k[chosen].astype(int)


def _supported(parts: Characters, used: Indices, first: int, step: Points, height: float, along: int, side: int) -> Row | None:
    """The row that two neighbours propose, laid through all that stand in it."""
    same = used[parts.dark[used] == parts.dark[first]]
    alike = Characters(parts.centres[same], parts.sizes[same], parts.extents[same], parts.dark[same])
    row = Row(parts.middles(np.array([first]), along, side)[0], step, float(height), 0, 1, side, 0.0)
    chosen, k = standing(alike, row)
    low = high = 0
    places = set(k.tolist())
    # A row goes on over one place where nothing was seen.
    while nearer := {low - 1, low - 2} & places:
        low = max(nearer)
    while nearer := {high + 1, high + 2} & places:
        high = min(nearer)
    within = (k >= low) & (k <= high)
    chosen, k = chosen[within], k[within]
    support = len(set(k.tolist()))
    if support < MIN_SUPPORT:
        return None
    design = np.stack([np.ones(len(k)), k], 1)
    middles = alike.middles(chosen, along, side)
    laid = np.linalg.lstsq(design, middles, rcond=None)[0]
    uneven = float(np.abs(middles - design @ laid).mean() / np.hypot(*step))
    heights = alike.extents[chosen, (along + ANGLES // 2) % ANGLES]
    missing = high - low + 1 - support
    return Row(laid[0], laid[1], float(np.median(heights)), low, high, side, support - 0.5 * missing - 5 * uneven)


def _same(row: Row, other: Row) -> bool:
    """Whether both rows have like characters in the same places."""
    if not 1 / LIKE < row.height / other.height < LIKE or np.hypot(*(row.pitch - other.pitch)) > 0.1 * other.pitch_px:
        return False
    (along,), (across,) = other.coordinates(row.origin[None])
    return bool(abs(across) < 0.3 and other.first - 1 <= along <= other.last + 1 and abs(along - round(along)) < 0.25)
