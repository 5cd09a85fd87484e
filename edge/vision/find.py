"""Where in a whole photo the counter's window is: the rows of characters that are most likely a counter's digits.

A row (`edge.vision.rows`) is continued beyond its ends, for a digit that glare or dirt has broken is none of its characters. A
recogniser, where there is one, decides which places hold digits, where the row begins and ends, and which way up it is read: it is
sure of a digit, and sure of the same one where the cell is cut a little to the left or right, and neither of anything else.
"""

import dataclasses
import enum
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.cells import CELL_SIZE, Image, to_cells
from edge.vision.characters import Characters, characters, displayed, shrunk
from edge.vision.rows import Row, rows, standing
from edge.vision.runs import Floats, Places, Run
from edge.vision.window import Corners, luminance, strip

Recognize = Callable[[Image], npt.NDArray[np.float32]]
"""Cells uint8 [N, 32, 32, 1] → probabilities float32 [N, K] over K classes on the circle of ten digits."""

WORK_PX = 1300
"""Photos are searched at this length of their longer side."""
DISPLAY_ROWS = 2
"""Of the rows of a display's digits so many are looked at: the right one is the longest in most photos that show one."""
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
UNSEEN = 0.9
"""Certainty of a place without a recogniser, where no character was seen."""
UPSIDE_DOWN, OTHER_HEIGHT = 0.96, 0.97
"""What is less usual, all else being equal: many digits read as well the other way round."""
PALE, SMALL = 0.15, 0.1
"""Exponents of contrast and size, against the row where they are largest: a counter is made to be read."""
MIN_SCORE, SURE_SCORE = 0.4, 0.77
"""From the first on a row is worth showing to a person, from the second on it is a counter: of real ones that were turned, shrunk, blurred
and laid under noise 99 in 100 have more, while print, grids and noise have less."""
SURE_CERTAINTY = 0.8
"""From here on a window is taken for the right one: of counters rendered into other scenes than those fitted to, 95 in 100 that reach it
are right (87 in 100 of all), and 86 in 100 right ones reach it. Of ones put together from single wheels of the training meters, whose ends
match less well than real counters' do, it is 72 (58 of all), and 83."""
MIN_CONTRAST = 0.3
OVERLAP = 0.3
OTHER_PITCH = 1.18
"""Rows whose pitches differ by this factor tell the digits in one place differently."""
LOG_ODDS = 10.0
"""By how much the natural logarithm of the odds between two rows differs for each digit, where their scores differ by 1. Fitted to which
way round rendered counters were read."""


class Doubt(enum.Enum):
    """What a proposal may be, if it is not the counter's window."""

    EXTENT = enum.auto()
    """The same row, longer or shorter, or beginning elsewhere."""
    TURNED = enum.auto()
    """The same row, read the other way round."""
    PITCH = enum.auto()
    """A row in the same place with other digits: as where every second one was taken."""
    ELSEWHERE = enum.auto()
    """Another row."""


@dataclasses.dataclass(frozen=True)
class Rival:
    """The likeliest alternative to a proposal, and the number of its digits; of the proposal itself, where its row alone is in question."""

    doubt: Doubt
    digits: int


@dataclasses.dataclass(frozen=True)
class Proposal:
    """A window that may be the counter's, the number of its digits, and how much speaks for it, 0 to 1."""

    corners: Corners
    digits: int
    score: float
    certainty: float
    """How likely this is the window and none of its alternatives is, 0 to 1."""
    rival: Rival


@dataclasses.dataclass(frozen=True)
class _Judged:
    proposal: Proposal
    height: float
    contrast: float
    pitch: float
    wanted: bool
    """It has as many digits as were asked for."""


def find(frame: Image, *, recognize: Recognize | None = None, digits: int | None = None, limit: int = 5) -> list[Proposal]:
    """Windows of a photo, uint8 [H, W] or [H, W, 3], that may be a counter's, in any rotation, best first, at most `limit`.

    digits: how many the window shows, where that is known; a part of a longer row counts for less. Corners lie within the photo. Where
    a row may be read either way round, it is proposed both ways, the likelier first. Without `recognize`, that is the one less turned,
    and rows are judged by their evenness alone.
    """
    grey = luminance(frame)
    grey, _ = shrunk(grey, WORK_PX)
    parts = characters(grey)
    judged = [it for row in rows(parts) for it in _readings(grey, row, parts, recognize, digits)]
    proposals = _best(judged, limit)
    if not (proposals and proposals[0].score >= SURE_SCORE and proposals[0].certainty >= SURE_CERTAINTY):
        parts = displayed(grey)
        judged += [it for row in rows(parts, side=1)[:DISPLAY_ROWS] for it in _readings(grey, row, parts, recognize, digits)]
        proposals = _best(judged, limit)
    size = np.array([frame.shape[1], frame.shape[0]])
    to_frame = size / np.array([grey.shape[1], grey.shape[0]])
    return [dataclasses.replace(it, corners=np.clip(it.corners * to_frame, 0, size)) for it in proposals]


def _best(judged: list[_Judged], limit: int) -> list[Proposal]:
    """The best of each place, best first, at most `limit`; each as certain as it is beside all others."""
    wanted = [it for it in judged if it.wanted]
    if not wanted:
        return []
    palest, smallest = max(it.contrast for it in wanted), max(it.height for it in wanted)
    judged = [_scored(it, (it.contrast / palest) ** PALE * (it.height / smallest) ** SMALL) for it in judged]
    judged.sort(key=lambda it: -it.proposal.score)
    kept: list[_Judged] = []
    for each in judged:
        good = each.wanted and len(kept) < limit and each.proposal.score >= MIN_SCORE
        if good and not any(_same(each.proposal, other.proposal) for other in kept):
            kept.append(each)
    return [_weighed(each, judged) for each in kept]


def _readings(grey: Image, row: Row, parts: Characters, recognize: Recognize | None, digits: int | None) -> list[_Judged]:
    """The row's best run of digits for each way round and each height, as far as one is likely at all."""
    places = np.arange(row.first - BEYOND, row.last + BEYOND + 1)
    middles = row.origin + places[:, None] * row.pitch
    outside = ((middles < 0) | (middles > (grey.shape[1], grey.shape[0]))).any(1)
    seen = np.isin(places, standing(parts, row, loosely=True)[1])
    found = []
    for height_share in HEIGHTS if recognize and not row.side else HEIGHTS[:1]:
        height = row.height * height_share
        crops = [_crop(grey, row, int(k), height, cut) for k in places for cut in CUTS]
        low, levels, high = np.percentile(crops[len(CUTS) // 2 :: len(CUTS)], [5, 50, 95], axis=(1, 2))
        contrasts = high - low
        bad = outside | (contrasts < MIN_CONTRAST * np.median(contrasts[BEYOND:-BEYOND]))
        for turned in (False, True):
            positions, certainty = np.zeros(len(places)), np.where(seen, 1.0, UNSEEN)
            if recognize is not None:
                positions, certainty = _certainty(recognize(to_cells([crop[::-1, ::-1] if turned else crop for crop in crops])))
            told = Places(certainty, positions, seen, bad, levels, contrasts, turned)
            usual = (UPSIDE_DOWN if turned else 1.0) * (OTHER_HEIGHT if height_share != 1.0 else 1.0)
            for count in (None,) if digits is None else (digits, None):
                run = told.likeliest(count)
                if run.score * usual >= MIN_SCORE:
                    corners = _box(row, places[run.start], places[run.stop - 1], height * WINDOW_HEIGHT, row.pitch_px)
                    proposal = _proposal(told, run, np.roll(corners, 2, 0) if turned else corners, usual, counted=count is not None)
                    contrast = float(np.median(contrasts[run.start : run.stop]))
                    found.append(_Judged(proposal, height, contrast, row.pitch_px, wanted=count == digits))
    return found


def _proposal(told: Places, run: Run, corners: Corners, usual: float, *, counted: bool) -> Proposal:
    """A run as a proposal, as certain as its ends are."""
    count = run.stop - run.start
    return Proposal(corners, count, min(run.score * usual, 1.0), told.ends(run, counted=counted), Rival(Doubt.EXTENT, count))


def _scored(judged: _Judged, share: float) -> _Judged:
    return dataclasses.replace(judged, proposal=dataclasses.replace(judged.proposal, score=judged.proposal.score * share))


def _weighed(one: _Judged, judged: list[_Judged]) -> Proposal:
    """The proposal, with its certainty against all that it may be instead: of each doubt the best row. judged: best first."""
    mine = one.proposal
    rivals: dict[Doubt, Proposal] = {}
    for other in judged:
        if (doubt := _doubt(one, other)) is not None:
            rivals.setdefault(doubt, other.proposal)
    if not rivals:
        return mine
    odds = sum(np.exp(LOG_ODDS * mine.digits * (other.score - mine.score)) for other in rivals.values())
    certainty = float(1 / (1 + odds))
    doubt, likeliest = next(iter(rivals.items()))
    rival = Rival(doubt, likeliest.digits) if certainty < mine.certainty else mine.rival
    return dataclasses.replace(mine, certainty=mine.certainty * certainty, rival=rival)


def _doubt(one: _Judged, other: _Judged) -> Doubt | None:
    """What the other tells otherwise, if anything."""
    overlap = _overlap(one.proposal, other.proposal)
    if overlap and not 1 / OTHER_PITCH < one.pitch / other.pitch < OTHER_PITCH:
        return Doubt.PITCH
    if not other.wanted:
        return None
    if not overlap:
        return Doubt.ELSEWHERE
    if not _alike(one.proposal, other.proposal):
        return Doubt.TURNED
    return Doubt.EXTENT if one.proposal.digits != other.proposal.digits else None


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


def _same(one: Proposal, other: Proposal) -> bool:
    """Whether two proposals are of one place, and read the same way round."""
    return _alike(one, other) and _overlap(one, other)


def _alike(one: Proposal, other: Proposal) -> bool:
    """Whether both are read the same way round."""
    return bool((one.corners[1] - one.corners[0]) @ (other.corners[1] - other.corners[0]) >= 0)


def _overlap(one: Proposal, other: Proposal) -> bool:
    a, b = one.corners.astype(np.float32), other.corners.astype(np.float32)
    common = float(cv2.intersectConvexConvex(a, b)[0])
    return common > OVERLAP * min(cv2.contourArea(a), cv2.contourArea(b))
