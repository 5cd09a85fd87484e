"""Models and cards that somebody else made: refused when they are opened, in one line, and not in the middle of reading."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper

from edge.errors import ModelError
from edge.inference.fitting import fitting
from edge.inference.model import load, open_model, read_card
from edge.inference.models import loader
from edge.vision.cells import PREPROCESSING_VERSION
from tests.test_arrows import ROOT

SHIPPED = ROOT / "models" / "lenet5-counter.tflite"
CARD = {"name": "a", "classes": 10, "preprocessing_version": 1, "files": {"a.tflite": {"sha256": "0" * 64}}}


def graph(path: Path, inputs: dict[str, list[Any]], given: list[Any], kind: str) -> Path:
    """An ONNX model of one node that makes `y` of its inputs, all of them uint8."""
    taken = [helper.make_tensor_value_info(name, TensorProto.UINT8, shape) for name, shape in inputs.items()]
    answer = helper.make_tensor_value_info("y", TensorProto.UINT8, given)
    made = helper.make_graph([helper.make_node(kind, list(inputs), ["y"])], "made", taken, [answer])
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.mark.parametrize(
    ("inputs", "given", "kind", "said"),
    [
        ({"x": [1, 32, 32, 1]}, [1, 1024], "Flatten", "fails on two cells"),
        ({"x": ["N", 32, 32, 1], "z": ["N", 32, 32, 1]}, ["N", 32, 32, 1], "Max", "fails on two cells"),
        ({"x": ["N", 32, 32, 1]}, ["N", 32, 32, 1], "Identity", r"answers two cells by \(2, 32, 32, 1\)"),
        ({"x": ["N", 32, 32, 1]}, ["N", 1024], "Flatten", r"answers two cells by \(2, 1024\); expected \(2, 10\), \(2, 11\) or \(2, 100\)"),
    ],
    ids=["one cell at a time", "two inputs", "a picture", "1024 classes"],
)
def test_an_onnx_model_that_does_not_read_as_ours_do_is_refused(
    tmp_path: Path, inputs: dict[str, list[Any]], given: list[Any], kind: str, said: str
) -> None:
    with pytest.raises(ModelError, match=rf"a\.onnx: {said}") as told:
        open_model(graph(tmp_path / "a.onnx", inputs, given, kind))
    assert "\n" not in str(told.value)


def shipped() -> Any:
    """The counter's TFLite model, to be changed."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(SHIPPED.read_bytes(), 0))


def written(model: Any, path: Path) -> Path:
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def test_a_damaged_tflite_model_is_refused_even_where_only_running_it_shows(tmp_path: Path) -> None:
    model = shipped()
    assert open_model(written(model, tmp_path / "whole.tflite")).classes == 100
    kernel = model.subgraphs[0].tensors[model.subgraphs[0].operators[1].inputs[1]]
    kernel.quantization.zeroPoint = [13_172_736] * len(kernel.quantization.zeroPoint)
    with pytest.raises(ModelError, match=r"a\.tflite: fails on two cells") as told:
        open_model(written(model, tmp_path / "a.tflite"))
    assert "\n" not in str(told.value)


def test_a_tflite_model_of_two_inputs_is_refused(tmp_path: Path) -> None:
    model = shipped()
    model.subgraphs[0].inputs = [*model.subgraphs[0].inputs, model.subgraphs[0].operators[2].outputs[0]]
    with pytest.raises(ModelError, match="takes more than cells"):
        open_model(written(model, tmp_path / "a.tflite"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"files": ["a.tflite"]}, "no files"),
        ({"files": {"a.tflite": "0" * 64}}, r"no SHA-256 of a\.tflite"),
        ({"files": {"a.tflite": {"sha256": 0}}}, r"no SHA-256 of a\.tflite"),
        ({"classes": "10"}, "no classes"),
        ({"name": None, "preprocessing_version": [1]}, "no name, preprocessing_version"),
    ],
    ids=str,
)
def test_a_card_that_holds_something_else_is_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps({**CARD, **changed}), encoding="utf-8")
    with pytest.raises(ModelError, match=rf"a\.json: not a model card \({said}"):
        read_card(tmp_path / "a.json")


def test_a_card_nested_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(ModelError, match="not a model card"):
        read_card(tmp_path / "a.json")


def test_a_card_of_another_model_is_said_to_be_that(tmp_path: Path) -> None:
    shutil.copy(SHIPPED, tmp_path / "mine.tflite")
    (tmp_path / "mine.json").write_text(json.dumps(CARD), encoding="utf-8")
    with pytest.raises(ModelError, match=r"mine\.json: names a\.tflite, not mine\.tflite"):
        load(tmp_path / "mine.tflite")


@pytest.mark.parametrize("name", ["", "a.pt"])
def test_what_is_not_named_as_a_model_is_refused_before_its_card_is_asked_for(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=r"; expected a \.tflite or \.onnx model"):
        load(tmp_path / name)


def test_a_model_of_handwriting_reads_no_counter() -> None:
    with pytest.raises(ModelError, match="lenet5-handwritten reads handwriting; expected a model of counters, such as lenet5-counter"):
        loader()(ROOT / "models" / "lenet5-handwritten.tflite")
    assert loader()(SHIPPED).classes == loader()(None).classes == 100


def judge(folder: Path) -> Path:
    """An ONNX model that answers with a cell's first eleven pixels, with its card."""
    path = folder / "mine.onnx"
    taken = helper.make_tensor_value_info("x", TensorProto.UINT8, ["N", 32, 32, 1])
    answer = helper.make_tensor_value_info("y", TensorProto.UINT8, ["N", 11])
    ends = [helper.make_tensor(name, TensorProto.INT64, [1], [value]) for name, value in (("from", 0), ("to", 11), ("axis", 1))]
    nodes = [helper.make_node("Flatten", ["x"], ["flat"]), helper.make_node("Slice", ["flat", "from", "to", "axis"], ["y"])]
    made = helper.make_graph(nodes, "made", [taken], [answer], ends)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    files = {path.name: {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}}
    card = {**CARD, "name": "mine", "classes": 11, "preprocessing_version": PREPROCESSING_VERSION, "files": files}
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    return path


def test_a_judge_of_eleven_classes_is_opened_and_reads(tmp_path: Path) -> None:
    path = judge(tmp_path)
    for recognizer in (open_model(path), load(path)):
        assert recognizer.classes == 11
        assert recognizer.read(np.full((3, 32, 32, 1), 64, np.uint8)).tolist() == [[0.25] * 11] * 3


def test_a_judge_of_segments_reads_neither_counters_nor_handwriting(tmp_path: Path) -> None:
    path = judge(tmp_path)
    said = "mine reads what a page may be cut into; expected a model of"
    with pytest.raises(ModelError, match=f"{said} counters, such as lenet5-counter, which is taken where none is named"):
        loader()(path)
    with pytest.raises(ModelError, match=f"{said} handwriting, such as lenet5-handwritten"):
        fitting(load(path), path, "handwritten")
    recognizer = load(path)
    assert fitting(recognizer, path, "segments") is fitting(recognizer, None, "segments") is recognizer


@pytest.mark.parametrize(("name", "reads"), [("lenet5-handwritten", "handwriting"), ("lenet5-counter", "counters")])
def test_what_reads_digits_judges_no_segments(name: str, reads: str) -> None:
    path = ROOT / "models" / f"{name}.tflite"
    with pytest.raises(ModelError, match=f"{name} reads {reads}; expected a model of what a page may be cut into, such as lenet5-segments"):
        fitting(load(path), path, "segments")


def test_a_model_that_is_not_there_is_named_and_not_its_card(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nope\.tflite: no such file"):
        load(tmp_path / "nope.tflite")
