"""The ONNX models on a processor whose vector instructions saturate: one with AVX2 and without VNNI, emulated by QEMU."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from convert import verify
from edge.inference.fitting import Task
from edge.inference.model import load
from edge.inference.models import shipped
from tests.system.packages import install

NAMES: dict[str, Task] = {"lenet5-handwritten": "handwritten", "lenet5-counter": "counter", "lenet5-segments": "segments"}
QEMU = "qemu-x86_64-static"
READ = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import numpy, onnxruntime
from numpy._core._multiarray_umath import __cpu_features__ as features
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[2], options, providers=["CPUExecutionProvider"])
cells = numpy.load(sys.argv[3])
numpy.save(sys.argv[4], session.run(None, {session.get_inputs()[0].name: cells})[0])
print(features["AVX2"], features["AVX512VNNI"], features["AVX512F"])
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only processors of this kind have kernels that saturate")
@pytest.mark.parametrize("name", NAMES)
def test_the_onnx_model_answers_there_as_the_tflite_model_does_here(name: str, tmp_path: Path) -> None:
    install("qemu-user-static", programs=(QEMU,))
    cells = verify.unseen(NAMES[name], ["real"]).cells
    cells = cells[:: len(cells) // 200]
    np.save(tmp_path / "cells.npy", cells)
    where = json.dumps([str(Path(onnxruntime.__file__).parents[1])])
    python = Path(sys.executable).resolve()
    files = [shipped(name).with_suffix(".onnx"), tmp_path / "cells.npy", tmp_path / "answers.npy"]
    result = subprocess.run(
        [QEMU, "-cpu", "Haswell", python, "-c", READ, where, *files], capture_output=True, text=True, check=False, timeout=600
    )
    assert result.stdout.split() == ["True", "False", "False"], result.stderr
    answers = np.load(tmp_path / "answers.npy")
    assert np.array_equal(answers, load(shipped(name).with_suffix(".tflite")).quantized(cells))
    assert len(np.unique(answers.argmax(1))) >= 10
