"""`python -m bench`: microseconds a call of the shipped networks in each form, one thread, taken in turns in one run.

The weights are random, for they do not change the speed; what is compared is the form: the float32 ONNX of the same network, the int8
ONNX as tf2onnx writes it, the int8 ONNX as it ships, and the int8 TFLite by LiteRT.
"""

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from convert.quantize import float_tflite, quantize
from convert.to_onnx import to_onnx
from edge.errors import DigitdError
from edge.inference.model import open_model
from train.lenet5 import Architecture, build
from train.recipes import CLASSIC, RECIPES, SHIPPED

BASELINE, SHIPPING = "float32 ONNX", "int8 ONNX, shipped"
NAMES = (*SHIPPED, CLASSIC.name)


def main() -> int:
    """Run the benchmark; exit code 1 where the shipped int8 ONNX is slower than the float32 ONNX."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", choices=NAMES, help=f"which networks (default: {', '.join(SHIPPED)})")
    parser.add_argument("--digits", type=int, nargs="+", default=[1, 8], metavar="N", help="digits in a call (default: 1 8)")
    parser.add_argument("--repeat", type=int, default=1000, metavar="N", help="calls of each (default: 1000)")
    parser.add_argument("--json", action="store_true", help="print one JSON array instead of a table")
    args = parser.parse_args()
    try:
        rows = [row for name in args.model or SHIPPED for row in measure(name, args.digits, args.repeat)]
    except DigitdError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(rows) if args.json else table(rows))
    return int(any(row["form"] == SHIPPING and row["ratio"] > 1 for row in rows))


def measure(name: str, digits: list[int], repeat: int) -> list[dict[str, Any]]:
    """Rows of network, form, digits, median_us, and ratio to the float32 ONNX's median."""
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 256, (max(64, *digits), 32, 32, 1), np.uint8)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        forms = _forms(RECIPES[name].architecture, cells, Path(folder))
        for count in digits:
            some = {form: cells[:count] if "float32" not in form else cells[:count].astype(np.float32) / 255 for form in forms}
            taken: dict[str, list[float]] = {form: [] for form in forms}
            for _ in range(repeat):
                for form, read in forms.items():
                    started = time.perf_counter()
                    read(some[form])
                    taken[form].append(time.perf_counter() - started)
            medians = {form: 1e6 * float(np.median(times)) for form, times in taken.items()}
            for form, median in medians.items():
                rows.append({"network": name, "form": form, "digits": count, "median_us": median, "ratio": median / medians[BASELINE]})
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """What `measure` returned, as a person reads it."""
    lines = [f"{'network':28}{'form':26}{'digits':>7}{'median µs':>11}{'to float32':>12}"]
    lines += [f"{r['network']:28}{r['form']:26}{r['digits']:>7}{r['median_us']:>11.0f}{r['ratio']:>12.2f}" for r in rows]
    return "\n".join(lines)


def _forms(architecture: Architecture, cells: Any, folder: Path) -> dict[str, Callable[[Any], Any]]:

    model = build(dataclasses.replace(architecture, batch_norm=False))
    rng = np.random.default_rng(1)
    model.set_weights([weight + rng.normal(0, 0.01, weight.shape) for weight in model.get_weights()])
    representative = np.concatenate([cells, np.zeros_like(cells[:1]), np.full_like(cells[:1], 255)])
    tflite = quantize(model, representative)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1

    def by_onnxruntime(content: Any) -> Callable[[Any], Any]:
        session = onnxruntime.InferenceSession(content.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return lambda some: session.run(None, {"cells": some})

    (folder / "model.tflite").write_bytes(tflite)
    return {
        BASELINE: by_onnxruntime(to_onnx(float_tflite(model), fused=False)),
        "int8 ONNX, as tf2onnx's": by_onnxruntime(to_onnx(tflite, fused=False)),
        SHIPPING: by_onnxruntime(to_onnx(tflite)),
        "int8 TFLite, LiteRT": open_model(folder / "model.tflite").quantized,
    }


if __name__ == "__main__":
    sys.exit(main())
