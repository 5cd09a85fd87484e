"""`python -m train sheet`: a picture of rendered digits, or of real ones and their distortions, to look at before training on them."""

import argparse
from pathlib import Path

import cv2
import numpy as np

from edge.commands.paths import named
from edge.errors import UsageError
from edge.inference.model import kind_of
from edge.vision.window import luminance
from train import augment, datasets, synthetic
from train.options import seed_argument
from train.samples import padded, resized

ROWS, TILE_PX = 6, 64
MOST = 6_000
"""More are no picture to look at, nor one that a JPEG can hold."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `python -m train sheet`."""
    parser.description = "Write a picture of training digits: rendered ones with their positions, or real ones and their distortions below."
    parser.epilog = "example: python -m train sheet --of counter --output sheet.png"
    parser.add_argument("--of", choices=("synthetic", "counter", "handwritten"), default="synthetic", help="default: synthetic")
    parser.add_argument("--count", type=int, default=144, help="how many (default: 144)")
    seed_argument(parser, "picture")
    parser.add_argument("--output", type=named, default=Path("sheet.png"), metavar="FILE", help="default: sheet.png")


def main(args: argparse.Namespace) -> int:
    """Run `python -m train sheet`."""
    if not 1 <= args.count <= MOST:
        raise UsageError(f"--count {args.count}: expected 1 to {MOST:,}")
    if not cv2.haveImageWriter(str(args.output)):
        raise UsageError(f"--output {args.output}: {kind_of(args.output)}; expected a name that ends in .png or .jpg")
    image = synthetic.sheet(args.count, seed=args.seed) if args.of == "synthetic" else _distorted(args.of, args.count, args.seed)
    if not cv2.imwrite(str(args.output), image):
        raise UsageError(f"--output {args.output}: cannot be written; expected a name in a folder that is there and can be written to")
    print(args.output)
    return 0


def _distorted(kind: str, count: int, seed: int) -> synthetic.Image:
    rng = np.random.default_rng(seed)
    distort = augment.counter if kind == "counter" else augment.handwritten
    if kind == "counter":
        pictures = np.stack([resized(crop) for crop in datasets.meter_digits("train").crops])
    else:
        pictures = padded(datasets.mnist("train")[0])
    columns = []
    for i in rng.choice(len(pictures), max(1, count // (ROWS + 1)), replace=False):
        original = cv2.resize(pictures[i], (TILE_PX, TILE_PX))
        grey = luminance(original)
        distorted = distort(np.stack([pictures[i]] * ROWS), rng)
        columns.append(np.vstack([grey, *(cv2.resize(cell, (TILE_PX, TILE_PX)) for cell in distorted)]))
    return np.asarray(np.hstack(columns), np.uint8)
