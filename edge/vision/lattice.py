"""All ways through a lattice at once: the forward and backward pass over steps from one place to a later one.

Source: Rabiner, "A tutorial on hidden Markov models", 1989, section III; over steps of any length as in Sarawagi and Cohen, "Semi-Markov
conditional random fields for information extraction", 2004.
"""

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


def total(first: Numbers, last: Numbers, scores: Doubles, width: int) -> float:
    """Logarithm of the sum over all ways through a lattice.

    Steps lead from place `first` to place `last`, int64 [N] each. scores: [N, K], logarithms, of each step as the K-th of its way; width:
    K + 1, or 1 where steps are not counted.
    """
    return float(_forward(first, last, scores, width)[-1, -1])


def all_ways(first: Numbers, last: Numbers, scores: Doubles, width: int) -> tuple[float, Doubles]:
    """The same, and the probability of each step in all ways, [N, K]."""
    before, steps = _forward(first, last, scores, width), scores.shape[1]
    whole = float(before[-1, -1])
    if not np.isfinite(whole):
        return whole, np.zeros_like(scores)
    behind = np.full_like(before, -np.inf)
    behind[-1, -1] = 0.0
    for place in range(len(behind) - 2, -1, -1):
        here = np.flatnonzero(first == place)
        behind[place, :steps] = log_sum(behind[last[here], -steps:] + scores[here], 0)
    return whole, np.exp(before[first, :steps] + scores + behind[last, -steps:] - whole)


def _forward(first: Numbers, last: Numbers, scores: Doubles, width: int) -> Doubles:
    """Logarithms of the sums over all ways to each place, [places, width]."""
    places, steps = int(last.max(initial=0)) + 1, scores.shape[1]
    before = np.full((places, width), -np.inf)
    before[0, 0] = 0.0
    for place in range(1, places):
        here = np.flatnonzero(last == place)
        before[place, -steps:] = log_sum(before[first[here], :steps] + scores[here], 0)
    return before


def log_sum(logarithms: Doubles, axis: int) -> Doubles:
    """Logarithm of the sum along an axis, -inf where there is nothing."""
    most = np.max(logarithms, axis=axis, initial=-np.inf)
    base = np.where(np.isfinite(most), most, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(base + np.log(np.exp(logarithms - np.expand_dims(base, axis)).sum(axis)))
