"""A network that `train` wrote, ready for conversion: batch normalisation folded, and the summary of its training."""

import json
from pathlib import Path
from typing import Any, get_args

from convert.quantize import fold_batch_norm
from edge.errors import ModelError
from edge.inference.fitting import Task
from train.backend import keras
from train.lenet5 import Architecture
from train.recipes import Recipe
from train.saved import load_keras

TASKS = get_args(Task)
NEEDED = (
    "name", "task", "architecture", "parameters", "multiply_accumulates", "commit", "command", "recipe", "seed", "precision", "pictures",
)  # fmt: skip
"""What a summary must hold."""


def load_network(path: Path) -> tuple[keras.Model, dict[str, Any]]:
    """The float32 network in `path` with its batch normalisation folded, and what `<name>.training.json` says, its `sources` too.

    Raises ModelError where either is missing or not ours.
    """
    model = load_keras(path)
    summary = path.with_suffix(".training.json")
    try:
        training = json.loads(summary.read_text(encoding="utf-8"))
        if missing := [key for key in NEEDED if key not in training]:
            raise ModelError(f"{summary}: no {', '.join(missing)}; expected the summary that `make train` writes. Train it anew")
        if training["task"] not in TASKS:
            raise ModelError(f"{summary}: task {training['task']!r}; expected one of {', '.join(TASKS)}. Train it anew")
        training.setdefault("sources", ["real"])
        network = fold_batch_norm(model, architecture_of(training))
    except FileNotFoundError as error:
        raise ModelError(f"{summary}: no such file; expected the summary that `make train` writes beside each .keras file") from error
    except ModelError:
        raise
    except (ValueError, OSError, TypeError, KeyError, AttributeError) as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(f"{path}: not a network that `make train` wrote ({said}); train it anew") from error
    return network, training


def architecture_of(training: dict[str, Any]) -> Architecture:
    """What the summary of a training says of its network; JSON knows no tuples."""
    told = training["architecture"]
    return Architecture(**{**told, "kernels": tuple(told["kernels"])})


def recipe_of(training: dict[str, Any]) -> Recipe:
    """The recipe of a training by its summary. Raises ModelError where a release of other recipes wrote it."""
    try:
        return Recipe(**{**training["recipe"], "architecture": architecture_of(training)})
    except TypeError as error:
        raise ModelError(f"{training['name']}: the recipe in its summary is of another release ({error}); train it anew") from error
