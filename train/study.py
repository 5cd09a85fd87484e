"""`python -m train study`: the same recipe at several widths, accuracy against multiply-accumulates, on `val`."""

import argparse
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from edge.commands.paths import named
from train.options import check_epochs, check_output, kernels, seed_argument
from train.recipes import COUNTER, RECIPES, SHIPPED

WIDTHS = ((8, 24), (16, 40), (32, 32))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `python -m train study`."""
    parser.description = "Train one recipe at several widths and show accuracy against multiply-accumulates, measured on val."
    parser.epilog = "example: python -m train study --model lenet5-counter --widths 8,24 16,40 32,32 --epochs 10"
    parser.add_argument("--model", choices=SHIPPED, default=COUNTER.name, help=f"default: {COUNTER.name}")
    parser.add_argument(
        "--widths",
        nargs="+",
        type=kernels,
        default=WIDTHS,
        metavar="A,B",
        help=f"kernels of the first and second stage (default: {' '.join(f'{first},{second}' for first, second in WIDTHS)})",
    )
    parser.add_argument("--epochs", type=int, default=10, help="passes over the data for each width (default: 10)")
    parser.add_argument("--output", type=named, default=Path("runs/study"), metavar="DIR", help="default: runs/study")
    seed_argument(parser, "models")
    parser.add_argument("--json", action="store_true", help="print one JSON array instead of a table")


def main(args: argparse.Namespace) -> int:
    """Run `python -m train study`."""
    check_epochs(args.epochs)
    check_output(args.output)
    rows = [_row(args, width) for width in args.widths]
    if args.json:
        print(json.dumps(rows))
        return 0
    print(f"{'kernels':>9}{'parameters':>12}{'MACs':>13}{'right digit':>13}{'mean over meters':>18}   val, {args.epochs} epochs")
    for row in rows:
        mean = row["right_digit_meter_mean"]
        shown = f"{100 * mean:.2f} %" if mean is not None else "–"
        print(f"{row['kernels']:>9}{row['parameters']:>12,}{row['macs']:>13,}{100 * row['right_digit']:>11.2f} %{shown:>18}")
    return 0


def _row(args: argparse.Namespace, kernels: tuple[int, int]) -> dict[str, Any]:
    from train import fit, samples
    from train.evaluate import HELD_OUT, evaluate

    base = RECIPES[args.model]
    name = f"{base.name}-{'-'.join(map(str, kernels))}"
    architecture = dataclasses.replace(base.architecture, kernels=kernels)
    recipe = dataclasses.replace(base, name=name, architecture=architecture, epochs=args.epochs, held_out=HELD_OUT)
    precision = "bfloat16" if fit.bfloat16_is_fast() else "float32"
    run = fit.Run(output=args.output, seed=args.seed, precision=precision, threads=os.cpu_count() or 1)
    sources = ["real", "synthetic"] if recipe.synthetic else ["real"]
    path = fit.fit(recipe, samples.training_samples(recipe, sources, seed=args.seed), run, {})
    summary = json.loads(path.with_suffix(".training.json").read_text(encoding="utf-8"))
    measured = evaluate(path, split="val")
    kept = {key: measured[key] for key in ("n", "right_digit", "right_digit_meter_mean", "within_0_1", "within_0_2")}
    return {"kernels": ",".join(map(str, kernels)), "parameters": summary["parameters"], "macs": summary["multiply_accumulates"], **kept}
