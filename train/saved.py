"""A `.keras` file that `make train` wrote, read again."""

import zipfile
from pathlib import Path
from typing import Any

import train.layers  # noqa: F401  (registers the layers that a file may hold)
from edge.errors import ModelError
from train.backend import keras

EXPECTED = "expected a file that `make train` wrote"


def load_keras(path: Path) -> keras.Model:
    """The network in a file, not compiled: float32 [N, 32, 32, channels] → [N, classes].

    Raises ModelError where there is none, one that Keras cannot read, or one of another shape.
    """
    if not path.is_file() or path.suffix != ".keras":
        raise ModelError(f"{path}: {'not a .keras file' if path.exists() else 'no such file'}; {EXPECTED}")
    try:
        model = keras.saving.load_model(path, compile=False)
        shapes = model.input_shape, model.output_shape
    except Exception as error:  # a file of somebody else's may fail anywhere in Keras
        said = (str(error) or type(error).__name__).splitlines()[0]
        if not zipfile.is_zipfile(path):
            said = "damaged or cut short: it is no zip archive, as such a file is"
        raise ModelError(f"{path}: Keras cannot read it ({said}); {EXPECTED}") from error
    match shapes:
        case (None, 32, 32, 1 | 3), (None, int()):
            return model
    raise ModelError(f"{path}: a network from {_shape(shapes[0])} to {_shape(shapes[1])}; expected cells 32×32×1 to classes; {EXPECTED}")


def _shape(shape: Any) -> str:
    """The shape of one picture, or of several things."""
    if isinstance(shape, tuple) and not any(isinstance(size, tuple) for size in shape):
        return "×".join("?" if size is None else str(size) for size in shape[1:])
    return " and ".join(map(_shape, shape.values() if isinstance(shape, dict) else shape))
