"""The model card: what a model is, what it reads, and how both were proven. `python -m convert card models/NAME.json` shows it."""

import argparse
import hashlib
import importlib.metadata
import platform
from pathlib import Path
from typing import Any

from convert.verify import RENDERED
from edge.commands.paths import named
from edge.errors import ModelError
from edge.inference.model import read_card
from edge.vision.cells import CELL_SIZE, HIGH_PERCENTILE, LOW_PERCENTILE, PREPROCESSING_VERSION
from edge.vision.handwritten import FIGURES
from train.data_command import ATTRIBUTION, provenance
from train.fit import commit

TOOLS = ("tensorflow", "keras", "ai-edge-litert", "tf2onnx", "onnx", "onnxruntime", "numpy", "opencv-python-headless")
TRAINING = ("commit", "command", "sources", "recipe", "seed", "precision", "pictures", "sha256")
"""What a card says of the training; `sha256` is of the pictures it learnt from, and their labels."""
PREPROCESSING = {
    "handwritten": "28×28 as published, white on black, padded by two",
    "segments": "edge.vision.handwritten: 20×20 by the longer side, centre of mass in the middle, white on black",
    "counter": f"edge.vision.cells: grey by the mix that separates best, {CELL_SIZE}×{CELL_SIZE}, percentiles {LOW_PERCENTILE:g} and "
    f"{HIGH_PERCENTILE:g} to 0 and 255",
}
MEANING = {10: "digits", FIGURES: "digits, and what is none", 100: "tenths of a digit"}
"""Of a model's classes, by how many there are."""


def make_card(
    training: dict[str, Any], files: dict[Path, bytes], proof: dict[str, Any], *, data: str, method: str, command: str
) -> dict[str, Any]:
    """The card of a model. training: `<name>.training.json`; proof: what `verify` returned; files: contents by where they go;
    data: what `verify` measured on; method: how it was quantized."""
    classes = training["architecture"]["classes"]
    tflite = next(path for path in files if path.suffix == ".tflite")
    return {
        "name": training["name"],
        "classes": classes,
        "input": f"uint8 [N, {CELL_SIZE}, {CELL_SIZE}, 1], scale 1/255, zero point 0",
        "output": f"uint8 [N, {classes}], scale 1/256, zero point 0: softmax over {MEANING[classes]}",
        "preprocessing_version": PREPROCESSING_VERSION,
        "preprocessing": PREPROCESSING[training["task"]],
        "files": {path.name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)} for path, content in files.items()},
        "parameters": training["parameters"],
        "multiply_accumulates": training["multiply_accumulates"],
        "architecture": training["architecture"],
        "metrics": {
            "command": command if data == RENDERED else f"python -m train evaluate {tflite} --split test",
            "data": data,
            "float32": proof["float32"],
            "int8": proof["int8"],
        },
        "parity": proof["parity"],
        "training": {key: training[key] for key in TRAINING if key in training},
        "conversion": {"commit": commit(), "command": command, "quantization": method},
        "data": origins(training["task"], training["sources"], data),
        "tools": {"python": platform.python_version(), **{tool: importlib.metadata.version(tool) for tool in TOOLS}},
        "licence": "Apache-2.0",
    }


def origins(task: str, sources: list[str], measured: str) -> dict[str, Any]:
    """What a card says of all pictures that a model was trained (`sources`) and measured on: attribution, and the hashes that pin them."""
    published = "meter-digits" if task == "counter" else "mnist"
    names = [published if source == "real" else source for source in sources if source != "synthetic"]
    known = [_origin(name) for name in dict.fromkeys([*names, *([] if measured == RENDERED else [measured])])]
    return {
        "attribution": "; ".join(each["attribution"] for each in known) or "rendered digits alone, by train/synthetic.py",
        "sha256": {file: digest for each in known for file, digest in each["sha256"].items()},
    }


def _origin(name: str) -> dict[str, Any]:
    if name in ATTRIBUTION:
        return provenance(name)
    index = Path(name, "index.csv")
    hashes = {str(index): hashlib.sha256(index.read_bytes()).hexdigest()} if index.is_file() else {}
    return {"attribution": f"pictures of one's own in {name}", "sha256": hashes}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `python -m convert card`."""
    parser.description = "Show a model card."
    parser.epilog = "example: python -m convert card models/lenet5-counter.json"
    parser.add_argument("cards", metavar="CARD", nargs="+", type=named, help="a .json file beside a model")


def main(args: argparse.Namespace) -> int:
    """Run `python -m convert card`. Raises ModelError where a card does not hold what a card of this release does."""
    for path in args.cards:
        card = read_card(path)
        try:
            text = shown(card)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"{path}: not a whole model card ({type(error).__name__}: {error}); take it from a release") from error
        print(text)
    return 0


def shown(card: dict[str, Any]) -> str:
    """A card as a person reads it."""
    metrics, training = card["metrics"], card["training"]
    lines = [
        card["name"],
        f"  takes      {card['input']}",
        f"  gives      {card['output']}",
        f"  pixels     {card['preprocessing']} (version {card['preprocessing_version']})",
        f"  size       {card['parameters']:,} parameters, {card['multiply_accumulates']:,} multiply-accumulates a digit",
    ]
    for name, file in card["files"].items():
        lines.append(f"  file       {name}, {file['bytes']:,} bytes, SHA-256 {file['sha256']}")
    lines += [f"  {kind:10} {_figures(metrics[kind])}" for kind in ("float32", "int8")]
    lines.append(f"             on {metrics['data']}, test: {metrics['command']}")
    parity = dict(card["parity"])
    lines.append(f"  parity     against {parity.pop('reference')}, on {parity.pop('pictures'):,} pictures")
    for runtime, result in parity.items():
        if isinstance(result, dict):
            ties = ", all ties of the logits" if result.get("all_of_them_ties") else ""
            result = f"largest gap {result['largest_gap_quanta']} quanta, {result['decided_otherwise']} decided otherwise{ties}"
        lines.append(f"             {runtime}: {result}")
    lines += [
        f"  trained    {training['command']}, commit {training['commit']}",
        f"  converted  {card['conversion']['command']}, {card['conversion']['quantization']}, commit {card['conversion']['commit']}",
        f"  data       {card['data']['attribution']}",
        f"  tools      {', '.join(f'{tool} {version}' for tool, version in card['tools'].items())}",
    ]
    return "\n".join(lines)


def _figures(result: dict[str, Any]) -> str:
    names = {"right_digit": "right digit", "right_digit_meter_mean": "mean over meters", "within_0_1": "within ±0.1", "within_0_2": "±0.2"}
    shares = [f"{text} {100 * result[key]:.2f} %" for key, text in names.items() if result.get(key) is not None]
    return f"{', '.join(shares)}, of {result['n']:,} pictures"
