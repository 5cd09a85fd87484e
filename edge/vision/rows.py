"""Rows of characters in a whole photo: like-sized, evenly pitched, in any rotation.

Characters are the connected parts of an adaptive threshold, dark on light and light on dark. Any two neighbours of one height propose a
row; what else stands in their rhythm supports it. A dirty or glaring wheel that left no whole character does not end a row.
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


@dataclasses.dataclass(frozen=True)
class Row:
    """Places origin + k · pitch, in pixels, where characters of one height stand, k from first to last."""

    origin: Points
    pitch: Points
    height: float
    first: int
    last: int
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


def characters(grey: Image) -> Characters:
    """The parts of a photo, uint8 [H, W], that may be characters."""
    found: list[Found] = []
    smooth = cv2.GaussianBlur(grey, (3, 3), 0)
    for share in BLOCK_SHARES:
        block = max(int(share * max(grey.shape)), 3) | 1
        for dark in (True, False):
            kind, offset = (cv2.THRESH_BINARY_INV, OFFSET_LEVELS) if dark else (cv2.THRESH_BINARY, -OFFSET_LEVELS)
            binary = cv2.adaptiveThreshold(smooth, 255, cv2.ADAPTIVE_THRESH_MEAN_C, kind, block, offset)
            found += _parts(np.asarray(binary, np.uint8), dark)
    found = sorted(found, key=lambda it: -it[2])[:MAX_CHARACTERS]
    table = np.array([it[:4] for it in found], np.float64).reshape(-1, 4)
    extents = np.zeros((len(found), ANGLES))
    if found:
        angles = np.radians(np.arange(ANGLES) * ANGLE_STEP_DEG)
        along = np.concatenate([it[4] for it in found]) @ np.array([np.cos(angles), np.sin(angles)])
        starts = np.cumsum([0, *(len(it[4]) for it in found[:-1])])
        extents = np.maximum.reduceat(along, starts) - np.minimum.reduceat(along, starts) + 1
    return Characters(table[:, :2], table[:, 2], extents, table[:, 3] > 0)


def _parts(binary: Image, dark: bool) -> list[Found]:
    """Centre, longest side, darkness and convex hull of each connected part of a size and shape that a character may have."""
    contours, hierarchy = cv2.findContours(binary, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    largest = MAX_SIZE_SHARE * min(binary.shape)
    found: list[Found] = []
    parents = np.asarray(hierarchy).reshape(-1, 4)[:, 3].tolist() if contours else []  # OpenCV gives None for no contour
    for contour, parent in zip(contours, parents, strict=True):
        # A hole is no part; and the upright box is quicker than the turned one for the many that are too small.
        if parent >= 0 or not 0.7 * MIN_SIZE_PX <= max(cv2.boundingRect(contour)[2:]) <= largest:
            continue
        (x, y), sides, _ = cv2.minAreaRect(contour)
        if max(sides) + 1 >= MIN_SIZE_PX and min(sides) >= THINNEST * max(sides):
            hull = np.asarray(cv2.convexHull(contour), np.float64).reshape(-1, 2)
            found.append((x + 0.5, y + 0.5, max(sides) + 1, dark, hull))
    return found


def rows(parts: Characters) -> list[Row]:
    """Rows in which at least `MIN_SUPPORT` characters stand, the best first, each once, read rightwards (or downwards)."""
    first, second = _neighbours(parts)
    step = parts.centres[second] - parts.centres[first]
    pitch = np.hypot(step[:, 0], step[:, 1])
    along = np.rint(np.degrees(np.arctan2(step[:, 1], step[:, 0])) / ANGLE_STEP_DEG).astype(int) % ANGLES
    across = (along + ANGLES // 2) % ANGLES
    one, other = parts.extents[first, across], parts.extents[second, across]
    width = np.maximum(parts.extents[first, along], parts.extents[second, along])
    height = (one + other) / 2
    fits = (np.maximum(one, other) < LIKE * np.minimum(one, other)) & (width < WIDEST * np.minimum(height, pitch))
    fits &= (one > UPRIGHT * parts.sizes[first]) & (other > UPRIGHT * parts.sizes[second])
    fits &= (pitch > PITCHES[0] * height) & (pitch < PITCHES[1] * height)
    used = np.unique(np.concatenate([first[fits], second[fits]]))
    found = [_supported(parts, used, first[i], step[i], height[i], along[i]) for i in np.flatnonzero(fits)[:MAX_PAIRS]]
    kept: list[Row] = []
    for row in sorted((row for row in found if row is not None), key=lambda row: -row.fit):
        if len(kept) < MAX_ROWS and not any(_same(row, other) for other in kept):
            kept.append(row)
    return kept


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
    place, off = row.coordinates(parts.centres)
    k = np.rint(place)
    along = int(np.rint(np.degrees(np.arctan2(row.pitch[1], row.pitch[0])) / ANGLE_STEP_DEG)) % ANGLES
    height, width = parts.extents[:, (along + ANGLES // 2) % ANGLES], parts.extents[:, along]
    stands = (np.abs(place - k) < ALONG * looser) & (np.abs(off) < ACROSS * looser) & (np.abs(k) <= REACH)
    stands &= (height < row.height * LIKE * looser**0.5) & (row.height < height * LIKE * looser**0.5) & (width < WIDEST * row.pitch_px)
    chosen = np.nonzero(stands)[0]
    return chosen, k[chosen].astype(int)


def _supported(parts: Characters, used: Indices, first: int, step: Points, height: float, along: int) -> Row | None:
    """The row that two neighbours propose, laid through all that stand in it."""
    same = used[parts.dark[used] == parts.dark[first]]
    alike = Characters(parts.centres[same], parts.sizes[same], parts.extents[same], parts.dark[same])
    row = Row(parts.centres[first], step, float(height), 0, 1, 0.0)
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
    laid = np.linalg.lstsq(design, alike.centres[chosen], rcond=None)[0]
    uneven = float(np.abs(alike.centres[chosen] - design @ laid).mean() / np.hypot(*step))
    heights = alike.extents[chosen, (along + ANGLES // 2) % ANGLES]
    missing = high - low + 1 - support
    return Row(laid[0], laid[1], float(np.median(heights)), low, high, support - 0.5 * missing - 5 * uneven)


def _same(row: Row, other: Row) -> bool:
    """Whether both rows have like characters in the same places."""
    if not 1 / LIKE < row.height / other.height < LIKE or np.hypot(*(row.pitch - other.pitch)) > 0.1 * other.pitch_px:
        return False
    (along,), (across,) = other.coordinates(row.origin[None])
    return bool(abs(across) < 0.3 and other.first - 1 <= along <= other.last + 1 and abs(along - round(along)) < 0.25)
