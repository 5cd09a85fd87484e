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

from edge.errors import DigitdError, ModelError
from edge.vision.cells import PREPROCESSING_VERSION

Cells = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]
CARD_KEYS = {"name": str, "classes": int, "preprocessing_version": int, "files": dict}
"""What a card must hold, and as what; `files` holds a SHA-256 by each file's name."""
SUFFIXES = (".tflite", ".onnx")
EXPECTED = "a .tflite or .onnx model"
CLASSES = (10, 11, 100)
TRIAL = np.zeros((2, 32, 32, 1), np.uint8)


class Recognizer(Protocol):
    """A network behind any runtime."""

    classes: int
    """K: 10 digits or 100 tenths of a digit on a circle, or 11: the digits, and what is none."""
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
    _must_be_named_as_a_model(path)
    content = _content(path)
    card_path = path.with_suffix(".json")
    card = read_card(card_path)
    if path.name not in card["files"]:
        raise ModelError(f"{card_path}: names {', '.join(card['files']) or 'no file'}, not {path.name}; put its own card beside it")
    stated = card["files"][path.name]["sha256"]
    if stated != (found := hashlib.sha256(content).hexdigest()):
        raise ModelError(f"{path}: SHA-256 {found[:12]}…, its card names {stated[:12]}…; take file and card from the same release")
    if card["preprocessing_version"] != PREPROCESSING_VERSION:
        raise ModelError(
            f"{path}: made for preprocessing {card['preprocessing_version']}, this digitd does {PREPROCESSING_VERSION}; "
            "take a model of this release"
        )
    recognizer = _opened(path, threads)  # not tried: what a card pins was proven before, and a trial takes as long as a reading
    if recognizer.classes != card["classes"]:
        raise ModelError(f"{path}: {recognizer.classes} classes, its card names {card['classes']}; take both from the same release")
    return recognizer


def open_model(path: Path, *, threads: int = 1) -> Recognizer:
    """The model at `path` as it is, with no card asked for; tried on two black cells, so that what opens also reads.

    Raises ModelError where it is none of ours or fails, RuntimeMissingError where nothing installed can read it.
    """
    _must_be_named_as_a_model(path)
    _content(path)
    try:
        recognizer = _opened(path, threads)
        given = recognizer.quantized(TRIAL).shape
    except DigitdError:
        raise
    except Exception as error:  # the runtimes' errors share no base but Exception
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(f"{path}: fails on two cells ({said}); expected a model such as `make convert` makes") from error
    if given != (len(TRIAL), recognizer.classes) or recognizer.classes not in CLASSES:
        raise ModelError(f"{path}: answers two cells by {given}; expected (2, 10), (2, 11) or (2, 100). `make convert` makes such models")
    return recognizer


def _opened(path: Path, threads: int) -> Recognizer:
    if path.suffix == ".tflite":
        from edge.inference.litert import TfliteRecognizer

        return TfliteRecognizer(path, threads=threads)
    from edge.inference.onnx import OnnxRecognizer

    return OnnxRecognizer(path, threads=threads)


def _must_be_named_as_a_model(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        raise ModelError(f"{path}: {kind_of(path)}; expected {EXPECTED}")


def kind_of(path: Path) -> str:
    """What it is that a path names, as far as its name tells: "a .zip file"."""
    if path.is_dir():
        return "a folder"
    return f"a {path.suffix} file" if path.suffix else "a file whose name has no ending"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file; expected {EXPECTED} with its card. `make train convert` makes them") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); expected {EXPECTED}; look at its permissions") from error


def read_card(path: Path) -> dict[str, Any]:
    """The model card at `path`. Raises ModelError where it is missing, damaged, or lacks one of `CARD_KEYS`."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file; a model comes with its card, from `make convert` or a release") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); expected the model's card; look at its permissions") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not a model card ({error}); take it from the same release as the model") from error
    if not isinstance(card, dict) or (missing := [key for key, kind in CARD_KEYS.items() if not isinstance(card.get(key), kind)]):
        missed = ", ".join(missing) if isinstance(card, dict) else "JSON object"
        raise ModelError(f"{path}: not a model card (no {missed}, or not as a card holds it); take it from the same release as the model")
    for name, file in card["files"].items():
        if not isinstance(file, dict) or not isinstance(file.get("sha256"), str):
            raise ModelError(f"{path}: not a model card (no SHA-256 of {name}); take it from the same release as the model")
    return card
