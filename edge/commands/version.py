"""`digitd version`: what a bug report needs to name."""

import argparse
import importlib.metadata
import platform

from edge import __version__

PARTS = ("numpy", "opencv-python-headless", "ai-edge-litert", "tflite-runtime", "onnxruntime", "pydantic", "picamera2")


def add_arguments(_: argparse.ArgumentParser) -> None:
    """It has none."""


def run(_: argparse.Namespace) -> int:
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
