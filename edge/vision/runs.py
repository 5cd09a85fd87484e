"""Which places of a row hold the counter's digits, by what a recogniser says of each: the likeliest run, and how certain its ends are."""

import dataclasses
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MIN_DIGITS, MAX_DIGITS = 3, 10
CERTAINTY = 0.75
"""A place that is less certain speaks against the row."""
LOST = -2.0
"""What a place weighs that holds no digit: a good one weighs 1."""
CARRIES, SLACK = (8.4, 9.4), 0.25
"""Where on the wheel to its right a wheel begins to move, at the earliest and the latest; and how far off it may stand. In digits."""
UNCOUPLED = 0.5
"""Certain digits that a wheel counts against which stands where it cannot."""
NO_LEADING_ZERO = 0.97
"""It is less usual, all else being equal."""
FIRST_OR_LAST = (-4.7, 9.3, 1.6, -8.1, 0.0)
RIGHT_BESIDE = (-1.5, 1.2, 2.1, -5.7, -1.5)
"""Natural logarithm of the odds that a run's first or last place holds a digit of it, and that one right beside it does: a constant, then
by what it weighs, whether a character was seen there, how much lighter or darker it is than the run, and whether it stands where the
wheel beside it does not let it. Fitted by logistic regression to rendered counters in 500 scenes with print, units and dials, the first
also to 600 whose wheels are the training meters'."""
MAX_SHADE = 0.4
"""How much lighter or darker a place may be, in contrasts of the run: more tells no more."""


class Run(NamedTuple):
    """Neighbouring places, from the first to the one after the last."""

    score: float
    start: int
    stop: int


@dataclasses.dataclass(frozen=True)
class Places:
    """N places of a row, [N] each, from left to right (or top to bottom)."""

    certainty: Floats
    """How sure it is that there is a digit, 0 to 1."""
    positions: Floats
    """In digits."""
    seen: Bools
    """A character was seen there."""
    bad: Bools
    """Too pale, or beyond the photo."""
    levels: Floats
    """Median grey level."""
    contrasts: Floats
    """In grey levels."""
    turned: bool
    """The row is read from the other end."""

    @cached_property
    def gain(self) -> Floats:
        """What each place weighs for the run that it is in, 1 at most."""
        gain = (self.certainty - CERTAINTY) / (1 - CERTAINTY)
        gain = np.where(gain < 0, 2 * gain, gain)
        # A character that was seen in a place tells a third of what there is to know.
        gain = np.where(self.seen & (gain > 0), 1 - (1 - gain) / 1.5, gain)
        return np.where(self.bad, LOST, gain)

    @cached_property
    def uncoupled(self) -> Bools:
        """[N - 1]: of each place and the next, the wheel to the left as one reads cannot stand where it does."""
        return ~(_coupled(self.positions[::-1])[::-1][1:] if self.turned else _coupled(self.positions)[:-1])

    def likeliest(self, digits: int | None) -> Run:
        """The best run of so many digits, or of any number; its score is 0 where there is none."""
        total = np.concatenate([[0.0], np.cumsum(self.gain)])
        apart = np.concatenate([[0], np.cumsum(self.uncoupled)])
        best = Run(0.0, 0, 0)
        counts = range(MIN_DIGITS, MAX_DIGITS + 1) if digits is None else (digits,)
        # A digit right before or behind says that the row is longer than it should be.
        beyond = np.pad(np.maximum(self.gain, 0.0) * float(digits is not None), 1)
        for start in range(len(total) - 1):
            for count in (count for count in counts if start + count < len(total)):
                stop = start + count
                leading = self.positions[stop - 1] if self.turned else self.positions[start]
                against = UNCOUPLED * (apart[stop - 1] - apart[start]) + beyond[start] + beyond[stop + 1]
                sure = (total[stop] - total[start] - against) / count
                score = sure * (1 - 0.5 ** (count - 1)) * (1.0 if leading < 0.5 or leading >= 9.5 else NO_LEADING_ZERO)
                best = max(best, Run(float(score), start, stop))
        return best

    def ends(self, run: Run, *, counted: bool) -> float:
        """How certain it is that the run begins and ends where it does, 0 to 1. counted: the number of digits is known, so that it could
        only begin and end a place earlier or later.
        """
        within = slice(run.start, run.stop)
        shade = np.abs(self.levels - np.median(self.levels[within])) / max(float(np.median(self.contrasts[within])), 1.0)
        shade = np.minimum(shade, MAX_SHADE)
        apart = np.pad(self.uncoupled, 1)  # entry k: of the places k - 1 and k

        def odds(weights: tuple[float, ...], place: int, pair: int) -> float:
            if not 0 <= place < len(self.gain):
                return -np.inf
            told = (1.0, max(float(self.gain[place]), LOST), float(self.seen[place]), float(shade[place]), float(apart[pair]))
            return float(np.dot(weights, told))

        first, last = odds(FIRST_OR_LAST, run.start, run.start), odds(FIRST_OR_LAST, run.stop - 1, run.stop)
        before, after = odds(RIGHT_BESIDE, run.start - 1, run.start), odds(RIGHT_BESIDE, run.stop, run.stop)
        if counted:
            return float(1 / (1 + np.exp(after - first) + np.exp(before - last)))
        return float(1 / np.prod(1 + np.exp([-first, -last, before, after])))


def _coupled(positions: Floats) -> Bools:
    """Whether each wheel [N], the first wheel first, rests, or has begun to move because the one to its right passes from 9 to 0."""
    right = np.roll(positions, -1)
    least, most = np.clip((right - CARRIES[1]) / (10 - CARRIES[1]), 0, 1), np.clip((right - CARRIES[0]) / (10 - CARRIES[0]), 0, 1)
    # A whole turn on is the same place: 9.9 is a tenth short of resting.
    moved = positions % 1.0
    return np.asarray(
        ((least - SLACK <= moved) & (moved <= most + SLACK)) | ((least - SLACK <= moved - 1) & (moved - 1 <= most + SLACK)), np.bool_
    )
