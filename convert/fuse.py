"""Mends the graph that tf2onnx writes, so that onnxruntime runs every layer in integers. Results do not change by a bit.

onnxruntime turns `DequantizeLinear → Conv → QuantizeLinear` into one integer kernel only where input and output have the same
type. On x86 it makes int8 activations unsigned, but only where a QuantizeLinear meets a DequantizeLinear: beside a Reshape they stay
signed, the types differ, and that Conv or Gemm runs in float32 between two conversions. So all activations become uint8 here
(zero point + 128). What else costs time: a Relu that the saturation of the next QuantizeLinear already is, MatMul and Add apart, a
requantization to the same scale, a convolution over a whole map, and convolutions of few channels (`convert.pixels`).

Weights keep their integers.
"""

import numpy as np
import onnx

from convert.graph import TO_NCHW, TO_NHWC, Graph, attribute
from convert.pixels import cancel_layout_changes, group_pixels

SIGNED_TO_UNSIGNED = 128


def fuse(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network in a form that onnxruntime fuses; `model`, as tf2onnx makes it of an int8 TFLite file, is changed in place."""
    graph = Graph(model)
    unsigned_activations(graph)
    drop_requantizations(graph)
    drop_relus(graph)
    gemm_of_matmul(graph)
    channels_last_at_reshapes(graph)
    gemm_of_whole_map_convolution(graph)
    group_pixels(graph)
    cancel_layout_changes(graph)
    return graph.finish()


def unsigned_activations(graph: Graph) -> None:
    """int8 activations become uint8: q + 128 with zero point + 128 stands for the same number."""
    for node in graph.of_kind("QuantizeLinear", "DequantizeLinear"):
        zero_point = graph.constant(node.input[2])
        if not graph.is_constant(node.input[0]) and zero_point.dtype == np.int8:
            shifted = (zero_point.astype(np.int16) + SIGNED_TO_UNSIGNED).astype(np.uint8)
            node.input[2] = graph.add_constant(f"zero_point_{shifted}", shifted)
    for output in graph.model.graph.output:
        if output.type.tensor_type.elem_type == onnx.TensorProto.INT8:
            output.type.tensor_type.elem_type = onnx.TensorProto.UINT8


def drop_requantizations(graph: Graph) -> None:
    """DequantizeLinear → QuantizeLinear with the same scale and zero point is nothing."""
    for node in graph.of_kind("QuantizeLinear"):
        before = graph.producer(node.input[0])
        if before is None or before.op_type != "DequantizeLinear" or graph.is_constant(before.input[0]):
            continue
        if all(np.array_equal(graph.constant(a), graph.constant(b)) for a, b in zip(before.input[1:], node.input[1:], strict=True)):
            node.input[0] = before.input[0]
            graph.bypass(node)


def drop_relus(graph: Graph) -> None:
    """A Relu before a QuantizeLinear whose lowest integer means 0.0: saturation does the same."""
    for relu in graph.of_kind("Relu"):
        readers = graph.readers(relu.output[0])
        if readers and all(node.op_type == "QuantizeLinear" and graph.constant(node.input[2]) == 0 for node in readers):
            graph.bypass(relu)


def gemm_of_matmul(graph: Graph) -> None:
    """MatMul → Add of a constant bias is one Gemm."""
    for product in graph.of_kind("MatMul"):
        addition = graph.only_reader(product.output[0], "Add")
        if addition is None:
            continue
        bias = next(name for name in addition.input if name != product.output[0])
        graph.nodes.remove(product)
        graph.nodes.remove(addition)
        graph.add("Gemm", [*product.input, bias], output=addition.output[0])


def channels_last_at_reshapes(graph: Graph) -> None:
    """A Reshape that only moves an axis of length one, into channels or out of a 1×1 map, is written as the Transpose that it also is.

    onnxruntime's convolutions work channels last; these Transposes cancel with its own, a Reshape does not.
    """
    shapes = graph.shapes()
    for node in graph.of_kind("Reshape"):
        before, after = shapes[node.input[0]], shapes[node.output[0]]
        if len(before) == len(after) == 4 and before[3] == after[1] == 1 and before[1:3] == after[2:4]:
            graph.nodes.remove(node)
            graph.add("Transpose", [node.input[0]], output=node.output[0], perm=TO_NCHW)
        elif len(before) == 4 and len(after) == 2 and before[2:4] == (1, 1):
            node.input[0] = graph.add("Transpose", [node.input[0]], perm=TO_NHWC)


def gemm_of_whole_map_convolution(graph: Graph) -> None:
    """A convolution whose kernel covers its whole input (C5 of the classic network) is a Gemm."""
    shapes = graph.shapes()
    for node in graph.of_kind("Conv"):
        quantize = graph.only_reader(node.output[0], "QuantizeLinear")
        transpose = graph.only_reader(quantize.output[0], "Transpose") if quantize is not None else None
        reshape = graph.only_reader(transpose.output[0], "Reshape") if transpose is not None else None
        weights, entry = graph.producer(node.input[1]), graph.producer(node.input[0])
        if reshape is None or transpose is None or quantize is None or weights is None or entry is None:
            continue
        shape = graph.constant(weights.input[0]).shape
        if shapes[node.input[0]][1:] != shape[1:] or entry.op_type != "DequantizeLinear" or any(attribute(node, "pads") or ()):
            continue
        columns = graph.constant(weights.input[0]).transpose(2, 3, 1, 0).reshape(-1, shape[0])
        graph.nodes.remove(node)
        rows = graph.add("Transpose", [entry.input[0]], perm=TO_NHWC)
        width = graph.add_constant(f"{node.output[0]}_width", np.array([-1, len(columns)], np.int64))
        flat = graph.add("DequantizeLinear", [graph.add("Reshape", [rows, width]), *entry.input[1:]])
        weight = graph.add_constant(f"{weights.input[0]}_columns", columns)
        kernel = graph.add("DequantizeLinear", [weight, *weights.input[1:]], axis=1)
        graph.add("Gemm", [flat, kernel, *node.input[2:]], output=node.output[0])
        graph.bypass(transpose)
        graph.bypass(reshape)
