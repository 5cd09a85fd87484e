"""The logits' eight bits are spent on what decides."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from convert.choose import as_fine_as_proven
from convert.logits import NOTHING, deciding_range, spanning, widened
from convert.quantize import quantize
from convert.verify import DecidedOtherwiseError
from edge.errors import ModelError
from edge.inference.model import open_model
from tests.convert.networks import network, pictures
from train.backend import keras
from train.lenet5 import Architecture

MODEL, CELLS = network(Architecture(kernels=(4, 6), activation="relu")), pictures(60)
MODEL.get_layer("logits").set_weights([0.15 * weight for weight in MODEL.get_layer("logits").get_weights()])  # less certain
LOGITS = np.asarray(keras.Model(MODEL.input, MODEL.get_layer("logits").output)(CELLS.astype(np.float32) / 255))


def test_what_is_far_below_the_likeliest_or_far_above_all_others_says_nothing() -> None:
    logits = np.array([[30.0, 2.0, -40.0], [5.0, 4.0, -1.0]], np.float32)
    assert deciding_range(logits) == pytest.approx((5 - NOTHING, 4 + NOTHING))


def test_the_range_is_no_wider_than_the_logits_and_holds_zero() -> None:
    assert deciding_range(np.array([[3.0, 1.0], [2.5, 2.0]], np.float32)) == (0.0, 3.0)
    assert deciding_range(np.array([[-3.0, -1.0], [-2.5, -2.0]], np.float32)) == pytest.approx((-3.0, 1e-6))


def test_the_file_s_logits_span_the_range() -> None:
    low, high = deciding_range(LOGITS)
    (tensor,) = _logits(quantize(MODEL, CELLS))
    scale, zero = tensor["quantization"]
    assert scale == pytest.approx((high - low) / 255)
    assert (-128 - zero) * scale == pytest.approx(low, abs=scale)
    assert (127 - zero) * scale == pytest.approx(high, abs=scale)


def test_beyond_the_range_all_are_alike_and_within_it_a_class_is_as_likely_as_before(tmp_path: Path) -> None:
    content = quantize(MODEL, CELLS)
    likely = {}
    for name, (low, high) in {"wide": (-60.0, 60.0), "found": deciding_range(LOGITS), "none": (-1e-4, 1e-4)}.items():
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(spanning(content, low, high))
        likely[name] = open_model(path).read(CELLS)
    expected = np.asarray(MODEL(CELLS.astype(np.float32) / 255))
    assert np.abs(likely["found"] - expected).mean() < 0.5 * np.abs(likely["wide"] - expected).mean()
    np.testing.assert_allclose(likely["none"], 0.1, atol=0.01)


def test_steps_are_doubled_until_all_runtimes_decide_alike_and_no_more() -> None:
    content = quantize(MODEL, CELLS)

    def step(tflite: bytes) -> float:
        return float(_logits(tflite)[0]["quantization"][0])

    def borne_from(least: float) -> Callable[[bytes], float]:
        def prove(tflite: bytes) -> float:
            if step(tflite) < least * step(content):
                raise DecidedOtherwiseError("too fine")
            return step(tflite) / step(content)

        return prove

    assert as_fine_as_proven(content, "rounded", borne_from(1.0)) == (1.0, "rounded")
    assert as_fine_as_proven(content, "rounded", borne_from(1.5)) == (2.0, "rounded, steps of the logits 2 times as wide")
    assert as_fine_as_proven(content, "rounded", borne_from(4.0)) == (4.0, "rounded, steps of the logits 4 times as wide")
    with pytest.raises(DecidedOtherwiseError, match="too fine"):
        as_fine_as_proven(content, "rounded", borne_from(4.5))


def test_what_else_does_not_hold_is_no_reason_for_wider_steps() -> None:
    proofs = []

    def prove(tflite: bytes) -> None:
        proofs.append(tflite)
        raise ModelError("too much lost")

    with pytest.raises(ModelError, match="too much lost"):
        as_fine_as_proven(quantize(MODEL, CELLS), "rounded", prove)
    assert len(proofs) == 1


def test_wider_steps_decide_as_before(tmp_path: Path) -> None:
    files = {"fine": quantize(MODEL, CELLS)}
    files["wide"] = widened(files["fine"])
    (fine,), (wide,) = (_logits(content) for content in files.values())
    assert wide["quantization"] == (pytest.approx(2 * fine["quantization"][0]), fine["quantization"][1])
    for name, content in files.items():
        (tmp_path / f"{name}.tflite").write_bytes(content)
    fine_answers, wide_answers = (open_model(tmp_path / f"{name}.tflite").read(CELLS) for name in files)
    assert np.abs(fine_answers - wide_answers).max() < 0.1


def _logits(content: bytes) -> list[dict[str, Any]]:
    tensors = Interpreter(model_content=content).get_tensor_details()
    return [each for each in tensors if "logits" in each["name"] and each["dtype"] == np.int8 and [*each["shape"]] == [1, 10]]
