"""Positions on a circle of ten: what a counter's wheel shows, 0.0 up to 10.0, where 9.9 and 0.0 are neighbours."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
NEIGHBOURHOOD_DIGITS = 0.5
"""Classes this close to the most likely one share in the position."""


def distance(a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How far apart two positions are on the circle, in digits, 0 to 5."""
    gap = np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)) % 10.0
    return np.minimum(gap, 10.0 - gap)


def turn(before: float, after: float) -> float:
    """Digits from one position to another, the short way round: -5 up to 5, ahead where it is above 0."""
    return (after - before + 5.0) % 10.0 - 5.0


def position(probabilities: Floats) -> npt.NDArray[np.float64]:
    """Position in digits, float64 [N], 0 ≤ position < 10, from probabilities [N, K] over K classes on the circle.

    The most likely class, moved to the centre of mass of its neighbourhood; with K = 10 the most likely digit itself.
    """
    count, classes = probabilities.shape
    peak = probabilities.argmax(1)
    reach = int(NEIGHBOURHOOD_DIGITS * classes / 10) if classes > 10 else 0
    offsets = np.arange(-reach, reach + 1)
    near = probabilities[np.arange(count)[:, None], (peak[:, None] + offsets) % classes].astype(np.float64)
    shift = (near * offsets).sum(1) / np.maximum(near.sum(1), 1e-12)
    # The first modulo rounds a place a hair below zero up to 10.0 itself.
    return np.asarray(((peak + shift) * 10.0 / classes) % 10.0 % 10.0)
