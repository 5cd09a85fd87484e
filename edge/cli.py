"""`digitd`: the command line."""

import argparse
import os
import sys
from collections.abc import Sequence

from edge import __version__
from edge.commands import eval as evaluation
from edge.commands import read
from edge.errors import DigitdError, UsageError

PARTS = ("numpy", "opencv-python-headless", "ai-edge-litert", "tflite-runtime", "onnxruntime", "picamera2")
"""Distributions whose versions a bug report needs."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="digitd", description="Reads the digits of utility meters.")
    parser.add_argument("--version", action="version", version=f"digitd {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    read_command = commands.add_parser("read", help="what pictures show: a counter, or handwriting")
    read.add_arguments(read_command)
    read_command.set_defaults(run=read.run)
    eval_command = commands.add_parser("eval", help="how often readings are right, on photos whose reading is known")
    evaluation.add_arguments(eval_command)
    eval_command.set_defaults(run=evaluation.run)
    commands.add_parser("version", help="this version, and those of what it runs on").set_defaults(run=version)
    parser.add_argument("--debug", action="store_true", help="show where in the code an error comes from")
    args = parser.parse_args(argv)
    try:
        return int(args.run(args))
    except DigitdError as error:
        if args.debug:
            raise
        print(f"digitd: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever listened has heard enough
        return 0


def version(_: argparse.Namespace) -> int:
    """Run `digitd version`."""
    import platform

    print(f"digitd {__version__}\nPython {platform.python_version()} on {platform.machine()}")
    for name in PARTS:
        print(f"{name} {_installed(name)}")
    return 0


def _installed(name: str) -> str:
    import importlib.metadata  # takes as long as a reading, and only this command needs it

    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
