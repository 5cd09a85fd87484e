"""Files and folders as the command line names them."""

import argparse
from pathlib import Path


def named(text: str) -> Path:
    """A type for argparse: a path. An empty one is what a variable of the shell that is not set leaves, and would be the folder here."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name; expected that of a file or folder")
    return Path(text)
