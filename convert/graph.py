"""An ONNX graph that can be edited: who makes a value, who reads it, what a constant holds."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

Array = npt.NDArray[Any]
TO_NHWC, TO_NCHW = (0, 2, 3, 1), (0, 3, 1, 2)


class Graph:
    """Edits `model` in place. Nodes may be out of order while editing; `finish` sorts them and drops what nothing reads."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.nodes: list[onnx.NodeProto] = list(model.graph.node)
        self._constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self._names = 0

    def constant(self, name: str) -> Array:
        """The array that constant `name` holds."""
        return self._constants[name]

    def is_constant(self, name: str) -> bool:
        """Whether `name` is a constant, not something computed."""
        return name in self._constants

    def add_constant(self, name: str, array: Array) -> str:
        """Store a constant, in place of one of the same name; returns the name."""
        self._constants[name] = np.ascontiguousarray(array) if array.ndim else array
        return name

    def add(self, kind: str, inputs: list[str], *, output: str | None = None, **attributes: Any) -> str:
        """Append a node; returns the name of its output."""
        self._names += 1
        output = output or f"{kind.lower()}_{self._names}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind}_{self._names}", **attributes))
        return output

    def of_kind(self, *kinds: str) -> list[onnx.NodeProto]:
        """All nodes of these kinds."""
        return [node for node in self.nodes if node.op_type in kinds]

    def producer(self, name: str) -> onnx.NodeProto | None:
        """The node that computes `name`; None for a constant or an input."""
        return next((node for node in self.nodes if name in node.output), None)

    def readers(self, name: str) -> list[onnx.NodeProto]:
        """The nodes that read `name`."""
        return [node for node in self.nodes if name in node.input]

    def only_reader(self, name: str, *kinds: str) -> onnx.NodeProto | None:
        """The node that alone reads `name`, if there is one and it is of one of these kinds."""
        readers = self.readers(name)
        return readers[0] if len(readers) == 1 and readers[0].op_type in kinds and not self.is_output(name) else None

    def is_output(self, name: str) -> bool:
        """Whether `name` is what the whole graph answers."""
        return any(name == output.name for output in self.model.graph.output)

    def replace(self, old: str, new: str) -> None:
        """Let everything that reads `old` read `new`."""
        for node in self.nodes:
            for i, name in enumerate(node.input):
                if name == old:
                    node.input[i] = new

    def bypass(self, node: onnx.NodeProto) -> None:
        """Remove a node that changes nothing: its readers read what it read."""
        self.nodes.remove(node)
        source, result = node.input[0], node.output[0]
        if not self.is_output(result):
            self.replace(result, source)
            return
        maker = self.producer(source)
        assert maker is not None
        self.replace(source, result)
        maker.output[0] = result

    def shapes(self) -> dict[str, tuple[int | None, ...]]:
        """The shape of every value, None where it is open (the batch)."""
        self.finish()
        inferred = onnx.shape_inference.infer_shapes(self.model, strict_mode=True)
        values = (*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output)
        return {value.name: tuple(d.dim_value or None for d in value.type.tensor_type.shape.dim) for value in values}

    def finish(self) -> onnx.ModelProto:
        """The model with its nodes in the order of computation, and nothing that its outputs do not need."""
        ordered: list[onnx.NodeProto] = []
        visited: set[str] = set()
        makers = {output: node for node in self.nodes for output in node.output}

        def visit(names: Iterable[str]) -> None:
            for name in names:
                if name in makers and name not in visited:
                    visited.update(makers[name].output)
                    visit(makers[name].input)
                    ordered.append(makers[name])

        graph = self.model.graph
        visit(output.name for output in graph.output)
        self.nodes = ordered
        used = dict.fromkeys(name for node in ordered for name in node.input if name in self._constants)
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(ordered)
        graph.initializer.extend(numpy_helper.from_array(self._constants[name], name) for name in used)
        return self.model


def attribute(node: onnx.NodeProto, name: str) -> Any:
    """The value of a node's attribute, None where it has none."""
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), None)
