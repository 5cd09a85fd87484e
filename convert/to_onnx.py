"""int8 TFLite → int8 ONNX: tf2onnx translates the file, so both carry the same integers; `convert.fuse` makes it fast."""

import logging
import tempfile
from pathlib import Path

import onnx

from convert.fuse import fuse
from edge.errors import ModelError
from train.backend import quiet

OPSET, IR_VERSION = 17, 8
"""What onnxruntime 1.12 (2022) and later take. Weights in signed bytes of each channel need opset 13."""
INPUT, OUTPUT, BATCH = "cells", "probabilities", "N"
INTEGER_KINDS = {"QuantizeLinear", "DequantizeLinear", "Conv", "Gemm", "MaxPool", "AveragePool", "LeakyRelu", "Sigmoid", "Tanh"}
KINDS = INTEGER_KINDS | {"Softmax", "Reshape", "Transpose", "Concat"}


def to_onnx(tflite: bytes, *, fused: bool = True) -> onnx.ModelProto:
    """An int8 TFLite file as ONNX: uint8 [N, 32, 32, C] → uint8 [N, K], N open.

    fused=False keeps the graph as tf2onnx writes it, int8 inside; float32 files are translated too (both for comparison).
    Raises ModelError where the network holds an operation that LeNet-5 does not have.
    """
    model: onnx.ModelProto = _translate(tflite)
    if fused:
        model = fuse(model)
        if unknown := sorted({node.op_type for node in model.graph.node} - KINDS):
            raise ModelError(
                f"the network holds {', '.join(unknown)}, which the ONNX conversion does not know; expected {', '.join(sorted(KINDS))}. "
                "Train with the pooling and the activations of `python -m train describe`"
            )
    model.ir_version = min(model.ir_version, IR_VERSION)
    for value, name in ((model.graph.input[0], INPUT), (model.graph.output[0], OUTPUT)):
        _rename(model.graph, value.name, name)
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    onnx.checker.check_model(model, full_check=True)
    return model


def _translate(tflite: bytes) -> onnx.ModelProto:
    with quiet():
        import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.tflite")
        path.write_bytes(tflite)
        try:
            with quiet():
                model: onnx.ModelProto = tf2onnx.convert.from_tflite(str(path), opset=OPSET)[0]
        except Exception as error:  # tf2onnx raises whatever its inside does
            raise ModelError(
                f"tf2onnx cannot translate the TFLite model: {str(error).splitlines()[0] if str(error) else error!r}"
            ) from error
    # tf2onnx names domains that the model does not use.
    del model.opset_import[:]
    model.opset_import.append(onnx.helper.make_opsetid("", OPSET))
    return model


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = new
    for value in (*graph.input, *graph.output):
        if value.name == old:
            value.name = new
