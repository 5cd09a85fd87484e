"""What a counter's own frames teach of its wheels: how far each stands off its digits, where it begins to carry, and whether the last one
rolls or steps.

Only frames that were read with certainty teach. How far a wheel stands off, those tell in which the mechanism holds it still: the wheel to
the right is far from its carry. Where it begins to move, those in which that one is near it. What is learnt are running means, so that a
mechanism that wears is followed.
"""

import dataclasses

import numpy as np
import numpy.typing as npt

from edge.counter.wheels import CARRY_STARTS, Mechanism, moved
from edge.vision.circle import position, turn

Floats = npt.NDArray[np.float64]

ENOUGH = 20
"""Pictures of the last wheel from which it is believed."""
ON_ITS_DIGIT = 4
"""A wheel stands as the others do until it is seen not to: as if it had been seen so in so many pictures."""
MEMORY = 300
"""Pictures over which the mean runs."""
AT_REST = (0.6, 7.8)
"""A wheel holds still while the one to its right stands between these digits."""
STARTS = tuple(round(8 + 0.2 * i, 1) for i in range(10))
"""Where a carry may be learnt to begin, in digits of the wheel to the right."""
NEAR_CARRY = (8.0, 10.2)
"""Where the wheel to the right stands, in digits, when it tells that."""
CARRY_MEMORY = 60
"""Pictures over which that mean runs; all of them together are as much evidence as so many."""
MOVED_DIGITS, MISREAD = 0.15, 0.1
"""Standard deviation of how far a wheel is seen to have been moved, in digits; and how likely any other way is against the likeliest: so
that one misread wheel says little."""
LIKELY = 0.05
"""Starts less probable than this are left out."""
LARGEST_DIGITS = 0.45
"""A wheel further off its digit than this is not off: something was misread."""
ROLLS, STEPS = 0.18, 0.1
"""Mean distance of the last wheel from its nearest digit: of one that turns evenly it is 0.25, of one that rests on its digits little."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Learnt:
    """Running means over the frames so far: numbers alone, to be stored as JSON."""

    offsets: tuple[float, ...] = ()
    """Digits that each wheel but the last stands too high, the first wheel first."""
    counts: tuple[int, ...] = ()
    """Pictures that each of them was seen in, at most `MEMORY`."""
    between: float = 0.0
    """Mean distance of the last wheel from its nearest digit, in digits."""
    between_count: int = 0
    carry_logs: tuple[float, ...] = ()
    """Mean natural logarithm of how likely a picture is that tells where a carry begins, for each of `STARTS`."""
    carry_count: int = 0

    def mechanism(self, known: Mechanism) -> Mechanism:
        """What is known of the mechanism, and what was learnt of it."""
        if known.display != "wheels" or not self.counts:
            return known
        rolling = known.rolling
        if rolling is None and self.between_count >= ENOUGH:
            rolling = True if self.between > ROLLS else False if self.between < STEPS else None
        starts = known.carry_starts
        if starts == CARRY_STARTS and self.carry_count >= ENOUGH:
            starts = self._starts()
        return dataclasses.replace(known, offsets=tuple(round(own, 3) for own in self.own), rolling=rolling, carry_starts=starts)

    @property
    def common(self) -> float:
        """Digits that all wheels stand too high."""
        seen = [offset for offset, count in zip(self.offsets, self.counts, strict=True) if count]
        return float(np.median(seen)) if seen else 0.0

    @property
    def own(self) -> tuple[float, ...]:
        """Digits that each wheel stands too high besides, from the first to the last."""
        common = self.common
        return *((offset - common) * count / (count + ON_ITS_DIGIT) for offset, count in zip(self.offsets, self.counts, strict=True)), 0.0

    def _starts(self) -> tuple[tuple[float, float], ...]:
        """Where a carry may begin, and the probability of that."""
        logs = self.carry_count * np.array(self.carry_logs)
        weights = np.exp(logs - np.logaddexp.reduce(logs))
        # No more of them than with nothing learnt, so that decoding takes no longer.
        best = np.sort(np.argsort(-weights, kind="stable")[: len(CARRY_STARTS)])
        best = best[weights[best] >= LIKELY]
        shares = weights[best] / weights[best].sum()
        return tuple((STARTS[i], round(share, 2)) for i, share in zip(best.tolist(), shares.tolist(), strict=True))


def learn(learnt: Learnt, probabilities: npt.NDArray[np.floating], digits: str, new: npt.NDArray[np.bool_]) -> Learnt:
    """What a frame that was read with certainty adds.

    probabilities [N, K]; digits: the true ones; new [N]: a wheel whose picture is not new teaches nothing.
    """
    places = position(probabilities).tolist()
    count = len(places) - 1
    offsets = list(learnt.offsets) if len(learnt.offsets) == count else [0.0] * count
    counts = list(learnt.counts) if len(learnt.counts) == count else [0] * count
    for i in range(count):
        off = turn(float(digits[i]), places[i])
        if (new[i] or not counts[i]) and AT_REST[0] <= places[i + 1] <= AT_REST[1] and abs(off) <= LARGEST_DIGITS:
            counts[i] = min(counts[i] + 1, MEMORY)
            offsets[i] += (off - offsets[i]) / counts[i]
    between, between_count = learnt.between, learnt.between_count
    if new[-1] and probabilities.shape[1] > 10:  # whole digits tell nothing of what is between them
        between_count = min(between_count + 1, MEMORY)
        between += (abs(turn(round(places[-1]), places[-1])) - between) / between_count
    return dataclasses.replace(learnt, offsets=tuple(offsets), counts=tuple(counts), between=between, between_count=between_count)


def learn_carry(learnt: Learnt, probabilities: npt.NDArray[np.floating], digits: str, new: npt.NDArray[np.bool_]) -> Learnt:
    """What a frame adds to where a carry begins, once it is known how the wheels stand.

    probabilities [N, K]; digits: those of the value that was published with it, and not those that the frame alone shows: read by what was
    learnt, it would bear that out; new [N]: two wheels whose pictures are both not new teach nothing.
    """
    if len(learnt.offsets) != len(digits) - 1 or not new.any():
        return learnt
    shown = [float(digit) for digit in digits]
    common, own = learnt.common, learnt.own
    past = [turn(digit, place) - common - off for place, digit, off in zip(position(probabilities).tolist(), shown, own, strict=True)]
    logs, count = np.array(learnt.carry_logs or [0.0] * len(STARTS)), learnt.carry_count
    for i in range(len(past) - 1):
        right = shown[i + 1] + past[i + 1]
        if (new[i] or new[i + 1]) and NEAR_CARRY[0] <= right <= NEAR_CARRY[1]:
            count = min(count + 1, CARRY_MEMORY)
            gaps = (past[i] - moved(np.array([right]), STARTS)[:, 0]) / MOVED_DIGITS
            logs += (np.log(np.exp(-0.5 * gaps**2) + MISREAD) - logs) / count
    return dataclasses.replace(learnt, carry_logs=tuple(logs.tolist()), carry_count=count)
