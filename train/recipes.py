"""What is trained, on what, and how: a recipe holds every choice, so that the same recipe and seed give the same model."""

import dataclasses
from typing import Any, Literal

from edge.inference.fitting import Task
from train.lenet5 import Architecture

MNIST_PICTURES = 60_000
"""In its training set."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """All choices of one training run. Lengths in epochs over the pictures named by `data`; rates per update."""

    name: str
    task: Task
    architecture: Architecture
    epochs: int
    batch: int = 128
    optimizer: Literal["sgd", "adamw"] = "adamw"
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    warmup: float = 0.05
    """Share of the updates in which the learning rate rises to its peak; from there it falls along a cosine (0: it stays)."""
    augment: bool = True
    distortion: float = 1.0
    """How strongly handwriting is distorted, as a share of the ranges in `augment.handwritten`."""
    label_smoothing: float = 0.0
    synthetic: int = 0
    """Rendered digits added to the real ones."""
    rolled: int = 0
    """Real digits added that were put together in mid-roll."""
    turns: int = 1
    """What is rendered or rolled comes in so many turns, one an epoch, so that more of it is seen in the same time."""
    segmented: int = 0
    """Cells cut out of written words: segments learn from them alone, handwriting from those that are digits, beside MNIST's own."""
    held_out: int = 0
    """Pictures at the end of MNIST's training set kept from training, to choose by; with any, a counter's meters of `val` are too."""
    peers: int = 1
    """Networks that learn side by side and from one another (`train.peers`); the first is kept."""
    test_curve: bool = False
    """Measure the test set after every epoch, as the paper did, and draw it; nothing is chosen by it."""
    limit: int | None = None
    """Take only this many real pictures (quick runs)."""

    @property
    def unseen(self) -> int:
        """Pictures at the end of MNIST's training set that are not learnt from; with any, the counter's meters of `val` are not either."""
        return max(self.held_out, MNIST_PICTURES - self.limit if self.limit else 0)


HANDWRITTEN = Recipe(
    name="lenet5-handwritten",
    task="handwritten",
    architecture=Architecture(activation="relu", batch_norm=True, dropout=0.2, kernels=(16, 40)),
    epochs=24,
    distortion=0.7,
    segmented=160_000,
    peers=2,
)
CLASSIC = dataclasses.replace(
    HANDWRITTEN,
    name="lenet5-handwritten-classic",
    architecture=Architecture(variant="classic", activation="relu", batch_norm=True, dropout=0.2),
    epochs=58,
    distortion=1.0,
    segmented=0,
    peers=1,
)
COUNTER = Recipe(
    name="lenet5-counter",
    task="counter",
    architecture=Architecture(activation="relu", batch_norm=True, dropout=0.2, classes=100, kernels=(16, 40)),
    epochs=40,
    synthetic=160_000,
    rolled=80_000,
    turns=4,
)
SEGMENTS = Recipe(
    name="lenet5-segments",
    task="segments",
    architecture=Architecture(activation="relu", batch_norm=True, dropout=0.2, classes=11, kernels=(16, 40)),
    epochs=30,
    distortion=0.7,
    segmented=96_000,
)
"""Judges what a page may be cut into: the ten digits, and what is not one. Of a digit it is a second opinion."""
PAPER = Recipe(
    name="lenet5-paper",
    task="handwritten",
    architecture=Architecture(activation="leaky_relu", dropout=0.5),
    epochs=20,
    batch=120,
    optimizer="sgd",
    learning_rate=0.1,
    weight_decay=0.0,
    warmup=0.0,
    augment=False,
    test_curve=True,
)
"""Plain MNIST: batches of 120 of 60,000 pictures, 20 times over, 10,000 updates, a point of the test curve every 500 (section 4.2)."""

RECIPES = {recipe.name: recipe for recipe in (HANDWRITTEN, COUNTER, SEGMENTS, CLASSIC, PAPER)}
SHIPPED = (HANDWRITTEN.name, COUNTER.name, SEGMENTS.name)
"""The longest first: the others give way to it."""


def quick(recipe: Recipe) -> Recipe:
    """The same way in little: seconds of training on a part of the data. It proves the path, not the figure."""
    return dataclasses.replace(
        recipe,
        epochs=2,
        limit=6_000,
        synthetic=min(recipe.synthetic, 3_000),
        rolled=min(recipe.rolled, 1_000),
        segmented=min(recipe.segmented, 1_200),
    )


def as_dict(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON takes it."""
    return dataclasses.asdict(recipe)
