"""Convolutions of few channels, made fast: neighbouring pixels of a row become channels.

Channels last, a picture [H, W, C] is also [H, W/G, G·C], without moving a byte. A convolution on that, with its kernel written
into G shifted copies, computes G neighbouring outputs at once, [H', W'/G, G·K], which again is [H', W', K]. It multiplies more
(by zeros), but in fewer and longer rows: onnxruntime copied the 25 single bytes under a 5×5 kernel one by one, for each output.
"""

import numpy as np
import onnx

from convert.graph import TO_NCHW, TO_NHWC, Array, Graph, attribute

FAST_CHANNELS = 4
"""onnxruntime's direct kernels take channels in fours (MLAS, `MlasConvSymPackWSize`)."""
GROUPS = (4, 2)
ELEMENTWISE = ("QuantizeLinear", "DequantizeLinear", "LeakyRelu", "Relu")


def group_pixels(graph: Graph) -> None:
    """Rewrite every convolution whose channels are not a multiple of four and whose rows divide by 4 or 2."""
    for convolution in graph.of_kind("Conv"):
        shapes = graph.shapes()
        (_, channels, _, width), (_, _, _, width_out) = shapes[convolution.input[0]], shapes[convolution.output[0]]
        plain = attribute(convolution, "strides") in ([1, 1], None) and not any(attribute(convolution, "pads") or ())
        if not plain or channels is None or width is None or width_out is None or channels % FAST_CHANNELS == 0:
            continue
        group = next((g for g in GROUPS if width % g == 0 and width_out % g == 0), None)
        if group is not None:
            _group(graph, convolution, group, shapes)


def _group(graph: Graph, convolution: onnx.NodeProto, group: int, shapes: dict[str, tuple[int | None, ...]]) -> None:
    channels, height, width = (size or 0 for size in shapes[convolution.input[0]][1:])
    kernels, height_out, width_out = (size or 0 for size in shapes[convolution.output[0]][1:])
    quantize = graph.only_reader(convolution.output[0], "QuantizeLinear")
    weights, bias, entry = (graph.producer(convolution.input[i]) for i in (1, 2, 0))
    if quantize is None or weights is None or bias is None or entry is None or entry.op_type != "DequantizeLinear":
        return
    pool = _pooling_by_two(graph, quantize.output[0])
    # Before a pooling by two, even pixels stand before odd ones: then the pool sees each as a pixel of its own, of G/2 · K channels.
    order = range(group) if pool is None else [*range(0, group, 2), *range(1, group, 2)]
    name = convolution.output[0]
    kernel = _grouped_kernel(graph.constant(weights.input[0]), group, list(order))
    graph.nodes.remove(convolution)
    cells = _relaid(graph, entry.input[0], (height, width // group, group * channels))
    inputs = [graph.add("DequantizeLinear", [cells, *entry.input[1:]])]
    for old, values, axis in ((weights, kernel, 0), (bias, np.tile(graph.constant(bias.input[0]), group), 0)):
        parameters = [np.tile(graph.constant(parameter), group) for parameter in old.input[1:]]
        names = [graph.add_constant(f"{part}_grouped", array) for part, array in zip(old.input, (values, *parameters), strict=True)]
        inputs.append(graph.add("DequantizeLinear", names, axis=axis))
    graph.add("Conv", inputs, output=name, kernel_shape=list(kernel.shape[2:]), strides=[1, 1], dilations=[1, 1], group=1)
    if pool is None:
        _relay_result(graph, quantize, (height_out, width_out, kernels))
    else:
        _relay_result(graph, quantize, (height_out, width_out // group * 2, group // 2 * kernels))
        after_pool = graph.only_reader(pool.output[0], "QuantizeLinear")
        assert after_pool is not None
        _relay_result(graph, after_pool, (height_out // 2, width_out // 2, kernels))


def _grouped_kernel(kernel: Array, group: int, order: list[int]) -> Array:
    """[K, C, h, w] → [G·K, G·C, h, ⌈(G + w − 1)/G⌉]: a copy for each of G neighbouring outputs, shifted to where it starts."""
    kernels, channels, height, width = kernel.shape
    copies = np.zeros((group, kernels, group, channels, height, -(-(group + width - 1) // group)), kernel.dtype)
    for place, start in enumerate(order):
        for x in range(width):
            copies[place, :, (start + x) % group, :, :, (start + x) // group] = kernel[:, :, :, x]
    return copies.reshape(group * kernels, group * channels, height, -1)


def _pooling_by_two(graph: Graph, name: str) -> onnx.NodeProto | None:
    """The 2×2 MaxPool of stride 2 that alone reads `name`, through element-wise nodes; its result must be quantized again."""
    while True:
        node = graph.only_reader(name, "MaxPool", *ELEMENTWISE)
        if node is None:
            return None
        if node.op_type == "MaxPool":
            by_two = attribute(node, "kernel_shape") == attribute(node, "strides") == [2, 2] and not any(attribute(node, "pads") or ())
            return node if by_two and graph.only_reader(node.output[0], "QuantizeLinear") is not None else None
        name = node.output[0]


def _relaid(graph: Graph, name: str, shape: tuple[int, int, int], output: str | None = None) -> str:
    """`name`, channels first, seen with other rows and channels: `shape` is [H, W, C]."""
    rows = graph.add("Transpose", [name], perm=TO_NHWC)
    constant = graph.add_constant(f"{name}_{'x'.join(map(str, shape))}", np.array([-1, *shape], np.int64))
    return graph.add("Transpose", [graph.add("Reshape", [rows, constant])], perm=TO_NCHW, output=output)


def _relay_result(graph: Graph, node: onnx.NodeProto, shape: tuple[int, int, int]) -> None:
    result = node.output[0]
    node.output[0] = f"{result}_grouped"
    _relaid(graph, node.output[0], shape, output=result)


def cancel_layout_changes(graph: Graph) -> None:
    """Transposes that undo each other, Reshapes in a row, and Reshapes that change nothing."""
    changed = True
    while changed:
        changed = False
        shapes = graph.shapes()
        for node in graph.of_kind("Transpose", "Reshape"):
            before = graph.producer(node.input[0])
            if node.op_type == "Reshape" and shapes[node.input[0]] == shapes[node.output[0]]:
                graph.bypass(node)
            elif before is not None and before.op_type == node.op_type == "Reshape":
                node.input[0] = before.input[0]
            elif before is not None and before.op_type == node.op_type == "Transpose" and _undo(before, node):
                node.input[0] = before.input[0]
                graph.bypass(node)
            else:
                continue
            changed = True
            break


def _undo(first: onnx.NodeProto, second: onnx.NodeProto) -> bool:
    one, other = attribute(first, "perm"), attribute(second, "perm")
    return [one[i] for i in other] == sorted(one)
