"""`python -m train data`: what data is there, where, how many, checked or not; `--prepare` gets what is missing."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from edge.errors import DataError
from train import datasets, downloads
from train.own_index import SPLITS

ATTRIBUTION = {
    "mnist": "MNIST, LeCun, Cortes, Burges; no licence stated upstream",
    "meter-digits": f"github.com/{downloads.METER_REPOSITORY} at {downloads.METER_COMMIT}, Apache-2.0",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `python -m train data`."""
    parser.description = (
        "What data is there, where, how many pictures, checked or not. Looked for in DIGITD_DATA, ../shared/data and the user's cache, in "
        "that order."
    )
    parser.epilog = "example: python -m train data --prepare"
    parser.add_argument("--prepare", action="store_true", help="download what is missing, or damaged there, into the user's cache")
    parser.add_argument("--json", action="store_true", help="print one JSON array instead of a table")


def main(args: argparse.Namespace) -> int:
    """Run `python -m train data`: exit code 0 where all is there and whole, 1 where not."""
    if args.prepare:
        prepare(downloads.cache())
    rows = status()
    if args.json:
        print(json.dumps(rows))
    else:
        print(table(rows))
    return 0 if all(row["state"] == "checked" for row in rows) else 1


def prepare(root: Path, mnist: tuple[str, ...] = downloads.MNIST_ADDRESSES, meters: tuple[str, ...] = downloads.METER_ADDRESSES) -> None:
    """Download into `root` what no data folder has, and again what is damaged there; what is damaged elsewhere is somebody's own."""

    def lacks(data: str, split: str, name: str) -> bool:
        path = datasets.find(f"{data}/{name}")
        return path is None or (path.is_relative_to(root) and _row(data, split)["state"] == "damaged")

    for split, prefix in datasets.MNIST_PREFIX.items():
        for name in downloads.MNIST_SHA256:
            if name.startswith(prefix) and lacks("mnist", split, name):
                downloads.mnist(name, root, mnist)
    if any(lacks("meter-digits", split, f"{split}.tar.gz") for split in SPLITS):
        downloads.meter_digits(datasets.index(), root, meters)


def status() -> list[dict[str, Any]]:
    """One row a data set and split: data, split, pictures (None where not checked), path (None where missing), state (checked, damaged,
    missing), problem."""
    return [*(_row("mnist", split) for split in datasets.MNIST_PREFIX), *(_row("meter-digits", split) for split in SPLITS)]


def table(rows: list[dict[str, Any]]) -> str:
    """What `status` returned, as a person reads it."""
    lines = [f"{'data':14}{'split':7}{'pictures':>9}  {'state':9}where"]
    for row in rows:
        pictures = "–" if row["pictures"] is None else f"{row['pictures']:,}"
        lines.append(f"{row['data']:14}{row['split']:7}{pictures:>9}  {row['state']:9}{row['path'] or '–'}")
        lines += [f"{'':30}  {row['problem']}"] if row["problem"] else []
    kinds = datasets.shares(row for rows in datasets.index().values() for row in rows)
    lines.append(
        f"labels of meter-digits: {kinds['tenths']:,} in tenths, {kinds['integer']:,} of the digit only, {kinds['nan']} unreadable"
    )
    if any(row["state"] == "missing" for row in rows):
        lines.append("get what is missing: python -m train data --prepare")
    return "\n".join(lines)


def provenance(data: str) -> dict[str, Any]:
    """What the model card says of a data set: attribution, and the hashes that pin every picture of it."""
    if data == "mnist":
        return {"attribution": ATTRIBUTION[data], "sha256": downloads.MNIST_SHA256}
    return {"attribution": ATTRIBUTION[data], "sha256": {datasets.INDEX.name: _sha256(datasets.INDEX)}}


def _row(data: str, split: str) -> dict[str, Any]:
    mnist = data == "mnist"
    files = [name for name in downloads.MNIST_SHA256 if name.startswith(datasets.MNIST_PREFIX[split])] if mnist else [f"{split}.tar.gz"]
    paths = [datasets.find(f"{data}/{file}") for file in files]
    where = [path for path in paths if path is not None]
    state, problem, pictures = "missing", "", None
    if len(where) == len(paths):
        try:
            pictures = len(datasets.mnist(split)[1] if mnist else datasets.meter_digits(split).crops)
            state = "checked"
        except DataError as error:
            state, problem = "damaged", str(error)
    folder = str(where[0].parent if mnist else where[0]) if where else None
    return {"data": data, "split": split, "pictures": pictures, "path": folder, "state": state, "problem": problem}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
