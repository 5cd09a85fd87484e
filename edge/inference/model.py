"""A model file and the card beside it: checked against each other, and opened by the runtime that fits.

recognizer = load(Path("models/lenet5-counter.tflite"))
probabilities = recognizer.read(cells)    # float32 [N, K]
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError
from edge.vision.cells import PREPROCESSING_VERSION

Cells = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]
CARD_KEYS = ("name", "classes", "preprocessing_version", "files")


class Recognizer(Protocol):
    """A network behind any runtime."""

    classes: int
    """K, the classes on the circle: 10 digits or 100 tenths of a digit."""
    runtime: str
    """Which runtime reads, with its version, as a log line says it."""
    name: str
    """The model's, which its files and its card bear."""
    sha256: str
    """Of the file that is read."""

    def read(self, cells: Cells) -> Probabilities:
        """Cells uint8 [N, 32, 32, 1] → probabilities float32 [N, K]."""

    def quantized(self, cells: Cells) -> Cells:
        """Cells uint8 [N, 32, 32, 1] → probabilities in quanta, uint8 [N, K], as the model puts them out."""


def load(path: Path, *, threads: int = 1) -> Recognizer:
    """The model at `path` (.tflite or .onnx), checked against its card `<name>.json`.

    Raises ModelError where file, card and this code do not fit together, RuntimeMissingError where nothing installed can read it.
    """
    card = read_card(path.with_suffix(".json"))
    stated = card["files"].get(path.name, {}).get("sha256")
    if not path.is_file():
        raise ModelError(f"{path}: no such file; expected a .tflite or .onnx model with its card. `make train convert` makes them")
    if stated != (found := hashlib.sha256(path.read_bytes()).hexdigest()):
        raise ModelError(f"{path}: SHA-256 {found[:12]}…, its card names {str(stated)[:12]}…; take file and card from the same release")
    if card["preprocessing_version"] != PREPROCESSING_VERSION:
        raise ModelError(
            f"{path}: made for preprocessing {card['preprocessing_version']}, this digitd does {PREPROCESSING_VERSION}; "
            "take a model of this release"
        )
    recognizer = open_model(path, threads=threads)
    if recognizer.classes != card["classes"]:
        raise ModelError(f"{path}: {recognizer.classes} classes, its card names {card['classes']}; take both from the same release")
    return recognizer


def open_model(path: Path, *, threads: int = 1) -> Recognizer:
    """The model at `path` as it is, with no card asked for."""
    if path.suffix == ".tflite":
        from edge.inference.litert import TfliteRecognizer

        return TfliteRecognizer(path, threads=threads)
    if path.suffix == ".onnx":
        from edge.inference.onnx import OnnxRecognizer

        return OnnxRecognizer(path, threads=threads)
    raise ModelError(f"{path}: a {path.suffix or 'nameless'} file; expected .tflite or .onnx")


def read_card(path: Path) -> dict[str, Any]:
    """The model card at `path`. Raises ModelError where it is missing, damaged or lacks a key."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file; a model comes with its card, from `make convert` or a release") from error
    except (ValueError, OSError) as error:
        raise ModelError(f"{path}: not a model card ({error}); take it from the same release as the model") from error
    if not isinstance(card, dict) or (missing := [key for key in CARD_KEYS if key not in card]):
        raise ModelError(f"{path}: not a model card (no {', '.join(missing) if isinstance(card, dict) else 'JSON object'})")
    return card
