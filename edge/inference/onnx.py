"""ONNX models by ONNX Runtime."""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError, RuntimeMissingError

Cells = npt.NDArray[np.uint8]
PIXELS = [32, 32, 1]
OUTPUT_LEVELS = (np.arange(256) / 256).astype(np.float32)
"""The scale of a softmax in eight bits is 1/256, by TFLite's specification; the ONNX file is made from the TFLite file."""


class OnnxRecognizer:
    """A full-integer ONNX model; see `edge.inference.model.Recognizer`."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise RuntimeMissingError(
                "nothing installed reads .onnx models: pip install onnxruntime, or take the .tflite model and pip install ai-edge-litert"
            ) from error
        self.runtime = f"ONNX Runtime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        content = path.read_bytes()
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors share no base but Exception
            raise ModelError(f"{path}: {self.runtime} cannot read it ({str(error).splitlines()[0]})") from error
        taken, given = self._session.get_inputs()[0], self._session.get_outputs()[0]
        if taken.type != "tensor(uint8)" or taken.shape[1:] != PIXELS or given.type != "tensor(uint8)":
            raise ModelError(
                f"{path}: takes {taken.type} {taken.shape[1:]} and gives {given.type}; expected tensor(uint8) {PIXELS} and "
                "tensor(uint8). `make convert` makes such models"
            )
        self._input = taken.name
        self.name, self.sha256 = path.stem, hashlib.sha256(content).hexdigest()
        self.classes = int(given.shape[-1])

    def quantized(self, cells: Cells) -> Cells:
        return np.asarray(self._session.run(None, {self._input: cells})[0], np.uint8)

    def read(self, cells: Cells) -> npt.NDArray[np.float32]:
        return np.asarray(OUTPUT_LEVELS[self.quantized(cells)])
