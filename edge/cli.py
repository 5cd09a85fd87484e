"""`digitd`: the command line."""

import argparse
import importlib.metadata
import platform
from collections.abc import Sequence

from edge import __version__

PARTS = ("numpy", "opencv-python-headless", "ai-edge-litert", "tflite-runtime", "onnxruntime", "picamera2")
"""Distributions whose versions a bug report needs."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="digitd", description="Reads the digits of utility meters.")
    parser.add_argument("--version", action="version", version=f"digitd {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    commands.add_parser("version", help="this version, and those of what it runs on").set_defaults(run=version)
    args = parser.parse_args(argv)
    return int(args.run(args))


def version(_: argparse.Namespace) -> int:
    """Run `digitd version`."""
    print(f"digitd {__version__}\nPython {platform.python_version()} on {platform.machine()}")
    for name in PARTS:
        print(f"{name} {_installed(name)}")
    return 0


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
