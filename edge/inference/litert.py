"""TFLite models by LiteRT, or by the older tflite-runtime where that is what is installed."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError, RuntimeMissingError

Cells = npt.NDArray[np.uint8]
PIXELS = (32, 32, 1)


def _interpreter_class() -> tuple[Any, str]:
    try:
        import ai_edge_litert
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter, f"LiteRT {ai_edge_litert.__version__}"
    except ImportError:
        pass
    try:
        import tflite_runtime
        from tflite_runtime.interpreter import Interpreter

        return Interpreter, f"tflite-runtime {tflite_runtime.__version__}"
    except ImportError as error:
        raise RuntimeMissingError(
            "nothing installed reads .tflite models: pip install ai-edge-litert, or take the .onnx model and pip install onnxruntime"
        ) from error


class TfliteRecognizer:
    """A full-integer TFLite model; see `edge.inference.model.Recognizer`."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        kind, self.runtime = _interpreter_class()
        try:
            self._interpreter = kind(model_path=str(path), num_threads=threads)
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{path}: {self.runtime} cannot read it ({str(error).splitlines()[0]})") from error
        taken, given = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]
        if len(self._interpreter.get_input_details()) > 1:  # the trial would run, on whatever the others hold
            raise ModelError(f"{path}: takes more than cells; expected one input. `make convert` makes such models")
        if taken["dtype"] != np.uint8 or tuple(taken["shape"][1:]) != PIXELS or given["dtype"] != np.uint8:
            raise ModelError(
                f"{path}: takes {np.dtype(taken['dtype'])} {tuple(taken['shape'][1:])} and gives {np.dtype(given['dtype'])}; "
                "expected uint8 (32, 32, 1) and uint8. `make convert` makes such models"
            )
        self._input, self._output = taken["index"], given["index"]
        scale, zero_point = given["quantization"]
        self._levels = ((np.arange(256) - zero_point) * scale).astype(np.float32)
        self.classes = int(given["shape"][-1])
        self._allocated = -1
        self.name, self.sha256 = path.stem, hashlib.sha256(path.read_bytes()).hexdigest()

    def quantized(self, cells: Cells) -> Cells:
        if len(cells) != self._allocated:
            self._interpreter.resize_tensor_input(self._input, cells.shape)
            self._interpreter.allocate_tensors()
            self._allocated = len(cells)
        self._interpreter.set_tensor(self._input, cells)
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output), np.uint8)

    def read(self, cells: Cells) -> npt.NDArray[np.float32]:
        return np.asarray(self._levels[self.quantized(cells)])
