"""How well a model reads pictures it never saw: `python -m train evaluate MODEL...`, for .keras, .tflite and .onnx alike."""

import argparse
import contextlib
import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from edge.commands.paths import named
from edge.commands.quiet import only_our_words
from edge.errors import DataError, ModelError, UsageError
from edge.inference.fitting import stated_task
from edge.inference.model import CLASSES, kind_of, load, open_model
from edge.vision.cells import to_cells
from edge.vision.handwritten import FIGURES
from train import datasets, metrics, segmented
from train.samples import padded

Cells = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]
Read = Callable[[Cells], Probabilities]
Answers = TypeVar("Answers", Probabilities, Cells)
BATCH = 500
HELD_OUT = 5_000
"""Pictures at the end of MNIST's training set that `--split val` means."""
CUT_OUT, CUT_OUT_SEED = 4_000, 2026
"""Cells cut out of words of MNIST's digits that a judge of segments is measured on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `python -m train evaluate`."""
    parser.description = (
        "Measure models on pictures they never saw: error, right digits, tenths, per meter, and what is taken for what. "
        "`error` is the share of wrong digits; `right_digit_meter_mean` weighs every meter alike; all shares are 0 to 1."
    )
    parser.epilog = "example: python -m train evaluate models/lenet5-counter.tflite models/lenet5-counter.onnx --split test"
    parser.add_argument("models", metavar="MODEL", nargs="+", type=named, help=".keras, .tflite or .onnx")
    parser.add_argument(
        "--split",
        choices=("val", "test"),
        default="test",
        help="which pictures (default: test); val is what recipes are chosen by, and learnt from since",
    )
    parser.add_argument("--data", metavar="DIR", type=named, help="your own pictures, laid out as meter-digits or as mnist")
    parser.add_argument("--json", action="store_true", help="print one JSON object a model instead of tables")


def main(args: argparse.Namespace) -> int:
    """Run `python -m train evaluate`."""
    with contextlib.nullcontext() if args.debug else only_our_words():
        for path in args.models:
            result = evaluate(path, split=args.split, data=args.data)
            print(json.dumps(result) if args.json else table(result))
    return 0


def evaluate(path: Path, *, split: str, data: Path | None = None) -> dict[str, Any]:
    """Metrics of one model file on one data set.

    Keys: model, data, split, n, error, right_digit, confusion [10][10], or [11][11] (rows: true digit), right_digit_meter_mean, within_0_1,
    within_0_2 (None for handwriting, or where no label knows tenths), and for a counter's digits also their means over meters, and
    `meters`. Raises ModelError where the file is no model of ours, DataError where there is nothing to measure it on.
    """
    folder = None if data is None else datasets.own_folder(data, "a folder laid out as meter-digits or as mnist")
    read, classes = reader(path)
    head: dict[str, Any] = {"model": str(path), "split": split}
    task = task_of(path, classes)
    if folder is not None:
        written = is_handwriting(folder)
        if task != "segments":
            task = "handwritten" if written else "counter"
        elif not written:
            raise DataError(f"{data}: no idx files; {path} judges segments of handwriting, and is measured on a folder laid out as mnist")
    if task != "counter":
        cells, labels = digit_cells(task, split, folder)
        probabilities = in_batches(read, cells)
        of_counters = dict.fromkeys(("right_digit_meter_mean", "within_0_1", "within_0_2"))
        result = {"data": str(data or "mnist"), **of_counters, **metrics.handwritten(probabilities, labels)}
        return {**head, **result, "confusion": confusion(probabilities, labels)}
    digits = datasets.meter_digits(split, folder=folder)
    known = ~np.isnan(digits.positions)
    if not known.any():
        raise DataError(f"{data}: nothing to measure: all pictures of split {split} are of kind nan; expected some that can be read")
    probabilities = in_batches(read, to_cells(digits.crops))
    truth = np.rint(digits.positions[known]).astype(int)
    result = {"data": str(data or "meter-digits"), **metrics.counter(probabilities, digits)}
    return {**head, **result, "confusion": confusion(probabilities[known], truth)}


def reader(path: Path) -> tuple[Read, int]:
    """A function from cells uint8 [N, 32, 32, 1] to probabilities float32 [N, K], and K: 10, 11 or 100.

    Raises ModelError where the file is none that can be read.
    """
    if not path.exists():
        raise ModelError(f"{path}: no such file; expected a .keras, .tflite or .onnx model. `make train convert` makes them")
    if path.suffix == ".keras":
        read, classes = _keras_reader(path)
    elif path.suffix in (".tflite", ".onnx"):
        # A model without a card is somebody's own, or one that `convert` is about to judge.
        recognizer = (load if path.with_suffix(".json").exists() else open_model)(path, threads=os.cpu_count() or 1)
        read, classes = recognizer.read, recognizer.classes
    else:
        raise ModelError(f"{path}: {kind_of(path)}; expected .keras, .tflite or .onnx")
    if classes not in CLASSES:
        raise ModelError(f"{path}: {classes} classes; expected 10 (digits), 11 (digits and none) or 100 (tenths), as those of `make train`")
    return read, classes


def task_of(path: Path, classes: int) -> str:
    """`handwritten`, `counter` or `segments`: what a model was trained for, by the card or the training summary beside it.

    Without either, 10 classes are handwriting and 100 a counter; 11 are always segments.
    """
    if classes == FIGURES:
        return "segments"
    summary = path.with_suffix(".training.json" if path.suffix == ".keras" else ".json")
    try:
        told = json.loads(summary.read_text(encoding="utf-8"))
        task = stated_task(told if path.suffix == ".keras" else told["training"])
    except (OSError, ValueError, KeyError, TypeError):
        task = None
    return str(task) if task in ("handwritten", "counter") else "handwritten" if classes == 10 else "counter"


def is_handwriting(folder: Path) -> bool:
    """Whether a folder of somebody's own is laid out as MNIST, and not as meter-digits. Raises DataError where it is neither."""
    if (folder / "index.csv").exists():
        return False
    if any(folder.glob("*idx3-ubyte*")):
        return True
    raise DataError(
        f"{folder}: neither index.csv (laid out as meter-digits) nor MNIST's idx files are there; see README, “Your own pictures”"
    )


def handwriting(split: str, data: Path | None = None) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """MNIST's test set, or as `val` the end of its training set: images uint8 [N, 28, 28] and labels."""
    if split == "test":
        return datasets.mnist("test", folder=data)
    if split == "val":
        images, labels = datasets.mnist("train", folder=data)
        return images[-HELD_OUT:], labels[-HELD_OUT:]
    raise UsageError(f"--split {split}: expected val or test")


def digit_cells(task: str, split: str, data: Path | None = None) -> tuple[Cells, npt.NDArray[np.uint8]]:
    """MNIST as a model of the task, handwritten or segments, is measured on it: cells uint8 [N, 32, 32, 1], and what they show."""
    if task == "segments":
        return cut_out(split, data)
    images, labels = handwriting(split, data)
    return padded(images)[..., None], labels


@functools.lru_cache(maxsize=2)
def cut_out(split: str, data: Path | None = None) -> tuple[Cells, npt.NDArray[np.uint8]]:
    """MNIST as a judge of segments is measured on it: cells uint8 [CUT_OUT, 32, 32, 1] out of words, and what they show, 10: no digit."""
    cells, shown = segmented.bank(*handwriting(split, data), CUT_OUT, seed=CUT_OUT_SEED)
    return cells[..., None], shown


def in_batches(read: Callable[[Cells], Answers], cells: Cells) -> Answers:
    """Read all cells, some at a time: probabilities [N, K], in the kind of number that `read` gives."""
    return np.concatenate([read(cells[i : i + BATCH]) for i in range(0, len(cells), BATCH)])


def confusion(probabilities: Probabilities, digits: npt.NDArray[np.integer]) -> list[list[int]]:
    """How often each true digit (rows) was read as each digit (columns); where a model tells what is none, that is the last of both."""
    figures = metrics.figures(probabilities)
    counts = np.zeros((figures, figures), int)
    np.add.at(counts, (digits % figures, metrics.nearest_digit(probabilities)), 1)
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
    names = [*map(str, range(10)), "none"][: len(result["confusion"])]
    lines.append("  true digit → read as" + "".join(f"{name:>7}" for name in names))
    for name, row in zip(names, result["confusion"], strict=True):
        lines.append(f"  {name:>20}" + "".join(f"{n or '·':>7}" for n in row))
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return f"{'–':>13}" if value is None else f"{100 * value:>11.2f} %"


def _keras_reader(path: Path) -> tuple[Read, int]:
    from train.saved import load_keras

    model = load_keras(path)
    if model.input_shape[-1] != 1:
        raise ModelError(f"{path}: takes cells of {model.input_shape[-1]} channels; expected grey ones, as `make train` learns from")
    return keras_read(model), int(model.output_shape[-1])


def keras_read(model: Any) -> Read:
    """A Keras network as a function from cells uint8 [N, 32, 32, 1] to probabilities float32 [N, K]."""
    return lambda cells: np.asarray(model(cells.astype(np.float32) / 255.0, training=False), np.float32)
