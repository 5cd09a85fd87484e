"""A `.keras` file that `make train` wrote, read again."""

from pathlib import Path

import train.layers  # noqa: F401  (registers the layers that a file may hold)
from edge.errors import ModelError
from train.backend import keras

EXPECTED = "expected a file that `make train` wrote"


def load_keras(path: Path) -> keras.Model:
    """The network in a file, not compiled. Raises ModelError where there is none, or one that Keras cannot read."""
    if not path.is_file() or path.suffix != ".keras":
        raise ModelError(f"{path}: {'not a .keras file' if path.exists() else 'no such file'}; {EXPECTED}")
    try:
        return keras.saving.load_model(path, compile=False)
    except (ValueError, OSError, TypeError) as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(f"{path}: Keras cannot read it ({said}); {EXPECTED}") from error
