"""What `python -m train` does without a command: run recipes, side by side where there are several."""

import argparse
import dataclasses
import os
import sys
from pathlib import Path

from edge.commands.paths import named
from edge.errors import UsageError
from edge.inference.fitting import Task
from train import datasets
from train.describe import architecture_arguments, architecture_from, differences
from train.options import check_epochs, check_output, seed_argument, whole
from train.recipes import COUNTER, MNIST_PICTURES, PAPER, RECIPES, SHIPPED, Recipe, quick
from train.side_by_side import side_by_side

CLASSES: dict[Task, tuple[int, ...]] = {"handwritten": (10,), "segments": (11,), "counter": (100, 10)}
MEANING: dict[Task, str] = {
    "handwritten": "for handwriting has 10 digits and nothing between them",
    "segments": "the digits and what is none",
    "counter": "tenths of a digit, or 10, digits",
}
OUTPUT, QUICK_OUTPUT = Path("runs"), Path("build/quick")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `python -m train`."""
    parser.add_argument(
        "--model",
        nargs="+",
        choices=sorted(RECIPES),
        help=f"which models (default: {', '.join(SHIPPED)}; with a folder in --data, {COUNTER.name})",
    )
    parser.add_argument(
        "--recipe", choices=("best", "paper"), default="best", help="best: ours; paper: its network on plain MNIST, SGD, 10,000 updates"
    )
    parser.add_argument("--epochs", type=int, help="passes over the data (default: the recipe's)")
    parser.add_argument(
        "--data", nargs="+", metavar="WHAT", help="real, synthetic, or a folder laid out as meter-digits; several add up (default: real "
        "and synthetic for counters, real for handwriting)",
    )  # fmt: skip
    parser.add_argument("--output", type=named, metavar="DIR", help=f"where results go (default: {OUTPUT}, with --quick {QUICK_OUTPUT})")
    parser.add_argument("--quick", action="store_true", help="the whole way in under four minutes: little data, two epochs")
    seed_argument(parser, "model")
    parser.add_argument(
        "--held-out", type=int, metavar="N", help="keep the last N pictures of MNIST's training set, and the counters' val, to choose by"
    )
    parser.add_argument("--threads", type=whole(1), metavar="N", help="processor threads a model (default: all, shared among the models)")
    parser.add_argument(
        "--precision", choices=("auto", "float32", "bfloat16"), default="auto", help="auto: bfloat16 where the processor has it"
    )
    networks = [f"  {name}: {differences(recipe.architecture)}" for name, recipe in RECIPES.items()]
    architecture_arguments(parser, "\n".join(["A model differs from the defaults below in what stands beside its name:", *networks]))


def main(args: argparse.Namespace) -> int:
    """Run `python -m train`."""
    own = [source for source in args.data or () if source not in ("real", "synthetic")]
    default = [PAPER.name] if args.recipe == "paper" else [COUNTER.name] if own else list(SHIPPED)
    names = list(dict.fromkeys(args.model or default))
    if args.recipe == "paper" and names != [PAPER.name]:
        raise UsageError(f"--recipe paper and --model {' '.join(names)}: the paper's recipe trains {PAPER.name}; give either of them")
    check_epochs(args.epochs)
    recipes = [_recipe(name, args) for name in names]
    for source in own:
        datasets.own_folder(Path(source))
    check_output(_output(args))
    if len(recipes) == 1:
        return _train(recipes[0], args)
    for recipe in recipes:  # once, and not by each of them
        if "real" in _sources(recipe, args):
            datasets.get(recipe.task)
    # Two with half the cores each do more together than one after the other with all of them.
    threads = args.threads or max(1, (os.cpu_count() or 1) // len(names))
    program = [sys.executable, "-m", "train", *sys.argv[1:]]
    return side_by_side({name: [*program, "--model", name, "--threads", str(threads)] for name in names}, "python -m train")


def _output(args: argparse.Namespace) -> Path:
    return Path(args.output or (QUICK_OUTPUT if args.quick else OUTPUT))


def _sources(recipe: Recipe, args: argparse.Namespace) -> list[str]:
    return args.data or (["real", "synthetic"] if recipe.synthetic else ["real"])


def _train(recipe: Recipe, args: argparse.Namespace) -> int:
    from train import fit, report, samples
    from train.measures import curves

    sources = _sources(recipe, args)
    precision = args.precision
    if precision == "auto":
        precision = "bfloat16" if fit.bfloat16_is_fast() else "float32"
    threads = args.threads or os.cpu_count() or 1
    run = fit.Run(output=_output(args), seed=args.seed, precision=precision, threads=threads)
    learnt_from = samples.training_samples(recipe, sources, seed=args.seed)
    result = fit.fit(recipe, learnt_from, run, curves(recipe, sources))
    page = report.write(result, recipe, sources)
    print(f"{result}: trained; see {page}")
    return 0


def _recipe(name: str, args: argparse.Namespace) -> Recipe:
    """The recipe called `name`, changed by the options. Raises UsageError where they do not fit it."""
    recipe = RECIPES[name]
    architecture = architecture_from(args, recipe.architecture)
    if architecture.channels != 1:
        raise UsageError(f"--channels {architecture.channels}: the training pictures are grey; expected 1")
    if architecture.classes not in (fitting := CLASSES[recipe.task]):
        raise UsageError(f"--classes {architecture.classes} for {name}: expected {fitting[0]}, {MEANING[recipe.task]}")
    recipe = dataclasses.replace(recipe, architecture=architecture)
    if args.quick:
        recipe = quick(recipe)
    recipe = dataclasses.replace(recipe, epochs=args.epochs or recipe.epochs)
    most = MNIST_PICTURES - recipe.batch
    if args.held_out is not None and not 0 <= args.held_out <= most:
        raise UsageError(
            f"--held-out {args.held_out}: expected 0 to {most:,}: a batch takes {recipe.batch} of the {MNIST_PICTURES:,} pictures"
        )
    return recipe if args.held_out is None else dataclasses.replace(recipe, held_out=args.held_out)
