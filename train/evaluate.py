"""How well a model reads pictures it never saw: `python -m train evaluate MODEL...`, for .keras, .tflite and .onnx alike."""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from edge.errors import DataError, ModelError, UsageError
from edge.vision.cells import to_cells
from edge.vision.circle import position
from train import datasets, metrics
from train.samples import padded

Cells = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]
Read = Callable[[Cells], Probabilities]
Answers = TypeVar("Answers", Probabilities, Cells)
BATCH = 500
HELD_OUT = 5_000
"""Pictures at the end of MNIST's training set that `--split val` means."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `python -m train evaluate`."""
    parser.description = (
        "Measure models on pictures they never saw: error, right digits, tenths, per meter, and what is taken for what. "
        "`error` is the share of wrong digits; `right_digit_meter_mean` weighs every meter alike; all shares are 0 to 1."
    )
    parser.epilog = "example: python -m train evaluate models/lenet5-counter.tflite models/lenet5-counter.onnx --split test"
    parser.add_argument("models", metavar="MODEL", nargs="+", type=Path, help=".keras, .tflite or .onnx")
    parser.add_argument("--split", choices=("val", "test"), default="test", help="which pictures (default: test)")
    parser.add_argument("--data", metavar="DIR", type=Path, help="your own pictures, laid out as meter-digits or as mnist")
    parser.add_argument("--json", action="store_true", help="print one JSON object a model instead of tables")


def main(args: argparse.Namespace) -> int:
    """Run `python -m train evaluate`."""
    for path in args.models:
        result = evaluate(path, split=args.split, data=args.data)
        print(json.dumps(result) if args.json else table(result))
    return 0


def evaluate(path: Path, *, split: str, data: Path | None = None) -> dict[str, Any]:
    """Metrics of one model file on one data set.

    Keys: model, data, split, n, error, right_digit, confusion [10][10] (rows: true digit), and for a counter's digits also
    right_digit_meter_mean, within_0_1, within_0_2, their means over meters, and `meters`.
    """
    read, classes = reader(path)
    head = {"model": str(path), "split": split}
    if is_handwriting(classes, data):
        images, labels = handwriting(split, data)
        probabilities = in_batches(read, padded(images)[..., None])
        result = metrics.handwritten(probabilities, labels)
        return {**head, "data": "mnist", **result, "confusion": confusion(probabilities, labels)}
    digits = datasets.meter_digits(split, folder=data)
    probabilities = in_batches(read, to_cells(digits.crops))
    result = metrics.counter(probabilities, digits)
    known = ~np.isnan(digits.positions)
    return {
        **head,
        "data": str(data or "meter-digits"),
        **result,
        "confusion": confusion(probabilities[known], np.rint(digits.positions[known]).astype(int) % 10),
    }


def reader(path: Path) -> tuple[Read, int]:
    """A function from cells uint8 [N, 32, 32, 1] to probabilities float32 [N, K], and K.

    Raises ModelError where the file is none that can be read.
    """
    if not path.exists():
        raise ModelError(f"{path}: no such file; expected a .keras, .tflite or .onnx model. `make train convert` makes them")
    if path.suffix == ".keras":
        return _keras_reader(path)
    if path.suffix in (".tflite", ".onnx"):
        from edge.inference.model import load, open_model

        # A model without a card is somebody's own, or one that `convert` is about to judge.
        recognizer = (load if path.with_suffix(".json").exists() else open_model)(path, threads=os.cpu_count() or 1)
        return recognizer.read, recognizer.classes
    raise ModelError(f"{path}: a {path.suffix or 'nameless'} file; expected .keras, .tflite or .onnx")


def is_handwriting(classes: int, data: Path | None) -> bool:
    """Whether a model of `classes` is measured on MNIST: by the folder's layout where one is named, else by its classes."""
    if data is None:
        return classes == 10
    if (data / "index.csv").exists():
        return False
    if any(data.glob("*idx3-ubyte*")):
        return True
    raise DataError(
        f"{data}: neither index.csv (laid out as meter-digits) nor MNIST's idx files are there; see README, “Your own pictures”"
    )


def handwriting(split: str, data: Path | None = None) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """MNIST's test set, or as `val` the end of its training set: images uint8 [N, 28, 28] and labels."""
    if split == "test":
        return datasets.mnist("test", folder=data)
    if split == "val":
        images, labels = datasets.mnist("train", folder=data)
        return images[-HELD_OUT:], labels[-HELD_OUT:]
    raise UsageError(f"--split {split}: expected val or test")


def in_batches(read: Callable[[Cells], Answers], cells: Cells) -> Answers:
    """Read all cells, some at a time: probabilities [N, K], in the kind of number that `read` gives."""
    return np.concatenate([read(cells[i : i + BATCH]) for i in range(0, len(cells), BATCH)])


def confusion(probabilities: Probabilities, digits: npt.NDArray[np.integer]) -> list[list[int]]:
    """How often each true digit (rows) was read as each digit (columns)."""
    read = np.rint(position(probabilities)).astype(int) % 10
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (digits, read), 1)
    return [[int(n) for n in row] for row in counts]


def table(result: dict[str, Any]) -> str:
    """The result as a person reads it."""
    lines = [f"{result['model']} on {result['data']} ({result['split']}, {result['n']:,} pictures)"]
    if "meters" in result:
        lines.append(f"  {'':32}{'pictures':>9}{'right digit':>13}{'within ±0.1':>13}{'within ±0.2':>13}")
        rows = [(name, row, row) for name, row in sorted(result["meters"].items())]
        means = {key: result.get(f"{key}_meter_mean") for key in ("right_digit", "within_0_1", "within_0_2")}
        rows += [("all pictures", result, result), ("mean over meters", {"n": len(result["meters"])}, means)]
        for name, counts, row in rows:
            shares = "".join(_share(row.get(key)) for key in ("right_digit", "within_0_1", "within_0_2"))
            lines.append(f"  {name:32}{counts['n']:>9,}{shares}")
    else:
        lines.append(f"  error {100 * result['error']:.2f} %, right digit {100 * result['right_digit']:.2f} %")
    lines.append("  true digit → read as" + "".join(f"{digit:>7}" for digit in range(10)))
    for digit, row in enumerate(result["confusion"]):
        lines.append(f"  {digit:>20}" + "".join(f"{n or '·':>7}" for n in row))
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return f"{'–':>13}" if value is None else f"{100 * value:>11.2f} %"


def _keras_reader(path: Path) -> tuple[Read, int]:
    from train.saved import load_keras

    model = load_keras(path)
    return keras_read(model), int(model.output_shape[-1])


def keras_read(model: Any) -> Read:
    """A Keras network as a function from cells uint8 [N, 32, 32, 1] to probabilities float32 [N, K]."""
    return lambda cells: np.asarray(model(cells.astype(np.float32) / 255.0, training=False), np.float32)
