"""What a counter's own frames teach of its wheels: how far each stands off its digits, and whether the last one rolls or steps.

Only frames that were read with certainty teach, and only wheels that the mechanism holds still: the one to the right is far from its
carry. What is learnt is a running mean, so that a mechanism that wears is followed.
"""

import dataclasses

import numpy as np
import numpy.typing as npt

from edge.counter.wheels import Mechanism
from edge.vision.circle import position

Floats = npt.NDArray[np.float64]

ENOUGH = 20
"""Pictures of the last wheel from which it is believed."""
ON_ITS_DIGIT = 4
"""A wheel stands as the others do until it is seen not to: as if it had been seen so in so many pictures."""
MEMORY = 300
"""Pictures over which the mean runs."""
AT_REST = (0.6, 7.8)
"""A wheel holds still while the one to its right stands between these digits."""
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

    def mechanism(self, known: Mechanism) -> Mechanism:
        """What is known of the mechanism, and what was learnt of it."""
        if known.display != "wheels" or not self.counts:
            return known
        seen = [offset for offset, count in zip(self.offsets, self.counts, strict=True) if count]
        common = float(np.median(seen)) if seen else 0.0
        rolling = known.rolling
        if rolling is None and self.between_count >= ENOUGH:
            rolling = True if self.between > ROLLS else False if self.between < STEPS else None
        own = [
            round((offset - common) * count / (count + ON_ITS_DIGIT), 3) for offset, count in zip(self.offsets, self.counts, strict=True)
        ]
        return dataclasses.replace(known, offsets=(*own, 0.0), rolling=rolling)


def learn(learnt: Learnt, probabilities: npt.NDArray[np.floating], digits: str, new: npt.NDArray[np.bool_]) -> Learnt:
    """What a frame that was read with certainty adds.

    probabilities [N, K]; digits: the true ones; new [N]: a wheel whose picture is not new teaches nothing.
    """
    places = position(probabilities)
    count = len(places) - 1
    offsets = list(learnt.offsets) if len(learnt.offsets) == count else [0.0] * count
    counts = list(learnt.counts) if len(learnt.counts) == count else [0] * count
    for i in range(count):
        off = _off(places[i], float(digits[i]))
        if (new[i] or not counts[i]) and AT_REST[0] <= places[i + 1] <= AT_REST[1] and abs(off) <= LARGEST_DIGITS:
            counts[i] = min(counts[i] + 1, MEMORY)
            offsets[i] += (off - offsets[i]) / counts[i]
    between, between_count = learnt.between, learnt.between_count
    if new[-1]:
        between_count = min(between_count + 1, MEMORY)
        between += (abs(_off(places[-1], float(round(places[-1])))) - between) / between_count
    return Learnt(offsets=tuple(offsets), counts=tuple(counts), between=between, between_count=between_count)


def _off(place: float, digit: float) -> float:
    """Digits from a digit to a place on the circle, -5 to 5."""
    return float((place - digit + 5) % 10 - 5)
