"""The models that ship: their parameters, their figures on the whole test sets, in every runtime, and what their cards say of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter
from onnx import numpy_helper

from convert import old_runtime, verify
from edge.inference.fitting import Task
from edge.inference.model import load, read_card
from tests.test_arrows import ROOT
from train.data_command import provenance
from train.evaluate import evaluate, in_batches

NAMES: dict[str, Task] = {"lenet5-handwritten": "handwritten", "lenet5-counter": "counter", "lenet5-segments": "segments"}
PICTURES = {"lenet5-handwritten": 10_000, "lenet5-counter": 1_604, "lenet5-segments": 4_000}
HANDWRITTEN_ERROR, SEGMENTS_ERROR = 0.0030, 0.0125
COUNTER_FLOORS = {"right_digit": 0.979, "right_digit_meter_mean": 0.988, "within_0_1": 0.974, "within_0_2": 0.9765}
FILES = [ROOT / "models" / f"{name}{suffix}" for name in NAMES for suffix in (".tflite", ".onnx")]


def card(name: str) -> dict[str, Any]:
    return read_card(ROOT / "models" / f"{name}.json")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_figures_of_the_card_are_those_of_the_file(path: Path) -> None:
    stated = card(path.stem)["metrics"]["int8"]
    measured = evaluate(path, split="test")
    assert measured["n"] == PICTURES[path.stem]
    for key, value in stated.items():
        assert measured[key] == (value if not isinstance(value, float) else pytest.approx(value, abs=1e-9)), key


def test_handwriting_is_read_with_an_error_below_the_floor() -> None:
    assert card("lenet5-handwritten")["metrics"]["int8"]["error"] <= HANDWRITTEN_ERROR


def test_segments_are_judged_with_an_error_below_the_floor() -> None:
    assert card("lenet5-segments")["metrics"]["int8"]["error"] <= SEGMENTS_ERROR


def test_counters_never_seen_are_read_above_the_floors() -> None:
    measured = card("lenet5-counter")["metrics"]["int8"]
    assert {key: measured[key] >= floor for key, floor in COUNTER_FLOORS.items()} == dict.fromkeys(COUNTER_FLOORS, True)


@pytest.mark.parametrize("name", NAMES)
def test_int8_loses_at_most_five_hundredths_of_a_point(name: str) -> None:
    metrics = card(name)["metrics"]
    assert metrics["float32"]["right_digit"] - metrics["int8"]["right_digit"] <= verify.SHIPPED.loss + verify.ROUNDING


@pytest.mark.parametrize("name", NAMES)
def test_both_files_answer_alike_on_the_whole_test_set(name: str) -> None:
    cells = verify.unseen(NAMES[name], ["real"]).cells
    one, other = (in_batches(load(ROOT / "models" / f"{name}{suffix}", threads=2).quantized, cells) for suffix in (".tflite", ".onnx"))
    told = verify.same_bits(ROOT / "models" / f"{name}.onnx", one, other)
    assert told in [value for runtime, value in card(name)["parity"].items() if runtime.startswith("ONNX Runtime")]


@pytest.mark.parametrize("name", NAMES)
def test_tflite_runtime_decides_the_same_but_for_ties(name: str) -> None:
    cells = verify.unseen(NAMES[name], ["real"]).cells
    path = ROOT / "models" / f"{name}.tflite"
    answers = in_batches(load(path, threads=2).quantized, cells)
    told = verify.same_decisions(path, answers, old_runtime.answers(path, cells), verify.logits(path.with_suffix(".onnx"), cells))
    assert told == card(name)["parity"][verify.OLD_RUNTIME]


@pytest.mark.parametrize("name", NAMES)
def test_pixels_enter_as_they_are_and_probabilities_leave_in_256ths(name: str) -> None:
    interpreter = Interpreter(str(ROOT / "models" / f"{name}.tflite"))
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert (taken["dtype"], taken["shape_signature"].tolist()) == (np.uint8, [-1, 32, 32, 1])
    assert taken["quantization"] == (pytest.approx(1 / 255, rel=1e-6), 0)
    assert (given["dtype"], given["quantization"], int(given["shape"][-1])) == (np.uint8, (1 / 256, 0), card(name)["classes"])
    kernels = [detail for detail in interpreter.get_tensor_details() if len(detail["quantization_parameters"]["scales"]) > 1]
    assert {detail["dtype"] for detail in kernels} == {np.int8, np.int32}


@pytest.mark.parametrize("name", NAMES)
def test_the_onnx_file_is_sound_and_open_in_its_batch(name: str) -> None:
    model = onnx.load(ROOT / "models" / f"{name}.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"
    assert model.opset_import[0].version <= 17


@pytest.mark.parametrize("name", NAMES)
def test_no_sum_of_two_products_of_the_onnx_file_overflows_in_16_bits(name: str) -> None:
    model = onnx.load(ROOT / "models" / f"{name}.onnx")
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    makers = {output: node for node in model.graph.node for output in node.output}
    weights = [constants[makers[node.input[1]].input[0]] for node in model.graph.node if node.op_type in ("Conv", "Gemm")]
    assert len(weights) == 7
    for each in weights:
        assert each.dtype == np.int8
        assert 2 * 255 * np.abs(each.astype(int)).max() < 2**15


@pytest.mark.parametrize("name", NAMES)
def test_the_models_are_small(name: str) -> None:
    stated = card(name)
    assert stated["parameters"] <= 150_000
    assert stated["multiply_accumulates"] <= 10_000_000
    for file in stated["files"]:
        assert (ROOT / "models" / file).stat().st_size <= 200_000


@pytest.mark.parametrize("name", NAMES)
def test_the_card_names_its_commit_its_data_and_its_tools(name: str) -> None:
    stated = card(name)
    for origin in (stated["training"], stated["conversion"]):
        assert len(origin["commit"]) == 40, origin["commit"]
    assert stated["data"] == json.loads(json.dumps(provenance(stated["metrics"]["data"])))
    assert {"tensorflow", "tf2onnx", "onnxruntime", "ai-edge-litert"} <= set(stated["tools"])
