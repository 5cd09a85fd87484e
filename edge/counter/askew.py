"""How far a window is drawn askew: its wheels then stand too high one after the other, in step.

Wheels that rest on their digits tell it, and without it the last one's place is misjudged by as much as most wheels are off theirs. Every
line through their places is weighed, and the mean is taken. Most windows are drawn nearly straight, a few by a careless hand; most wheels
rest, a few do not: two kinds of each, so that no single wheel, and no belief in straight windows, outweighs wheels that are all in step
(Box and Tiao, "A Bayesian approach to some outlier problems", 1968).
"""

import functools
import math
from typing import NamedTuple

import numpy as np

from edge.counter.wheels import OFFSET_DIGITS, STEPS_PER_DIGIT, Floats, Integers

TILT_DIGITS = 0.1
"""Standard deviation of how much higher the last wheel stands than the first, as most people draw windows."""
CARELESS, CARELESS_DIGITS = 0.1, 0.075
"""How many are drawn by a careless hand, and the standard deviation of how much higher each wheel then stands than the one before."""
LARGEST_DIGITS = 0.2
"""From wheel to wheel: some 12 degrees."""
APART_DIGITS = 0.1
"""From one tilt that is weighed to the next."""
OWN_DIGITS = 0.045
"""Standard deviation of a wheel's own place about where the line has it."""
BETWEEN = 0.1
"""Probability that a wheel is between two digits, or misread, and stands anywhere."""
FINENESS, PHASES = 40, 200
"""Places between two digits that are told apart: those where a line may have a wheel, and those where it is seen."""


def tilt(probabilities: Floats, own: tuple[float, ...] = ()) -> float:
    """Digits by which the last wheel stands higher than the first, in whole steps; 0.0 where whole digits alone are read, or few wheels.

    probabilities [N, K] of N wheels from the first to the last, peaks narrow; the last wheel, which may turn, has no say. own [N]: digits
    by which each is known to stand too high, if that was learnt.
    """
    phases = (probabilities[:-1] @ _turns(probabilities.shape[1])).view(np.complex128)[:, 0]
    off = np.arctan2(phases.imag, phases.real) / (2 * np.pi)
    if len(own) > len(off):
        off -= own[: len(off)]
    lines = _lines(len(off))
    stands = _logs().take(np.rint(off * PHASES).astype(np.int64) % PHASES, 0)  # [N - 1, FINENESS]
    logs = stands.take(lines.places).sum(0) + lines.prior  # [O, T]
    weights = np.exp(logs - logs.max()).sum(0)
    return round(float(weights @ lines.tilts / weights.sum()) * STEPS_PER_DIGIT) / STEPS_PER_DIGIT


@functools.cache
def along(count: int) -> Floats:
    """Where each of so many wheels stands between the first and the last, -0.5 to 0.5, [N]."""
    return np.linspace(-0.5, 0.5, count) if count > 1 else np.zeros(count)


class _Lines(NamedTuple):
    """The lines that are weighed, by O heights and T tilts."""

    tilts: Floats
    """[T]"""
    prior: Floats
    """[O, T], natural logarithms."""
    places: Integers
    """[N, O, T]: which of its places each wheel takes, laid flat."""


@functools.cache
def _lines(count: int) -> _Lines:
    """For the so many wheels before the last."""
    reach = round(LARGEST_DIGITS * max(count, 1) / APART_DIGITS)
    tilts = np.asarray(APART_DIGITS * np.arange(-reach, reach + 1), np.float64)
    heights = np.arange(-STEPS_PER_DIGIT // 2, STEPS_PER_DIGIT // 2) / STEPS_PER_DIGIT
    careless = CARELESS_DIGITS * max(count, 1)
    drawn = (1 - CARELESS) * _normal(tilts, TILT_DIGITS) + CARELESS * _normal(tilts, careless)
    stands = heights[:, None] + along(count + 1)[:-1, None, None] * tilts
    places = np.rint(stands * FINENESS).astype(np.int64) % FINENESS + FINENESS * np.arange(count)[:, None, None]
    return _Lines(tilts, np.log(np.outer(_normal(heights, OFFSET_DIGITS), drawn)), places)


@functools.cache
def _logs() -> Floats:
    """[PHASES, FINENESS]: natural logarithm of how likely a wheel is to be seen at each place, where a line has it at another."""
    gaps = np.arange(PHASES)[:, None] / PHASES - np.arange(FINENESS) / FINENESS
    rests = _normal(gaps - np.rint(gaps), OWN_DIGITS) / math.sqrt(2 * math.pi)
    return np.asarray(np.log((1 - BETWEEN) * rests + BETWEEN), np.float64)


def _normal(values: Floats, sigma: float) -> Floats:
    return np.asarray(np.exp(-0.5 * (values / sigma) ** 2) / sigma, np.float64)


@functools.cache
def _turns(classes: int) -> Floats:
    """[K, 2]: a turn of the unit circle from digit to digit, its real and imaginary parts."""
    turn = 2 * np.pi * np.arange(classes) * 10 / classes
    return np.column_stack([np.cos(turn), np.sin(turn)])
