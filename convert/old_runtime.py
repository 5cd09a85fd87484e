"""What tflite-runtime 2.14 answers, in an environment of its own: its NumPy and its Python (3.11) are older than the workstation's."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError, RuntimeMissingError

Cells = npt.NDArray[np.uint8]
ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / "build" / "tflite-runtime"
REQUIREMENTS = ("tflite-runtime==2.14.0", "numpy<2")
# The Pi's own reader, so that what is proven is what runs there.
READ = """
import sys, numpy
from pathlib import Path
from edge.inference.litert import TfliteRecognizer
model, cells, answers = sys.argv[1:]
recognizer = TfliteRecognizer(Path(model), threads=1)
assert recognizer.runtime.startswith("tflite-runtime"), recognizer.runtime
cells = numpy.load(cells)
parts = [recognizer.quantized(cells[i : i + 500]) for i in range(0, len(cells), 500)]
numpy.save(answers, numpy.concatenate(parts))
"""


def answers(model: Path, cells: Cells) -> Cells:
    """Probabilities in quanta, uint8 [N, K], that tflite-runtime gives for cells uint8 [N, 32, 32, 1].

    Raises RuntimeMissingError where the runtime cannot be installed, ModelError where it is installed and fails on the model.
    """
    python = _environment()
    with tempfile.TemporaryDirectory() as folder:
        given, result = Path(folder, "cells.npy"), Path(folder, "answers.npy")
        np.save(given, cells)
        command = [str(python), "-c", READ, model.name, str(given), str(result)]
        if failed := _failure(command, model.parent, {**os.environ, "PYTHONPATH": str(ROOT)}):
            raise ModelError(
                f"{model.name}: tflite-runtime 2.14 fails on it ({failed}); expected it to read as LiteRT does. If the runtime itself is "
                f"damaged, delete {ENVIRONMENT}: it is made anew"
            )
        return np.asarray(np.load(result), np.uint8)


def _environment() -> Path:
    python = ENVIRONMENT / "bin" / "python"
    if (ENVIRONMENT / ".ready").exists() and python.exists():  # the Python that it was made with may be gone
        return python
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    if uv := shutil.which("uv"):
        _install([uv, "venv", "--quiet", "--python", "3.11", str(ENVIRONMENT)])
        _install([uv, "pip", "install", "--quiet", "--python", str(python), *REQUIREMENTS])
    else:
        _install([_python_3_11(), "-m", "venv", str(ENVIRONMENT)])
        _install([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS])
    (ENVIRONMENT / ".ready").touch()
    return python


def _python_3_11() -> str:
    """This interpreter, one that is installed, or one that uv, which is installed beside this code, brings."""
    here = sys.executable if sys.version_info[:2] == (3, 11) else None
    if found := here or shutil.which("python3.11"):
        return found
    uv, folder = Path(sys.executable).with_name("uv"), ENVIRONMENT.with_name("python-3.11")
    _install([str(uv), "python", "install", "--install-dir", str(folder), "--no-bin", "3.11"])
    return str(next(folder.glob("cpython-3.11*/bin/python3.11")))


def _install(command: list[str]) -> None:
    if failed := _failure(command):
        raise RuntimeMissingError(
            f"tflite-runtime 2.14 cannot be installed in {ENVIRONMENT}: {Path(command[0]).name} failed ({failed}). No model ships that "
            "does not read alike there: connect this machine to a package index, or go without by --no-tflite-runtime; the card says so"
        )


def _failure(command: list[str], folder: Path | None = None, environment: dict[str, str] | None = None) -> str:
    """How a command, run in a folder, failed: the last that it said, or the signal that ended it; empty where it did not."""
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if result.returncode < 0:
        return f"ended by {signal.Signals(-result.returncode).name}"
    return (result.stderr.strip() or "no message").splitlines()[-1] if result.returncode else ""
