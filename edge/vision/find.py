"""Where in a whole photo the counter's window is: the rows of characters that are most likely a counter's digits.

A row (`edge.vision.rows`) is continued beyond its ends, for a digit that glare or dirt has broken is none of its characters. A
recogniser, where there is one, decides which places hold digits, where the row begins and ends, and which way up it is read: it is
sure of a digit, and sure of the same one where the cell is cut a little to the left or right, and neither of anything else.
"""

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.cells import CELL_SIZE, Image, to_cells
from edge.vision.rows import Characters, Row, characters, rows, standing
from edge.vision.window import Corners, strip

Floats = npt.NDArray[np.float64]
Recognize = Callable[[Image], npt.NDArray[np.float32]]
"""Cells uint8 [N, 32, 32, 1] → probabilities float32 [N, K] over K classes on the circle of ten digits."""

WORK_PX = 1300
"""Photos are searched at this length of their longer side."""
MIN_DIGITS, MAX_DIGITS = 3, 10
BEYOND = 3
"""Places looked at beyond each end of a row."""
WINDOW_HEIGHT = 1.4
"""Height of the window, in heights of a digit."""
CELL_HEIGHT, CELL_WIDTH = 1.5, 0.85
"""A cell around a digit, as the recogniser's training has them, in heights of the digit."""
HEIGHTS = (1.0, 0.72)
"""What is seen as a character may be the digit, or the opening that its wheel shows in."""
CUTS = (-0.1, 0.0, 0.1)
"""Where cells are cut, in heights beside the digit's place."""
SURE_DIGITS = 0.5
"""Probability within this distance of the likeliest position counts as certainty."""
CERTAINTY = 0.75
"""A place that is less certain speaks against the row."""
UNSEEN = 0.9
"""Certainty of a place without a recogniser, where no character was seen."""
CARRIES, SLACK = (8.4, 9.4), 0.25
"""Where on the wheel to its right a wheel begins to move, at the earliest and the latest; and how far off it may stand. In digits."""
UNCOUPLED = 0.5
"""Certain digits that a wheel counts against which stands where it cannot."""
UPSIDE_DOWN, OTHER_HEIGHT, NO_LEADING_ZERO = 0.96, 0.97, 0.97
"""What is less usual, all else being equal: many digits read as well the other way round."""
PALE, SMALL = 0.15, 0.1
"""Exponents of contrast and size, against the row where they are largest: a counter is made to be read."""
MIN_SCORE, SURE_SCORE = 0.4, 0.77
"""From the first on a row is worth showing to a person, from the second on it is a counter: of real ones that were turned, shrunk, blurred
and laid under noise 99 in 100 have more, while print, grids and noise have less."""
MIN_CONTRAST = 0.3
OVERLAP = 0.3


@dataclasses.dataclass(frozen=True)
class Proposal:
    """A window that may be the counter's, the number of its digits, and how much speaks for it, 0 to 1."""

    corners: Corners
    digits: int
    score: float


@dataclasses.dataclass(frozen=True)
class _Judged:
    proposal: Proposal
    height: float
    contrast: float


def find(frame: Image, *, recognize: Recognize | None = None, digits: int | None = None, limit: int = 5) -> list[Proposal]:
    """Windows of a photo, uint8 [H, W] or [H, W, 3], that may be a counter's, in any rotation, best first, at most `limit`.

    digits: how many the window shows, where that is known; a part of a longer row counts for less. Corners lie within the photo. Where
    a row may be read either way round, it is proposed both ways, the likelier first. Without `recognize`, that is the one less turned,
    and rows are judged by their evenness alone.
    """
    grey = frame if frame.ndim == 2 else np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)
    shrink = max(1.0, max(grey.shape) / WORK_PX)
    if shrink > 1:
        grey = np.asarray(cv2.resize(grey, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA), np.uint8)
    parts = characters(grey)
    judged = [it for row in rows(parts) for it in _readings(grey, row, parts, recognize, digits)]
    if not judged:
        return []
    palest, smallest = max(it.contrast for it in judged), max(it.height for it in judged)
    proposals = [
        dataclasses.replace(it.proposal, score=it.proposal.score * (it.contrast / palest) ** PALE * (it.height / smallest) ** SMALL)
        for it in judged
    ]
    kept: list[Proposal] = []
    for proposal in sorted(proposals, key=lambda it: -it.score):
        if len(kept) < limit and proposal.score >= MIN_SCORE and not any(_same(proposal, other) for other in kept):
            kept.append(proposal)
    size = np.array([frame.shape[1], frame.shape[0]])
    to_frame = size / np.array([grey.shape[1], grey.shape[0]])
    return [dataclasses.replace(it, corners=np.clip(it.corners * to_frame, 0, size)) for it in kept]


def _readings(grey: Image, row: Row, parts: Characters, recognize: Recognize | None, digits: int | None) -> list[_Judged]:
    """The row's best run of digits for each way round and each height, as far as one is likely at all."""
    places = np.arange(row.first - BEYOND, row.last + BEYOND + 1)
    middles = row.origin + places[:, None] * row.pitch
    outside = ((middles < 0) | (middles > (grey.shape[1], grey.shape[0]))).any(1)
    seen = np.isin(places, standing(parts, row, loosely=True)[1])
    found = []
    for height_share in HEIGHTS if recognize else HEIGHTS[:1]:
        height = row.height * height_share
        crops = [_crop(grey, row, int(k), height, cut) for k in places for cut in CUTS]
        contrasts = np.array([np.subtract(*np.percentile(crop, [95, 5])) for crop in crops[len(CUTS) // 2 :: len(CUTS)]])
        bad = outside | (contrasts < MIN_CONTRAST * np.median(contrasts[BEYOND:-BEYOND]))
        for turned in (False, True):
            positions, certainty = np.zeros(len(places)), np.where(seen, 1.0, UNSEEN)
            if recognize is not None:
                positions, certainty = _certainty(recognize(to_cells([crop[::-1, ::-1] if turned else crop for crop in crops])))
            score, start, stop = _run(certainty, seen, bad, positions, turned, digits)
            score *= (UPSIDE_DOWN if turned else 1.0) * (OTHER_HEIGHT if height_share != 1.0 else 1.0)
            if score >= MIN_SCORE:
                corners = _box(row, places[start], places[stop - 1], height * WINDOW_HEIGHT, row.pitch_px)
                proposal = Proposal(np.roll(corners, 2, 0) if turned else corners, stop - start, min(score, 1.0))
                found.append(_Judged(proposal, height, float(np.median(contrasts[start:stop]))))
    return found


def _box(row: Row, first: float, last: float, height: float, width: float) -> Corners:
    """From place `first` to place `last`, with half of `width` beyond each."""
    along = row.pitch / row.pitch_px
    down = np.array([-along[1], along[0]]) * height / 2
    left, right = row.origin + first * row.pitch - along * width / 2, row.origin + last * row.pitch + along * width / 2
    return np.array([left - down, right - down, right + down, left + down])


def _crop(grey: Image, row: Row, place: int, height: float, cut: float) -> Image:
    """The cell around a place, cut a little beside it, uint8 [32, 32]."""
    where = place + cut * height / row.pitch_px
    corners = _box(row, where, where, CELL_HEIGHT * height, min(CELL_WIDTH * height, row.pitch_px))
    return strip(grey, corners, size=(CELL_SIZE, CELL_SIZE))


def _certainty(probabilities: npt.NDArray[np.float32]) -> tuple[Floats, Floats]:
    """The position of each place in digits and its certainty, 0 to 1, from the probabilities of its cuts."""
    mean = probabilities.reshape(-1, len(CUTS), probabilities.shape[1]).mean(1)
    classes = mean.shape[1]
    peak = mean.argmax(1)
    reach = int(SURE_DIGITS * classes / 10)
    near = mean[np.arange(len(mean))[:, None], (peak[:, None] + np.arange(-reach, reach + 1)) % classes].sum(1)
    return peak * 10.0 / classes, np.minimum(near.astype(np.float64), 1.0)


def _run(
    certainty: Floats, seen: npt.NDArray[np.bool_], bad: npt.NDArray[np.bool_], positions: Floats, turned: bool, digits: int | None
) -> tuple[float, int, int]:
    """The likeliest run of so many digits, or of any number: its score, first place and the place after its last.

    bad: places that hold no digit, too pale or beyond the photo.
    """
    gain = (certainty - CERTAINTY) / (1 - CERTAINTY)
    gain = np.where(gain < 0, 2 * gain, gain)
    # A character that was seen in a place tells a third of what there is to know.
    gain = np.where(seen & (gain > 0), 1 - (1 - gain) / 1.5, gain)
    gain = np.where(bad, -2.0, gain)
    total = np.concatenate([[0.0], np.cumsum(gain)])
    # Along the reading direction, whether each place can stand where it does beside the next.
    coupled = _coupled(positions[::-1])[::-1] if turned else _coupled(positions)
    uncoupled = np.concatenate([[0], np.cumsum(~coupled)])
    best = (0.0, 0, 0)
    counts = range(MIN_DIGITS, MAX_DIGITS + 1) if digits is None else (digits,)
    # A digit right before or behind says that the row is longer than it should be.
    beyond = np.pad(np.maximum(gain, 0.0), 1) if digits is not None else np.zeros(len(gain) + 2)
    for start in range(len(certainty)):
        for count in (count for count in counts if start + count <= len(certainty)):
            stop = start + count
            leading = positions[stop - 1] if turned else positions[start]
            apart = uncoupled[stop] - uncoupled[start + 1] if turned else uncoupled[stop - 1] - uncoupled[start]
            sure = (total[stop] - total[start] - UNCOUPLED * apart - beyond[start] - beyond[stop + 1]) / count
            score = sure * (1 - 0.5 ** (count - 1)) * (1.0 if leading < 0.5 or leading >= 9.5 else NO_LEADING_ZERO)
            best = max(best, (float(score), start, stop))
    return best


def _coupled(positions: Floats) -> npt.NDArray[np.bool_]:
    """Whether each wheel [N], the first wheel first, rests, or has begun to move because the one to its right passes from 9 to 0."""
    right = np.roll(positions, -1)
    least, most = np.clip((right - CARRIES[1]) / (10 - CARRIES[1]), 0, 1), np.clip((right - CARRIES[0]) / (10 - CARRIES[0]), 0, 1)
    # A whole turn on is the same place: 9.9 is a tenth short of resting.
    moved = positions % 1.0
    return np.asarray(
        ((least - SLACK <= moved) & (moved <= most + SLACK)) | ((least - SLACK <= moved - 1) & (moved - 1 <= most + SLACK)), np.bool_
    )


def _same(one: Proposal, other: Proposal) -> bool:
    """Whether two proposals are of one place, and read the same way round."""
    if (one.corners[1] - one.corners[0]) @ (other.corners[1] - other.corners[0]) < 0:
        return False
    a, b = one.corners.astype(np.float32), other.corners.astype(np.float32)
    common = float(cv2.intersectConvexConvex(a, b)[0])
    return common > OVERLAP * min(cv2.contourArea(a), cv2.contourArea(b))
