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
DOUBT = 0.01
"""Share of the probability that is spread over the whole circle: how often the network is sure and wrong on meters it has never seen."""
UNSURE = 0.02
"""How certain a look that tells nothing of a wheel is taken to be, when it is weighed against another: no single wheel decides alone."""
BACKLASH_DIGITS = 0.08
"""Standard deviation of a wheel's own place about where the mechanism puts it."""
OFFSETS = tuple(round(0.1 * i, 1) for i in range(-4, 5))
OFFSET_DIGITS = 0.15
"""The offset that all wheels share, because the window is drawn a little high or low: those considered, and its standard deviation."""
TURNING = {True: 1.0, None: 0.6, False: 0.1}
"""Probability that the last wheel is met anywhere on its way, and not at rest on a digit, by what is known of it (`Mechanism.rolling`)."""
RESTING_DIGITS = 0.04
"""Standard deviation of the last wheel's place where it rests, as the network reads it."""
HALF_A_TENTH = STEPS_PER_DIGIT // 20
"""Steps. A wheel that is said to stand at 4.0 stands anywhere from 3.95 on, and has passed the 4 by common consent."""
A_HALF_BEFORE = np.arange(-HALF_A_TENTH, STEPS - HALF_A_TENTH)
"""Where each place's likelihood stands half a tenth before it."""
CARRY_STARTS = ((8.4, 0.25), (9.0, 0.5), (9.4, 0.25))
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
    carry_starts: tuple[tuple[float, float], ...] = CARRY_STARTS
    """Where on the wheel to its right, in digits, each wheel may begin to move, and the probability of that."""
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
        peak = wide / near
        narrow = wide * (peak * peak * peak)  # a power would take ten times as long
        wide = narrow * (near / np.maximum(narrow @ _neighbourhood(classes), 1e-12))
    return np.asarray((1 - DOUBT) * wide + DOUBT / classes, np.float64)


def softness(probabilities: npt.NDArray[np.floating]) -> Floats:
    """How much of the probability [N, K] of each wheel is not about its peak, [N]: a wheel that is seen leaves a fiftieth in the mean, what
    is no wheel a half."""
    return np.asarray(1 - (np.asarray(probabilities, np.float64) @ _neighbourhood(probabilities.shape[1])).max(1))


def mixed(looks: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """One probability [N, K] from several looks [M, N, K] at the same wheels: their mean, in which a look counts the more the likelier it
    makes it that all of them are wheels. In one that reaches too far a display's frame may be taken for a segment, in one that does not
    reach far enough a digit's foot is cut off."""
    count, wheels, classes = looks.shape
    weights = (1 + UNSURE - softness(looks.reshape(-1, classes)).reshape(count, wheels)).prod(1)
    return np.asarray(np.tensordot(weights / weights.sum(), looks, 1), np.float32)


def likelihoods(narrow: Floats, sigma_digits: float = 0.0) -> Floats:
    """P(what the network saw | place) up to a factor, float64 [..., 200], from `sharpened` probabilities [..., K], where each wheel may
    stand off its place with a standard deviation of `sigma_digits`."""
    return np.asarray(narrow @ _refinement(narrow.shape[-1], sigma_digits), np.float64)


def blurred(fine: Floats, sigma_digits: float) -> Floats:
    """Likelihoods [..., 200] where each wheel may stand off its place with a standard deviation of `sigma_digits`."""
    return fine @ _blur(sigma_digits)


def turned(steps: Integers) -> Integers:
    """Where likelihoods [N, 200], laid flat, have each digit and twentieth of wheels that stand so many steps too high, [N, O]: int64
    [N, 10, 1, O, 20]."""
    places = np.arange(STEPS).reshape(10, 1, 1, STEPS_PER_DIGIT) + steps[:, None, None, :, None]
    return np.asarray(places % STEPS + STEPS * np.arange(len(steps)).reshape(-1, 1, 1, 1, 1), np.int64)


def last_wheel(probabilities: npt.NDArray[np.floating], turning: float) -> Floats:
    """The likelihoods of the last wheel if it turns, [1, 200], times how common that is, from the network's probabilities [K]; if it may
    rest, [2, 200], those for that in the second row.

    Its digit is the one passed by common consent: where it turns, entry g is for anywhere between g - 1 and g twentieths.
    """
    fine = _gathered(np.asarray(probabilities, np.float64))
    passed = turning / STEPS_PER_DIGIT / 2 * (fine[A_HALF_BEFORE] + fine)
    if turning == 1.0:
        return passed[None]
    return np.stack([passed, (1 - turning) * (fine @ _blur(RESTING_DIGITS))])


def _gathered(wide: Floats) -> Floats:
    """From one wheel's probabilities [K] to its likelihoods [200], each class moved to the centre of mass of its neighbourhood (a step of
    mean shift; Comaniciu and Meer 2002): the place of a peak is more exact than it is narrow."""
    classes = len(wide)
    if classes == 10:
        fine = wide @ _refinement(classes, 0.0)
    else:
        near, moments = (wide @ _moments(classes)).reshape(2, -1)
        places = moments / np.maximum(near, 1e-12)
        below = places.astype(np.int64)  # of places from one to two turns on, so that none is negative
        above = wide * (places - below)
        gathered = np.bincount(below % STEPS, wide - above, STEPS) + np.bincount((below + 1) % STEPS, above, STEPS)
        fine = np.asarray(gathered * (STEPS // classes), np.float64)
    return np.asarray((1 - DOUBT) * fine + DOUBT / classes, np.float64)


@functools.cache
def _neighbourhood(classes: int) -> Floats:
    gap = np.abs(np.arange(classes)[:, None] - np.arange(classes)[None, :])
    return np.asarray(np.minimum(gap, classes - gap) * 10 / classes <= 0.35, np.float64)


@functools.cache
def _moments(classes: int) -> Floats:
    """[K, 2 · K]: which classes are in the neighbourhood of each; and behind that, times where they stand, in steps from one turn on."""
    gap = np.arange(classes)[:, None] - np.arange(classes)[None, :]
    place = np.arange(classes) + (gap + classes // 2) % classes - classes // 2
    near = _neighbourhood(classes)
    return np.hstack([near, near * (STEPS + place * (STEPS // classes))])


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
    kernel[kernel < 1e-30] = 0.0  # numbers too small to be normal are slow to multiply
    return np.asarray(kernel / kernel.sum(0), np.float64)


def moved(places: Floats, starts: tuple[float, ...]) -> Floats:
    """How far a wheel has been moved, 0 to 1, float64 [S, P], by one to its right at these places [P] of its last turn, in digits."""
    return np.array([np.clip((places - start) / max(10.0 - start, 1e-9), 0.0, 1.0) for start in starts])


@functools.cache
def moves(starts: tuple[float, ...], last: bool) -> Integers:
    """[10, S, 20]: the twentieths by which a wheel, at each digit and twentieth, has moved the one to its left. The last wheel's are those
    that `last_wheel` tells: it stands a little before them."""
    places = np.arange(STEPS) / STEPS_PER_DIGIT - (0.5 * HALF_A_TENTH / STEPS_PER_DIGIT if last else 0.0)
    twentieths = np.minimum(np.rint(moved(places, starts) * STEPS_PER_DIGIT), STEPS_PER_DIGIT - 1)
    return np.asarray(twentieths.reshape(len(starts), 10, STEPS_PER_DIGIT).swapaxes(0, 1), np.int64)


@functools.cache
def carries(starts: tuple[float, ...], last: bool) -> Floats:
    """[10, S, 20, 20]: 1 where a wheel, at each digit and twentieth, has moved the one to its left by so many twentieths."""
    return np.asarray(moves(starts, last)[..., None] == np.arange(STEPS_PER_DIGIT), np.float64)


@functools.lru_cache(maxsize=64)
def sources(starts: tuple[float, ...], offsets: int, *, heads: int = 1, last: bool = False) -> Integers:
    """[10 B, S, O, 20]: for each of B heads [B, S, O, 20], laid flat, and each digit of the wheel behind it, the places of the twentieths
    that this wheel has moved the one to its left."""
    rows = STEPS_PER_DIGIT * np.arange(heads * len(starts) * offsets).reshape(heads, 1, len(starts), offsets, 1)
    return np.asarray(rows + moves(starts, last)[:, :, None], np.int64).reshape(10 * heads, len(starts), offsets, STEPS_PER_DIGIT)
