"""How a counter gets on between two frames: the prior of a step, before the new frame is looked at.

Most of the time it goes on at the pace that it had; now and then a tap is opened or a stove switched off, and then it may do anything
that its pipe or wire allows. The tail for that is heavy, and thin: a step that nobody expected is believed when a second picture bears
it out.
"""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from edge.counter.wheels import Floats

Integers = npt.NDArray[np.int64]

TENTHS = 10
"""Places of the last wheel to a step, as the value is tracked."""
CHANGE = 0.1
"""Probability that the pace changes from one frame to the next."""
PACE_S, PACE_STEPS = 300.0, 10.0
"""Seconds and steps over which a pace is averaged, whichever are over first: one told by a single step is off by a fifth."""
VARIES = 0.25
"""How much a pace varies by itself, as a share of it."""
ROLLING_DIGITS, STEPPING_DIGITS = 0.05, 0.5
"""How far a step is off the pace that does not vary, because a wheel turns unevenly, or because it waits for a whole step."""
AT_REST_DIGITS = 0.02
"""The same where the last wheel's picture has not changed."""
LEAST = 0.1
"""Steps that a last wheel whose picture is new has turned by at least, as a rule."""
BACK_DIGITS = 0.35
"""So far a wheel that never turns back may be read behind where it was read before, if its picture is new."""
STILL = -12.0
"""Natural logarithm of the probability that a wheel turns and its picture does not change."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """What is known of one interval between two frames."""

    scale: int
    """Steps after which the counter is at zero again."""
    elapsed_s: float | None = None
    """None: time means nothing here, and every pace is as likely."""
    reach: float
    """Steps that it can have gone at most."""
    decreases: bool = False
    rolling: bool = True
    """Its last wheel turns all the time."""
    novelty: float = 1.0
    """How new the last wheel's picture is, 0 to 1."""

    def steps(self, to: Integers, before: Integers) -> Floats:
        """Steps [T, J] to each of the places [T] from each of the places [J], both in tenths of a step."""
        full = self.scale * TENTHS
        back = full // 2 if self.decreases else TENTHS
        gone = to[:, None] - before + back
        return np.asarray((gone - gone // full * full - back) / TENTHS, np.float64)  # a remainder would take three times as long

    def probabilities(self, steps: Floats, paces: Floats) -> tuple[Floats, Floats]:
        """Probability of each step [T, J] to a tenth, if the pace goes on and if it changes, given the paces [J] so far, in steps per
        second; NaN: none is known."""
        known = np.isfinite(paces) & (self.elapsed_s is not None)
        size = np.abs(steps) if self.decreases else np.maximum(steps, 0.0)
        possible = (size <= self.reach) & (self.decreases | (steps >= 0))
        share = np.where(known, CHANGE / math.log1p(self.reach / LEAST), 1.0 / math.log1p(self.reach))
        tail = possible / np.where(known, LEAST + size, 1.0 + np.floor(size))
        expected = np.where(known, paces, 0.0) * (self.elapsed_s or 0.0)
        expected = np.where(expected < 0, np.minimum(expected, -LEAST), np.maximum(expected, LEAST)) * self.novelty
        noise = ROLLING_DIGITS if self.rolling else STEPPING_DIGITS
        width = AT_REST_DIGITS + self.novelty * (noise + VARIES * np.abs(expected))
        steady = np.exp(-np.abs(steps - expected) / width) * (np.where(known, 1 - CHANGE, 0.0) * np.tanh(0.5 / TENTHS / width))
        if not self.decreases:
            steady *= steps >= -BACK_DIGITS * self.novelty
        return steady, math.exp(STILL * (1 - self.novelty)) / TENTHS * share * tail

    def paces(self, before: Floats, steps: Floats, changed: npt.NDArray[np.bool_]) -> Floats:
        """Steps per second after these steps, given the pace before (NaN: not known), all of one shape."""
        if not self.elapsed_s:
            return before
        gain = np.where(changed, 1.0, -np.expm1(-np.maximum(self.elapsed_s / PACE_S, np.abs(steps) / PACE_STEPS)))
        paces = (1 - gain) * np.where(np.isnan(before), 0.0, before) + gain * steps / self.elapsed_s
        return np.asarray(paces if self.decreases else np.maximum(paces, 0.0), np.float64)
