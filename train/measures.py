"""What is measured after each epoch of a run, to draw its curves: `val`, and for the paper's recipe `test`, as the paper did."""

from collections.abc import Callable
from typing import Any

from edge.vision.cells import to_cells
from train import datasets, metrics
from train.backend import keras
from train.evaluate import HELD_OUT, handwriting, in_batches, keras_read
from train.recipes import MNIST_PICTURES, Recipe
from train.samples import padded

Measure = Callable[[keras.Model], dict[str, Any]]


def curves(recipe: Recipe, sources: list[str]) -> dict[str, Measure]:
    """Measures by the name they are drawn under; none where a run on rendered digits alone has no real data to look at."""
    if "real" not in sources:
        return {}
    if recipe.task == "counter":
        return {"val": _counter("val")} if recipe.unseen else {}
    if recipe.task == "segments":
        return {}
    if recipe.test_curve:
        return {"test": _handwritten("test", recipe.limit or MNIST_PICTURES)}
    return {"val": _handwritten("val", min(recipe.unseen, recipe.limit or HELD_OUT))} if recipe.unseen else {}


def _handwritten(split: str, most: int) -> Measure:
    images, labels = handwriting(split)
    images, labels = images[-most:], labels[-most:]
    cells = padded(images)[..., None]
    return lambda model: metrics.handwritten(in_batches(keras_read(model), cells), labels)


def _counter(split: str) -> Measure:
    digits = datasets.meter_digits(split)
    cells = to_cells(digits.crops)
    return lambda model: metrics.counter(in_batches(keras_read(model), cells), digits)
