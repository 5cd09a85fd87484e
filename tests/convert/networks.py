"""Small networks with weights such as training leaves, without training."""

import json
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from train.backend import keras
from train.lenet5 import Architecture, build

Cells = npt.NDArray[np.uint8]


def network(architecture: Architecture, seed: int = 0) -> keras.Model:
    """The network with random weights, biases and statistics; its answers differ from picture to picture."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = build(architecture)
    weights = []
    for variable in model.weights:
        values = np.asarray(variable)
        if variable.name in ("gamma", "moving_variance"):
            values = rng.uniform(0.5, 1.5, values.shape)
        elif values.ndim == 1:
            values = rng.normal(0, 0.1, values.shape)
        elif variable.path.startswith("logits"):
            values = values * 4
        weights.append(values)
    model.set_weights(weights)
    return model


def pictures(count: int, seed: int = 0) -> Cells:
    """Smooth random cells uint8 [count, 32, 32, 1] with pixels of 0 and of 255."""
    coarse = np.random.default_rng(seed).random((count, 6, 6), np.float32)
    smooth = np.stack([cv2.resize(picture, (32, 32), interpolation=cv2.INTER_CUBIC) for picture in coarse])
    return np.asarray(np.clip(smooth * 300 - 20, 0, 255), np.uint8)[..., None]


def trained(folder: Path, classes: Literal[10, 11, 100] = 10, **changed: object) -> Path:
    """A network as `train` leaves it, of digits that are easy to tell apart: rendered ones, not learnt."""
    architecture = Architecture(kernels=(2, 4), activation="relu", batch_norm=True, classes=classes)
    network(architecture).save(folder / "small.keras")
    training = {
        "name": "small", "task": "handwritten", "sources": ["synthetic"], "parameters": 1, "multiply_accumulates": 2, "commit": "abc",
        "command": "python -m train", "recipe": {}, "seed": 0, "precision": "float32", "pictures": 3,
        "architecture": {"kernels": [2, 4], "activation": "relu", "batch_norm": True, "classes": classes}, **changed,
    }  # fmt: skip
    (folder / "small.training.json").write_text(json.dumps(training))
    return folder / "small.keras"
