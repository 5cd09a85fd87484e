"""Where the models that ship are found, and a loader for counters that share models."""

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path

from edge.errors import ModelError, RuntimeMissingError
from edge.inference.fitting import fitting
from edge.inference.model import Recognizer, load

RUNTIMES = {"ai_edge_litert": ".tflite", "tflite_runtime": ".tflite", "onnxruntime": ".onnx"}
"""What each inference runtime reads, best first."""
INSTALLED = Path("share") / "digitd" / "models"
"""Where an installed distribution keeps them, below its prefix."""


def loader() -> Callable[[Path | None], Recognizer]:
    """Gives the counters' model at a path, for None the one that ships; loads each once.

    It raises what `shipped`, `load` and `fitting` raise.
    """
    once = functools.cache(load)
    return lambda path: fitting(once(path or shipped("lenet5-counter")), path, "counter")


def shipped(name: str) -> Path:
    """The model `name` ("lenet5-counter") in the form that the installed runtime reads, in a checkout or an installed distribution.

    Raises RuntimeMissingError where nothing installed can read any, ModelError where it is not there.
    """
    suffix = next((suffix for module, suffix in RUNTIMES.items() if importlib.util.find_spec(module)), None)
    if suffix is None:
        raise RuntimeMissingError("no inference runtime is installed; expected one of: pip install ai-edge-litert, or onnxruntime")
    above = Path(__file__).resolve().parents
    # Whichever way it was installed (for all, for one user, into a folder), the packages lie somewhere below the prefix.
    folders = [above[2] / "models", *(folder / INSTALLED for folder in above[2:])]
    for folder in folders:
        if (path := folder / f"{name}{suffix}").is_file():
            return path
    raise ModelError(f"{name}{suffix}: not in {folders[0]}, nor in {INSTALLED} above it; install digitd again, or name a file by --model")
