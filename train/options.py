"""What several commands take: whole numbers within bounds, refused while the command line is read; and an output that can be written to."""

import argparse
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from edge.errors import UsageError

LARGEST_SEED = 2**32 - 1
MOST_KERNELS = 1024
"""Of a stage: thirty times the paper's, and still built within a gigabyte."""


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """A type for argparse: a whole number from `low` to `high`."""
    expected = f"{low} or more" if high is None else f"{low} to {high:,}"

    def number(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not low <= int(text) or (high is not None and int(text) > high):
            raise argparse.ArgumentTypeError(f"{text}: expected a whole number, {expected}")
        return int(text)

    return number


def kernels(text: str) -> tuple[int, int]:
    """A type for argparse: how many kernels the first and the second stage of a network have."""
    if not (match := re.fullmatch(r"([1-9]\d{0,9}),([1-9]\d{0,9})", text)) or max(found := (int(match[1]), int(match[2]))) > MOST_KERNELS:
        raise argparse.ArgumentTypeError(f"{text}: expected two numbers of 1 to {MOST_KERNELS:,}, such as 6,16")
    return found


def seed_argument(parser: argparse.ArgumentParser, what: str) -> None:
    """The option --seed. what: what the same seed gives the same of."""
    parser.add_argument(
        "--seed", type=whole(0, LARGEST_SEED), default=0, metavar="N", help=f"the same seed gives the same {what} (default: 0)"
    )


def check_epochs(epochs: int | None) -> None:
    """Raises UsageError where a run would not learn."""
    if epochs is not None and epochs < 1:
        raise UsageError(f"--epochs {epochs}: expected 1 or more")


def check_output(folder: Path) -> None:
    """Make a folder for results. Raises UsageError where it cannot be made or written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"--output {folder}: {error.strerror or error}; expected a folder that can be written to") from error
