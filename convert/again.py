"""`python -m convert.again`: int8 TFLite files whose float32 networks are gone, their weights rounded anew to seven bits.

Their weights, as the files hold them, are taken for the float32 network, and nothing but weights and biases is changed. Where that
loses more than a conversion may, the network is fine-tuned. What its card says of its training and of float32 stays.
"""

import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow.lite.tools import flatbuffer_utils

from convert import verify
from convert.__main__ import write_aside
from convert.card import make_card, shown
from convert.choose import as_fine_as_proven, fine_tuned
from convert.network import architecture_of
from convert.representative import representative
from convert.rounding import Cells, rounded
from convert.to_onnx import to_onnx
from convert.weights import INT8_LEVELS, LEVELS, MULTIPLYING
from edge.guard import guarded
from train.backend import keras
from train.evaluate import keras_read
from train.lenet5 import build


def network_of(tflite: Path, training: dict[str, Any]) -> keras.Model:
    """The float32 network of an int8 file's weights."""
    network = build(dataclasses.replace(architecture_of(training), batch_norm=False))
    model = flatbuffer_utils.read_model(str(tflite))
    graph = model.subgraphs[0]
    multiplying = [op for op in graph.operators if model.operatorCodes[op.opcodeIndex].builtinCode in MULTIPLYING]
    for op, layer in zip(multiplying, [layer for layer in network.layers if layer.weights], strict=True):
        kernel, bias = (
            np.frombuffer(bytes(model.buffers[tensor.buffer].data), kind).reshape(tensor.shape)
            * np.asarray(tensor.quantization.scale).reshape(-1, *[1] * (len(tensor.shape) - 1))
            for tensor, kind in ((graph.tensors[op.inputs[1]], np.int8), (graph.tensors[op.inputs[2]], np.int32))
        )
        layer.set_weights([np.moveaxis(kernel, 0, -1).astype(np.float32), bias.astype(np.float32)])
    return network


def reweighted(tflite: Path, network: keras.Model, representative: Cells) -> bytes:
    """The file with its weights rounded anew."""
    model = flatbuffer_utils.read_model(str(tflite))
    graph, found = model.subgraphs[0], rounded(network, representative)
    multiplying = [op for op in graph.operators if model.operatorCodes[op.opcodeIndex].builtinCode in MULTIPLYING]
    for op, layer in zip(multiplying, [layer for layer in found.layers if layer.weights], strict=True):
        for array, place, kind in zip(layer.get_weights(), (1, 2), (np.int8, np.int32), strict=True):
            tensor = graph.tensors[op.inputs[place]]
            scale = np.asarray(tensor.quantization.scale, np.float64) * (INT8_LEVELS / LEVELS)
            tensor.quantization.scale = scale.astype(np.float32)
            integers = np.rint(np.moveaxis(np.asarray(array, np.float64) / scale, -1, 0)).astype(kind)
            model.buffers[tensor.buffer].data = np.frombuffer(integers.tobytes(), np.uint8)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def again(path: Path, output: Path) -> None:
    """Write the three files of a model anew, proven as `python -m convert` proves them."""
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    training = {**card["training"], **{key: card[key] for key in ("name", "architecture", "parameters", "multiply_accumulates")}}
    training["task"], sources = training["recipe"]["task"], training["sources"]
    network = network_of(path, training)
    name, test, limits = path.stem, verify.unseen(training["task"], sources), verify.SHIPPED
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix=f".{name}-") as folder:

        def prove(tflite: bytes) -> tuple[dict[Path, bytes], list[Path], dict[str, Any]]:
            files = {output / f"{name}.tflite": tflite, output / f"{name}.onnx": to_onnx(tflite).SerializeToString()}
            first, second = (write_aside(Path(folder), file, content) for file, content in files.items())
            return files, [first, second], verify.verify(keras_read(network), first, second, test, limits=limits)

        try:
            pictures = representative(training["task"], sources)
            (files, parts, proof), method = as_fine_as_proven(reweighted(path, network, pictures), "by GPTQ", prove)
        except verify.LostTooMuchError as error:
            print(error, file=sys.stderr)
            (files, parts, proof), method = as_fine_as_proven(*fine_tuned(network, training, sources), prove)
        proof["float32"] = card["metrics"]["float32"]
        before = card["conversion"]
        method = f"{before['quantization']}, at {before['commit']}; weights anew to seven bits, {method}"
        made = make_card(
            training, files, proof, data=test.data, method=method, command=" ".join(["python -m convert.again", *sys.argv[1:]])
        )
        text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
        parts.append(write_aside(Path(folder), output / f"{name}.json", text.encode()))
        for part in parts:
            part.replace(output / part.name)
    print(shown(made))


def main() -> int:
    """python -m convert.again OUTPUT MODEL.tflite…"""
    for path in sys.argv[2:]:
        again(Path(path), Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main, program="python -m convert.again", debug=True))
