"""A counter that runs for years in seconds: where its wheels stand, and what the network would say of each.

What the network says is what it did say: of pictures of `val`, with the mistakes that it makes there.
"""

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.inference.model import load
from edge.vision.cells import to_cells
from edge.vision.circle import distance
from train import datasets

Floats = npt.NDArray[np.float64]
MODEL = Path(__file__).parents[2] / "models" / "lenet5-counter.tflite"
TENTHS = np.arange(100) / 10


def positions(value: float, count: int, *, carry_start: float = 9.0) -> Floats:
    """Where each wheel stands, in digits, the first wheel first, when the counter stands at `value` steps of its last wheel."""
    places = [value % 10.0]
    for i in range(1, count):
        carried = max(0.0, (places[-1] - carry_start) / (10.0 - carry_start))
        places.append((int(value // 10**i) % 10 + carried) % 10.0)
    return np.array(places[::-1])


def ideal(places: Floats, *, noise: float = 0.0, rng: np.random.Generator | None = None) -> Floats:
    """Probabilities [N, 100] as a network that makes no mistake gives them, as wide as the labels' noise.

    noise: standard deviation of what is added to each logarithm.
    """
    logs = -0.5 * (distance(TENTHS[None], places[:, None]) / 0.12) ** 2
    if rng is not None:
        logs = logs + noise * rng.standard_normal(logs.shape)
    probabilities = np.exp(logs - logs.max(1, keepdims=True))
    return np.asarray(probabilities / probabilities.sum(1, keepdims=True), np.float64)


@dataclasses.dataclass(frozen=True)
class Seen:
    """What the shipped model says of the wheels of `val`, none of which it was trained on."""

    labels: npt.NDArray[np.int64]
    """Tenths of a digit."""
    probabilities: npt.NDArray[np.float32]

    @classmethod
    def measured(cls) -> "Seen":
        digits = datasets.meter_digits("val")
        wheels = [i for i, kind in enumerate(digits.kinds) if kind == "tenths" and digits.displays[i] == "roller"]
        probabilities = load(MODEL).read(to_cells([digits.crops[i] for i in wheels]))
        return cls(np.rint(digits.positions[wheels] * 10).astype(int) % 100, probabilities)

    def draw(self, place: float, rng: np.random.Generator) -> Floats:
        """Probabilities [100] of one picture of a wheel that stands there, or a tenth or two from there, turned to the place."""
        tenth = round(place * 10) % 100
        near = np.flatnonzero(distance(self.labels / 10, tenth / 10) <= 0.21)
        chosen = int(rng.choice(near))
        return np.roll(self.probabilities[chosen].astype(np.float64), tenth - int(self.labels[chosen]))
