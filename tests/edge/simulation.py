"""A counter that runs for years in seconds: where its wheels stand, and what the network would say of each.

What the network says is what it did say: of pictures of the test meters, with the mistakes that it makes there.
"""

import dataclasses
import functools
import math
from collections.abc import Iterator
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

    noise: up to how much each logarithm is off, to either side.
    """
    logs = -0.5 * (distance(TENTHS[None], places[:, None]) / 0.12) ** 2
    if rng is not None:
        logs = logs + rng.uniform(-noise, noise, logs.shape)
    probabilities = np.exp(logs - logs.max(1, keepdims=True))
    return np.asarray(probabilities / probabilities.sum(1, keepdims=True), np.float64)


@dataclasses.dataclass(frozen=True)
class Seen:
    """What the shipped model says of the wheels of the `test` meters, none of which it was trained on: it has learnt those of `val`."""

    labels: npt.NDArray[np.int64]
    """Tenths of a digit."""
    probabilities: npt.NDArray[np.float32]

    @classmethod
    def measured(cls) -> "Seen":
        digits = datasets.meter_digits("test")
        wheels = [i for i, kind in enumerate(digits.kinds) if kind == "tenths" and digits.displays[i] == "roller"]
        probabilities = load(MODEL).read(to_cells([digits.crops[i] for i in wheels]))
        return cls(np.rint(digits.positions[wheels] * 10).astype(int) % 100, probabilities)

    @functools.cached_property
    def near(self) -> list[npt.NDArray[np.int64]]:
        """Pictures by the tenth of a digit that they show, or one of its neighbours up to two tenths off."""
        return [np.flatnonzero(distance(self.labels / 10, tenth / 10) <= 0.21) for tenth in range(100)]

    def draw(self, place: float, rng: np.random.Generator) -> Floats:
        """Probabilities [100] of one picture of a wheel that stands there, or a tenth or two from there, turned to the place."""
        tenth = round(place * 10) % 100
        near = self.near[tenth]
        chosen = int(near[rng.integers(len(near))])
        return np.roll(self.probabilities[chosen].astype(np.float64), tenth - int(self.labels[chosen]))


@dataclasses.dataclass(frozen=True)
class Frame:
    """What the daemon knows of one frame, and the truth."""

    time_s: float
    probabilities: Floats
    """[N, 100]"""
    novelty: Floats
    """[N]: 1 where the picture is a new one."""
    truth: float
    """Steps of the last wheel, with the part of the next."""


def household(hours: int, rng: np.random.Generator) -> Floats:
    """Steps per second in each minute of so many hours: what is always on, or nothing; what runs for a while; what varies by itself."""
    minutes = 60 * hours
    pace = np.zeros(minutes)
    for hour in range(0, hours, 6):
        pace[60 * hour : 60 * (hour + 6)] = rng.choice([0.0, rng.uniform(0.2, 2.0) / 3600])
    for start in np.flatnonzero(rng.random(minutes) < 1 / (5 * 60)):
        pace[start : start + rng.integers(10, 120)] += rng.uniform(5.0, 40.0) / 3600
    return np.asarray(np.minimum(pace, 45.0 / 3600) * rng.lognormal(0.0, 0.15, minutes), np.float64)


def frames(
    seen: Seen, rng: np.random.Generator, *, count: int, digits: int, every_s: int = 300, start: float = 0.0, rolling: bool = True
) -> Iterator[Frame]:
    """`count` frames of a counter in a household; its last wheel turns all the time, or steps from digit to digit.

    A wheel that has turned by a tenth of a digit is a new picture, drawn anew; one that has not is the picture that it was, misread or
    not. One frame in a hundred shows a wheel in another light: a new picture of a wheel that stands where it stood.
    """
    turned = np.concatenate([[0.0], np.cumsum(60.0 * household(count * every_s // 3600 + 2, rng))])
    drawn, probabilities = np.full(digits, np.nan), np.zeros((digits, 100))
    for frame in range(1, count + 1):
        truth = (start + turned[frame * every_s // 60]) % 10**digits
        places = positions(truth if rolling else math.floor(truth), digits)
        novel = (distance(places, drawn) >= 0.1) | np.isnan(drawn) | (rng.random(digits) < 0.01)
        for i in np.flatnonzero(novel):
            probabilities[i], drawn[i] = seen.draw(places[i], rng), places[i]
        yield Frame(float(frame * every_s), probabilities.copy(), novel.astype(np.float64), truth)
