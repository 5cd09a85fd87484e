"""What the network says of each wheel, as likelihoods on one fine circle: the odometer's raw material.

Positions are in digits on a circle of ten, in steps of a twentieth: fine enough to tell 0.95 from 1.0 once the common offset of all
wheels is known.
"""

import dataclasses
import functools
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Display = Literal["wheels", "lcd"]

STEPS_PER_DIGIT = 20
STEPS = 10 * STEPS_PER_DIGIT
SHARPNESS = 3.0
DOUBT = 0.01
"""Share of the probability that is spread over the whole circle: how often the network is sure and wrong on meters it has never seen."""
BACKLASH_DIGITS = 0.08
"""Standard deviation of a wheel's own place about where the mechanism puts it."""
OFFSETS = tuple(round(0.1 * i, 1) for i in range(-4, 5))
OFFSET_DIGITS = 0.15
"""The offset that all wheels share, because the window is drawn a little high or low: those considered, and its standard deviation."""
TURNING = {True: 1.0, None: 0.6, False: 0.1}
"""Probability that the last wheel is met anywhere on its way, and not at rest on a digit, by what is known of it (`Mechanism.rolling`)."""
RESTING_DIGITS = 0.06
"""Standard deviation of the last wheel's place where it rests."""
CARRY_STARTS = {8.4: 0.25, 9.0: 0.5, 9.4: 0.25}
"""Where on the wheel to the right, in digits, a wheel begins to move, and how common that is; it arrives when that one reaches 0."""
NEVER = 10.0
"""Where digits begin to move that are no wheels."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mechanism:
    """How one counter's wheels move. The defaults fit a counter that nobody has seen yet; what is learnt narrows them."""

    display: Display = "wheels"
    """lcd: each digit stands for itself, and none is ever between two."""
    rolling: bool | None = None
    """True: the last wheel turns all the time, and its digit is the last one passed. False: it steps from digit to digit, or follows
    wheels outside the window, and rests on a digit nearly always. None: not known, both are considered."""
    carry_start: float | None = None
    """Digits; None: not known, every entry of `CARRY_STARTS` is considered."""
    offset: float | None = None
    """Digits that all wheels stand too high; None: not known, estimated with the value."""
    offsets: tuple[float, ...] = ()
    """Digits that each wheel stands too high by itself, as learnt, from the first (leftmost) to the last."""


def sharpened(probabilities: npt.NDArray[np.floating]) -> Floats:
    """The network's probabilities [N, K] (K = 10 or 100) as the odometer takes them, float64 [N, K]: never without a doubt, and each peak
    with its mass as it was, and narrower. The network is taught targets as wide as the labels' noise, and knows better."""
    wide = np.asarray(probabilities, np.float64)
    classes = wide.shape[1]
    if classes != 10:
        near = np.maximum(wide @ _neighbourhood(classes), 1e-12)
        narrow = wide * (wide / near) ** SHARPNESS
        wide = narrow * (near / np.maximum(narrow @ _neighbourhood(classes), 1e-12))
    return np.asarray((1 - DOUBT) * wide + DOUBT / classes, np.float64)


def likelihoods(narrow: Floats, sigma_digits: float = 0.0) -> Floats:
    """P(what the network saw | place) up to a factor, float64 [..., 200], from `sharpened` probabilities [..., K], where each wheel may
    stand off its place with a standard deviation of `sigma_digits`."""
    return np.asarray(narrow @ _refinement(narrow.shape[-1], sigma_digits), np.float64)


def blurred(fine: Floats, sigma_digits: float) -> Floats:
    """Likelihoods [..., 200] where each wheel may stand off its place with a standard deviation of `sigma_digits`."""
    return fine @ _blur(sigma_digits)


def turned(fine: Floats, steps: Integers) -> Floats:
    """Likelihoods [N, 200] of wheels that stand so many steps too high, [N, O]: float64 [N, O, 200]."""
    twice = np.concatenate([fine, fine], axis=1)
    first = 2 * STEPS * np.arange(len(fine))[:, None] + steps % STEPS  # in `twice` laid flat
    return np.asarray(twice.take(first[..., None] + np.arange(STEPS)), np.float64)


@functools.cache
def _neighbourhood(classes: int) -> Floats:
    gap = np.abs(np.arange(classes)[:, None] - np.arange(classes)[None, :])
    return np.asarray(np.minimum(gap, classes - gap) * 10 / classes <= 0.35, np.float64)


@functools.cache
def _refinement(classes: int, sigma_digits: float) -> Floats:
    """[K, 200]: linear interpolation between tenths; with whole digits, the digit within half a digit of its place. Then the blur."""
    steps = STEPS // classes
    gap = np.minimum(np.arange(STEPS), STEPS - np.arange(STEPS))
    first = np.maximum(1 - gap / steps, 0.0)
    if classes == 10:
        first = (np.arange(STEPS) < steps // 2) | (np.arange(STEPS) >= STEPS - steps // 2)
    if sigma_digits:
        first = first @ _blur(sigma_digits)
    return np.asarray(first[(np.arange(STEPS) - steps * np.arange(classes)[:, None]) % STEPS], np.float64)


@functools.cache
def _blur(sigma_digits: float) -> Floats:
    gap = np.abs(np.arange(STEPS)[:, None] - np.arange(STEPS)[None, :])
    gap = np.minimum(gap, STEPS - gap) / STEPS_PER_DIGIT
    kernel = np.exp(-0.5 * (gap / sigma_digits) ** 2)
    return np.asarray(kernel / kernel.sum(0), np.float64)


@functools.cache
def carries(starts: tuple[float, ...], shift_digits: float = 0.0) -> Floats:
    """[S, 200, 20]: 1 where a wheel at place g, plus a shift, puts the wheel to its left f twentieths on its way to the next digit."""
    places = np.arange(STEPS) / STEPS_PER_DIGIT + shift_digits
    way = np.array([np.clip((places - start) / max(10.0 - start, 1e-9), 0.0, 1.0) for start in starts])
    moved = np.minimum(np.rint(way * STEPS_PER_DIGIT).astype(int), STEPS_PER_DIGIT - 1)
    return np.asarray(moved[..., None] == np.arange(STEPS_PER_DIGIT), np.float64)
