"""int8 weights of seven bits: from −64 to 64, in a TFLite file whose weights are on that grid already.

ONNX Runtime multiplies unsigned activations by signed weights on x86 processors without VNNI by VPMADDUBSW, which adds two products
in 16 bits and saturates. 2 · 255 · 64 = 32,640 fits, so weights of seven bits are exact on every processor, by its fastest kernels.
Source: ONNX Runtime, "Quantize ONNX models", on `reduce_range`.
"""

from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

LEVELS = 64
"""On each side of 0."""
INT8_LEVELS = 127
"""That TensorFlow Lite's converter spreads the weights of a channel over."""
MULTIPLYING = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED)


def in_seven_bits(tflite: bytes) -> bytes:
    """An int8 TFLite file with the same weights, which are multiples of max|w|/64 of their channels, as integers from −64 to 64.

    Their scales grow by as much as the integers shrink, and the biases', a product of scales, with them.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(tflite))
    graph = model.subgraphs[0]
    for op in graph.operators:
        if model.operatorCodes[op.opcodeIndex].builtinCode in MULTIPLYING:
            for place, kind in ((1, np.int8), (2, np.int32)):
                _coarser(model, graph.tensors[op.inputs[place]], kind)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _coarser(model: Any, tensor: Any, kind: type[np.signedinteger[Any]]) -> None:
    buffer, quantization = model.buffers[tensor.buffer], tensor.quantization
    integers = np.frombuffer(bytes(buffer.data), kind)
    buffer.data = np.frombuffer(np.rint(integers * (LEVELS / INT8_LEVELS)).astype(kind).tobytes(), np.uint8)
    quantization.scale = (np.asarray(quantization.scale, np.float64) * (INT8_LEVELS / LEVELS)).astype(np.float32)
