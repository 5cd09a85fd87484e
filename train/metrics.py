"""How good a model is: shares of right readings, 0 to 1, for handwritten digits and for a counter's wheels.

A counter's row counts by what its label knows. `tenths`: right digit within half a digit on the circle, and the shares within 0.1
and 0.2. `integer`: only the digit is known, so the read position rounded to a digit must be it. `nan`: unreadable, left out.
"""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edge.vision.circle import Floats, distance, position
from edge.vision.handwritten import FIGURES

HALF_DIGIT = 0.5
SLACK = 1e-6
"""Labels and read positions are decimal fractions: 0.3 − 0.2 must count as within 0.1."""


class LabelledDigits(Protocol):
    """The labels of N digits of counters: what `train.datasets.MeterDigits` holds, and nothing of its pictures."""

    @property
    def positions(self) -> npt.NDArray[np.floating]:
        """What the wheel shows, in digits."""

    @property
    def kinds(self) -> list[str]:
        """`tenths`, `integer` (only the digit is known) or `nan`."""

    @property
    def meters(self) -> list[str]:
        """The meter each picture was taken of."""


def places(probabilities: Floats) -> npt.NDArray[np.float64]:
    """What was read, in digits [N], from probabilities [N, K]: the position on the circle; with K = 11 the likeliest digit, or NO_DIGIT."""
    return probabilities.argmax(1).astype(np.float64) if figures(probabilities) > 10 else position(probabilities)


def figures(probabilities: Floats) -> int:
    """How many there are to tell apart by probabilities [N, K]: ten digits, with K = 11 NO_DIGIT besides."""
    return FIGURES if probabilities.shape[1] == FIGURES else 10


def nearest_digit(probabilities: Floats) -> npt.NDArray[np.intp]:
    """The digit nearest to what was read, [N], from probabilities [N, K]; with K = 10 the most likely one, with K = 11 it or NO_DIGIT."""
    return np.rint(places(probabilities)).astype(np.intp) % figures(probabilities)


def handwritten(probabilities: Floats, labels: npt.NDArray[np.integer]) -> dict[str, Any]:
    """probabilities [N, K] and labels [N] → n, right_digit, error (= 1 − right_digit); the digit is the nearest one."""
    right = float((nearest_digit(probabilities) == labels).mean())
    return {"n": len(labels), "error": 1.0 - right, "right_digit": right}


def counter(probabilities: Floats, digits: LabelledDigits) -> dict[str, Any]:
    """probabilities [N, K] over the circle → n, error, right_digit, within_0_1, within_0_2 over all pictures, each `…_meter_mean`
    (the mean of the meters' shares, so that a meter with many pictures counts once), and `meters`: the same by meter.

    The shares within 0.1 and 0.2 are over the rows digits in tenths: the label as it is, the read position rounded to a tenth.
    They are None where a meter has none.
    """
    kinds, meters = np.array(digits.kinds), np.array(digits.meters)
    known = kinds != "nan"
    read, label = position(probabilities[known]), np.asarray(digits.positions, np.float64)[known]
    tenths, meters = kinds[known] == "tenths", meters[known]
    to_tenth = distance(np.rint(read * 10) / 10 % 10, label)
    shares = {
        "right_digit": np.where(tenths, distance(read, label) <= HALF_DIGIT + SLACK, np.rint(read) % 10 == np.rint(label) % 10),
        "within_0_1": to_tenth <= 0.1 + SLACK,
        "within_0_2": to_tenth <= 0.2 + SLACK,
    }

    def over(chosen: npt.NDArray[np.bool_]) -> dict[str, Any]:
        counts: dict[str, Any] = {"n": int(chosen.sum())}
        for name, right in shares.items():
            rows = chosen if name == "right_digit" else chosen & tenths
            counts[name] = float(right[rows].mean()) if rows.any() else None
        return counts

    by_meter = {str(meter): over(meters == meter) for meter in np.unique(meters)}
    result = over(np.ones(len(label), bool))
    result["error"] = None if result["right_digit"] is None else 1.0 - result["right_digit"]
    for name in shares:
        values = [row[name] for row in by_meter.values() if row[name] is not None]
        result[f"{name}_meter_mean"] = float(np.mean(values)) if values else None
    return {**result, "meters": by_meter}
