"""From Keras to integers: the parameters are those promised, and TFLite and ONNX answer alike to the last bit."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter
from onnx import numpy_helper

from convert.quantize import fold_batch_norm, quantize
from convert.representative import CHECKED_IN, representative
from convert.to_onnx import to_onnx
from edge.errors import ModelError
from edge.inference.model import open_model
from tests.convert.networks import network, pictures
from train.backend import keras
from train.lenet5 import Architecture

PAPER = Architecture(kernels=(8, 8), activation="leaky_relu")
FORMS = [
    Architecture(kernels=(8, 12), activation="relu", classes=100),
    Architecture(variant="classic", activation="relu"),
]
OTHER_FORMS = [
    PAPER,
    Architecture(variant="classic", activation="relu", pooling="average"),
    Architecture(variant="classic", activation="tanh", c3="selective"),
    Architecture(kernels=(6, 10), activation="sigmoid"),
]
"""Average pooling and activations that stand as layers of their own LiteRT and ONNX Runtime round each its own way."""


def tflite(architecture: Architecture) -> bytes:
    return quantize(network(architecture), pictures(60))


@pytest.mark.parametrize("architecture", FORMS, ids=str)
def test_onnx_answers_as_tflite_does_to_the_last_bit(architecture: Architecture, tmp_path: Path) -> None:
    content = tflite(architecture)
    (tmp_path / "model.tflite").write_bytes(content)
    onnx.save(to_onnx(content), tmp_path / "model.onnx")
    one, other = open_model(tmp_path / "model.tflite"), open_model(tmp_path / "model.onnx")
    for cells in (pictures(200, seed=1), np.full((1, 32, 32, 1), 255, np.uint8), np.zeros((8, 32, 32, 1), np.uint8)):
        np.testing.assert_array_equal(one.quantized(cells), other.quantized(cells))
    answers = one.read(pictures(200, seed=1))
    assert np.ptp(answers, axis=0).max() > 0.05
    np.testing.assert_allclose(answers.sum(1), 1.0, atol=0.2)


@pytest.mark.parametrize("architecture", OTHER_FORMS, ids=str)
def test_other_forms_answer_nearly_alike(architecture: Architecture, tmp_path: Path) -> None:
    content = tflite(architecture)
    (tmp_path / "model.tflite").write_bytes(content)
    onnx.save(to_onnx(content), tmp_path / "model.onnx")
    one, other = (open_model(tmp_path / f"model.{suffix}").quantized(pictures(200, seed=1)).astype(int) for suffix in ("tflite", "onnx"))
    assert np.abs(one - other).mean() < 1.0


def test_int8_answers_as_float_does_within_a_few_quanta(tmp_path: Path) -> None:
    model = network(PAPER)
    (tmp_path / "model.tflite").write_bytes(quantize(model, pictures(60)))
    cells = pictures(100, seed=2)
    expected = np.asarray(model(cells.astype(np.float32) / 255))
    assert np.abs(open_model(tmp_path / "model.tflite").read(cells) - expected).mean() < 0.01


def test_folding_batch_norm_leaves_every_answer_as_it_was() -> None:
    architecture = Architecture(kernels=(4, 6), batch_norm=True, activation="relu")
    model = network(architecture)
    folded = fold_batch_norm(model, architecture)
    cells = pictures(20).astype(np.float32) / 255
    np.testing.assert_allclose(np.asarray(folded(cells)), np.asarray(model(cells)), atol=2e-6)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)


def test_pixels_enter_as_they_are_and_weights_are_seven_bits_per_channel() -> None:
    interpreter = Interpreter(model_content=tflite(PAPER))
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert (taken["dtype"], taken["shape_signature"].tolist()) == (np.uint8, [-1, 32, 32, 1])
    assert taken["quantization"] == (pytest.approx(1 / 255, rel=1e-6), 0)
    assert (given["dtype"], given["quantization"]) == (np.uint8, (1 / 256, 0))
    kernels = [d for d in interpreter.get_tensor_details() if d["dtype"] == np.int8 and len(d["quantization_parameters"]["scales"]) > 1]
    assert {tuple(kernel["shape"]) for kernel in kernels} >= {(8, 3, 3, 1), (8, 3, 3, 8)}
    for kernel in kernels:
        assert set(kernel["quantization_parameters"]["zero_points"]) == {0}
    interpreter.allocate_tensors()
    assert {int(np.abs(interpreter.get_tensor(kernel["index"]).astype(int)).max()) for kernel in kernels} == {64}
    assert not [d["name"] for d in interpreter.get_tensor_details() if d["dtype"] in (np.float32, np.float16)]


def test_the_onnx_file_holds_the_tflite_files_integers() -> None:
    content = tflite(PAPER)
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    kernels = [d for d in interpreter.get_tensor_details() if d["dtype"] == np.int8 and tuple(d["shape"]) == (8, 3, 3, 8)]
    expected = {interpreter.get_tensor(d["index"]).transpose(0, 3, 1, 2).tobytes() for d in kernels}
    arrays = [numpy_helper.to_array(tensor) for tensor in to_onnx(content).graph.initializer]
    found = {array.tobytes() for array in arrays if array.dtype == np.int8 and array.shape == (8, 8, 3, 3)}
    assert len(expected) == 3
    assert expected == found


def test_the_onnx_graph_is_whole_open_in_its_batch_and_in_integers() -> None:
    model = to_onnx(tflite(PAPER))
    onnx.checker.check_model(model, full_check=True)
    assert model.opset_import[0].version <= 17
    assert model.ir_version <= 8
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert [dimension.dim_param or dimension.dim_value for dimension in shape] == ["N", 32, 32, 1]
    makers = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.op_type in ("Conv", "Gemm"):
            assert [makers[name].op_type for name in node.input] == ["DequantizeLinear"] * 3


def test_a_layer_without_an_integer_form_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match="S2 is a StochasticPooling2D, which has no integer form here"):
        quantize(network(Architecture(kernels=(4, 4), pooling="stochastic")), pictures(20))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (pictures(5).astype(np.float32), "pictures float32 32×32×1; the network takes uint8 32×32×1"),
        (np.zeros((5, 28, 28, 1), np.uint8), "5 representative pictures uint8 28×28×1; the network takes uint8 32×32×1"),
        (np.full((5, 32, 32, 1), 9, np.uint8), "no pixel of 0 or none of 255"),
    ],
)
def test_representative_pictures_that_do_not_fit_are_refused(cells: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        quantize(network(PAPER), cells)


def test_what_is_no_tflite_file_is_refused() -> None:
    with pytest.raises(ModelError, match="tf2onnx cannot translate"):
        to_onnx(b"no model at all")


@pytest.mark.parametrize("task", ["handwritten", "segments", "counter"])
def test_representative_pictures_are_fixed_ones_of_the_training_set(task: str) -> None:
    cells = representative(task, ["real", "synthetic"])
    assert cells.shape == (500, 32, 32, 1)
    assert cells.dtype == np.uint8
    assert (int(cells.min()), int(cells.max())) == (0, 255)
    assert CHECKED_IN.is_file()
