"""The models that ship: their parameters, their figures on the whole test sets, in every runtime, and what their cards say of them."""

import json
import subprocess
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
FLOORS = {
    "lenet5-handwritten": {"right_digit": (0.9970, 0.9960)},
    "lenet5-counter": {
        "right_digit": (0.979, 0.965),
        "right_digit_meter_mean": (0.988, 0.975),
        "within_0_1": (0.974, 0.955),
        "within_0_2": (0.9765, 0.960),
    },
    "lenet5-segments": {"right_digit": (0.9875, 0.985)},
}
"""Of the files that ship; and of those that `make train convert` has put in their place, which differ by chance and by processor."""
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


def made_here(name: str) -> bool:
    """Whether this is another file than the one that ships."""
    changed = ["git", "diff", "--quiet", "HEAD", "--", f"models/{name}.tflite"]
    return subprocess.run(changed, cwd=ROOT, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("name", NAMES)
def test_what_was_never_seen_is_read_above_the_floors(name: str) -> None:
    measured, at = card(name)["metrics"]["int8"], int(made_here(name))
    floors = {key: both[at] for key, both in FLOORS[name].items()}
    assert {key: round(measured[key], 6) >= floor for key, floor in floors.items()} == dict.fromkeys(floors, True)


def test_readme_gives_the_figures_of_the_cards() -> None:
    if any(made_here(name) for name in NAMES):
        return  # README tells of what ships
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| ")]
    handwritten, counter, segments = (card(name)["metrics"]["int8"] for name in NAMES)
    for begins, figures in {
        "| handwriting, MNIST test set": [f"{handwritten['error']:.2%}"],
        "| counters, six meters never seen": [f"{counter['right_digit']:.1%}"],
        "| … mean over meters": [f"{counter['right_digit_meter_mean']:.1%}"],
        "| … tenths within": [f"{counter['within_0_1']:.1%}", f"{counter['within_0_2']:.1%}"],
        "| segments of written words": [f"{segments['error']:.2%}"],
        "| parameters, handwriting / counter / segments": [f"{card(name)['parameters']:,}" for name in NAMES],
    }.items():
        (row,) = [row for row in rows if row.startswith(begins)]
        assert row.split(" | ")[1] == " / ".join(figures).replace("%", " %")


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
