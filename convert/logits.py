"""The range that the eight bits of the logits span: what decides between classes, and no more.

From the least seen to the most, a step is so wide that classes on the edge come out as ties. Much of that range says nothing: a class
whose probability rounds to 0 may as well be less likely yet, and one that is certain more certain.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

Floats = npt.NDArray[np.float32]
NOTHING = math.log(2 * 256)
"""So far under the likeliest, in nats, a class's probability rounds to 0 of 256."""
LEAST, MOST = -128, 127


def deciding_range(logits: Floats) -> tuple[float, float]:
    """From where to where logits [N, K] matter, in nats: within what they span, and 0 in it.

    Below, no class was nearer to the likeliest of its picture than NOTHING; above, none but the likeliest, and by more than that.
    """
    ordered = np.sort(logits, axis=1)
    low = max(float(ordered[:, -1].min()) - NOTHING, float(ordered.min()))
    high = min(float(ordered[:, -2].max()) + NOTHING, float(ordered.max()))
    return min(low, 0.0), max(high, 1e-6)


def spanning(tflite: bytes, low: float, high: float) -> bytes:
    """An int8 TFLite file whose logits, the input of its softmax, span low to high, in nats; what lies beyond comes out as the end."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(tflite))
    quantization = _quantization(model)
    scale = (high - low) / (MOST - LEAST)
    quantization.scale = np.array([scale], np.float32)
    quantization.zeroPoint = np.array([np.clip(round(LEAST - low / scale), LEAST, MOST)], np.int64)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def widened(tflite: bytes) -> bytes:
    """The same file with steps of the logits twice as wide: what a runtime rounds otherwise in the layers before is half as much of one."""
    quantization = _quantization(flatbuffer_utils.convert_bytearray_to_object(bytearray(tflite)))
    scale, zero = 2 * float(quantization.scale[0]), int(quantization.zeroPoint[0])
    return spanning(tflite, (LEAST - zero) * scale, (MOST - zero) * scale)


def _quantization(model: Any) -> Any:
    """Scale and zero point of the logits, in a model as `flatbuffer_utils` reads it."""
    graph = model.subgraphs[0]
    softmax = next(op for op in graph.operators if model.operatorCodes[op.opcodeIndex].builtinCode == schema.BuiltinOperator.SOFTMAX)
    return graph.tensors[softmax.inputs[0]].quantization
