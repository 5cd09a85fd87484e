"""How far a window is drawn askew: its wheels then stand too high one after the other, in step.

Wheels that rest on their digits tell it, and without it the last one's place is misjudged by as much as most wheels are off theirs. A line
is laid through the wheels' places by ridge regression (Hoerl and Kennard 1970): few wheels, so that a small tilt is likelier than a large.
"""

import functools

import numpy as np

from edge.counter.wheels import STEPS_PER_DIGIT, Floats

TILT_DIGITS = 0.08
"""Standard deviation of how much higher the last wheel stands than the first, as people draw windows."""
OWN_DIGITS = 0.045
"""Standard deviation of a wheel's own place about where the others would have it."""
HELD_DIGITS = 0.25
"""A wheel further from where the others stand is between two digits, and tells nothing."""
LARGEST_DIGITS = 0.4


def tilt(probabilities: Floats, own: tuple[float, ...] = ()) -> float:
    """Digits by which the last wheel stands higher than the first, in whole steps; 0.0 where whole digits alone are read, or few wheels.

    probabilities [N, K] of N wheels from the first to the last, peaks narrow; the last wheel, which may turn, has no say. own [N]: digits
    by which each is known to stand too high, if that was learnt.
    """
    phases = (probabilities[:-1] @ _turns(probabilities.shape[1])).view(np.complex128)[:, 0]
    phases *= phases.sum().conjugate()
    off = np.arctan2(phases.imag, phases.real) / (2 * np.pi)
    if len(own) > len(off) > 0:
        off -= np.array(own[: len(off)]) - sum(own[: len(off)]) / len(off)
    off[np.abs(off) > HELD_DIGITS] = 0.0
    found = float(_ridge(len(off)) @ off)
    return round(min(max(found, -LARGEST_DIGITS), LARGEST_DIGITS) * STEPS_PER_DIGIT) / STEPS_PER_DIGIT


@functools.cache
def along(count: int) -> Floats:
    """Where each of so many wheels stands between the first and the last, -0.5 to 0.5, [N]."""
    return np.linspace(-0.5, 0.5, count) if count > 1 else np.zeros(count)


@functools.cache
def _ridge(count: int) -> Floats:
    """[N]: what the slope takes of each of the N wheels before the last."""
    places = along(count + 1)[:-1]
    places = places - places.mean() if count else places
    return np.asarray(places / (places @ places + (OWN_DIGITS / TILT_DIGITS) ** 2), np.float64)


@functools.cache
def _turns(classes: int) -> Floats:
    """[K, 2]: a turn of the unit circle from digit to digit, its real and imaginary parts."""
    turn = 2 * np.pi * np.arange(classes) * 10 / classes
    return np.column_stack([np.cos(turn), np.sin(turn)])
