"""What `python -m train` does without a command: run recipes, side by side where there are several."""

import argparse
import dataclasses
import os
import subprocess
import sys
from pathlib import Path

from edge.errors import DataError, UsageError
from train.describe import architecture_arguments, architecture_from
from train.recipes import COUNTER, PAPER, RECIPES, SHIPPED, Recipe, quick

OUTPUT, QUICK_OUTPUT = Path("runs"), Path("build/quick")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `python -m train`."""
    parser.add_argument(
        "--model",
        nargs="+",
        choices=sorted(RECIPES),
        help=f"which models (default: {' and '.join(SHIPPED)}; with a folder in --data, the latter)",
    )
    parser.add_argument(
        "--recipe", choices=("best", "paper"), default="best", help="best: ours; paper: its network on plain MNIST, SGD, 10,000 updates"
    )
    parser.add_argument("--epochs", type=int, help="passes over the data (default: the recipe's)")
    parser.add_argument(
        "--data", nargs="+", metavar="WHAT", help="real, synthetic, or a folder laid out as meter-digits; several add up (default: real "
        "and synthetic for counters, real for handwriting)",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, metavar="DIR", help=f"where results go (default: {OUTPUT}, with --quick {QUICK_OUTPUT})")
    parser.add_argument("--quick", action="store_true", help="the whole way in under four minutes: little data, two epochs")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same model (default: 0)")
    parser.add_argument("--held-out", type=int, metavar="N", help="keep the last N pictures of MNIST's training set to choose by")
    parser.add_argument("--threads", type=int, help="processor threads for each model (default: all, shared among the models)")
    parser.add_argument(
        "--precision", choices=("auto", "float32", "bfloat16"), default="auto", help="auto: bfloat16 where the processor has it"
    )
    parser.add_argument("--row", type=int, default=0, help=argparse.SUPPRESS)
    architecture_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Run `python -m train`."""
    own = any(source not in ("real", "synthetic") for source in args.data or ())
    default = [PAPER.name] if args.recipe == "paper" else [COUNTER.name] if own else list(SHIPPED)
    names = list(dict.fromkeys(args.model or default))
    if args.epochs is not None and args.epochs < 1:
        raise UsageError(f"--epochs {args.epochs}: expected 1 or more")
    if len(names) > 1:
        return _side_by_side(names, args)
    return _train(names[0], args)


def _side_by_side(names: list[str], args: argparse.Namespace) -> int:
    """A process a model: two with half the cores each do more together than one after the other with all of them."""
    threads = args.threads or max(1, (os.cpu_count() or 1) // len(names))
    processes = [
        subprocess.Popen([sys.executable, "-m", "train", *sys.argv[1:], "--model", name, "--threads", str(threads), "--row", str(row)])
        for row, name in enumerate(names)
    ]
    try:
        codes = [process.wait() for process in processes]
    except KeyboardInterrupt:
        for process in processes:
            process.wait()
        raise
    return max(codes)


def _train(name: str, args: argparse.Namespace) -> int:
    from train import fit, report, samples
    from train.measures import curves

    recipe = _recipe(name, args)
    sources = args.data or (["real", "synthetic"] if recipe.synthetic else ["real"])
    for source in sources:
        if source not in ("real", "synthetic") and not Path(source).is_dir():
            raise DataError(f"--data {source}: no such folder; expected real, synthetic, or a folder laid out as meter-digits")
    output = args.output or (QUICK_OUTPUT if args.quick else OUTPUT)
    precision = args.precision
    if precision == "auto":
        precision = "bfloat16" if fit.bfloat16_is_fast() else "float32"
    run = fit.Run(output=output, seed=args.seed, precision=precision, threads=args.threads or os.cpu_count() or 1, row=args.row)
    learnt_from = samples.training_samples(recipe, sources, seed=args.seed)
    result = fit.fit(recipe, learnt_from, run, curves(recipe, sources))
    page = report.write(result, recipe, sources)
    print(f"{result}: trained; see {page}")
    return 0


def _recipe(name: str, args: argparse.Namespace) -> Recipe:
    recipe = RECIPES[name]
    recipe = dataclasses.replace(recipe, architecture=architecture_from(args, recipe.architecture))
    if args.quick:
        recipe = quick(recipe)
    if args.held_out is not None:
        recipe = dataclasses.replace(recipe, held_out=args.held_out)
    return dataclasses.replace(recipe, epochs=args.epochs or recipe.epochs)
