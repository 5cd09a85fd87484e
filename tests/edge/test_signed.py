"""ONNX weights signed where the processor multiplies them exactly: the same numbers, and nothing else changed."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from edge.inference import onnx as by_onnx
from edge.inference.models import shipped
from edge.inference.signed import is_exact, signed_weights

SHIPPED = [shipped(name).with_suffix(".onnx") for name in ("lenet5-counter", "lenet5-handwritten", "lenet5-segments")]
CELLS = np.random.default_rng(7).integers(0, 256, (300, 32, 32, 1), np.uint8)


def weights(model: onnx.ModelProto) -> set[str]:
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [node.input for node in model.graph.node if node.op_type == "DequantizeLinear" and node.input[0] in constants]
    return {name for each in inputs for name in (each[0], each[2])}


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_every_weight_is_the_same_number_signed_and_nothing_else_is_touched(path: Path) -> None:
    before, after = onnx.load(path), onnx.load_from_string(signed_weights(path.read_bytes()))
    onnx.checker.check_model(after, full_check=True)
    told = {tensor.name: tensor for tensor in after.graph.initializer}
    changed = 0
    for tensor in before.graph.initializer:
        was, now = numpy_helper.to_array(tensor), numpy_helper.to_array(told[tensor.name])
        if tensor.name in weights(before) and was.dtype == np.uint8:
            assert now.dtype == np.int8
            assert np.array_equal(now, was.astype(np.int16) - 128)
            changed += 1
            told[tensor.name].CopyFrom(tensor)
    assert changed >= 12  # six layers at least, each with its zero points
    assert after == before


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_what_it_reads_is_the_same_to_the_bit(path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")  # exact on processors without VNNI, too
    content = path.read_bytes()
    before, after = (
        onnxruntime.InferenceSession(each, options, providers=["CPUExecutionProvider"]).run(None, {"cells": CELLS})[0]
        for each in (content, signed_weights(content))
    )
    assert np.array_equal(before, after)


@pytest.mark.parametrize("content", [b"", b"no model", SHIPPED[0].read_bytes()[:-20_000]], ids=["empty", "text", "cut short"])
def test_what_is_no_whole_model_is_left_to_the_runtime(content: bytes) -> None:
    assert signed_weights(content) == content


@pytest.mark.parametrize(
    ("told", "exact"),
    [("flags\t: fpu avx2 avx512_vnni\n", True), ("flags\t: fpu avx_vnni\n", True), ("flags\t: fpu avx2\n", False), (None, False)],
)
def test_only_a_processor_that_says_so_is_taken_to_be_exact(told: str | None, exact: bool, tmp_path: Path) -> None:
    if told is not None:
        (tmp_path / "cpuinfo").write_text(told)
    assert is_exact(tmp_path / "cpuinfo") is exact


@pytest.mark.parametrize("exact", [True, False])
def test_weights_are_signed_only_on_such_a_processor(exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def signed(content: bytes) -> bytes:
        asked.append(content)
        return content

    monkeypatch.setattr(by_onnx, "is_exact", lambda: exact)
    monkeypatch.setattr(by_onnx, "signed_weights", signed)
    by_onnx.OnnxRecognizer(SHIPPED[0])
    assert asked == ([SHIPPED[0].read_bytes()] if exact else [])
