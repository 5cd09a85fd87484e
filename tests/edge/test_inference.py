"""A model is opened only with a card that fits it, and read alike by every runtime."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edge.errors import ModelError, RuntimeMissingError
from edge.inference.model import load, open_model, read_card
from edge.inference.models import shipped
from edge.vision.circle import distance, position
from tests.test_arrows import ROOT

NAME = "lenet5-counter"
SUFFIXES = (".tflite", ".onnx")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for suffix in (*SUFFIXES, ".json"):
        shutil.copy(ROOT / "models" / f"{NAME}{suffix}", tmp_path)
    return tmp_path


def change(models: Path, **changes: object) -> None:
    path = models / f"{NAME}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def cells(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 1), np.uint8)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_shipped_model_reads_any_number_of_cells_at_once(suffix: str) -> None:
    recognizer = load(ROOT / "models" / f"{NAME}{suffix}")
    assert recognizer.classes == 100
    assert recognizer.runtime.startswith({".tflite": "LiteRT ", ".onnx": "ONNX Runtime "}[suffix])
    assert (recognizer.name, recognizer.sha256) == (NAME, read_card(ROOT / "models" / f"{NAME}.json")["files"][f"{NAME}{suffix}"]["sha256"])
    together = recognizer.read(cells(9))
    assert together.shape == (9, 100)
    assert together.dtype == np.float32
    np.testing.assert_array_equal(together, np.concatenate([recognizer.read(cells(9)[i : i + 1]) for i in range(9)]))
    np.testing.assert_allclose(together.sum(1), 1.0, atol=0.2)


def test_both_files_give_the_same_probabilities() -> None:
    one, other = (load(ROOT / "models" / f"{NAME}{suffix}").read(cells(50)) for suffix in SUFFIXES)
    np.testing.assert_array_equal(one, other)
    assert distance(position(one), position(other)).max() == 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_is_not_the_cards_is_refused(models: Path, suffix: str) -> None:
    path = models / f"{NAME}{suffix}"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match=rf"{NAME}\{suffix}: SHA-256 [0-9a-f]{{12}}…, its card names [0-9a-f]{{12}}…"):
        load(path)


def test_a_model_for_another_preprocessing_is_refused_by_name(models: Path) -> None:
    change(models, preprocessing_version=99)
    with pytest.raises(ModelError, match=rf"{NAME}\.tflite: made for preprocessing 99, this digitd does \d"):
        load(models / f"{NAME}.tflite")


def test_a_card_of_another_number_of_classes_is_refused(models: Path) -> None:
    change(models, classes=10)
    with pytest.raises(ModelError, match="100 classes, its card names 10"):
        load(models / f"{NAME}.onnx")


@pytest.mark.parametrize(("content", "said"), [("{", "not a model card"), ("[]", "no JSON object"), ("{}", "no name, classes")])
def test_a_damaged_card_is_refused(models: Path, content: str, said: str) -> None:
    (models / f"{NAME}.json").write_text(content)
    with pytest.raises(ModelError, match=said):
        read_card(models / f"{NAME}.json")


def test_a_model_without_a_card_or_a_card_without_a_model_is_refused(models: Path) -> None:
    (models / f"{NAME}.tflite").unlink()
    with pytest.raises(ModelError, match=r"tflite: no such file"):
        load(models / f"{NAME}.tflite")
    (models / f"{NAME}.json").unlink()
    with pytest.raises(ModelError, match=r"json: no such file; a model comes with its card"):
        load(models / f"{NAME}.onnx")


def test_a_folder_is_no_model(models: Path) -> None:
    with pytest.raises(ModelError, match=r": a folder; expected a \.tflite or \.onnx model"):
        load(models)


@pytest.mark.parametrize("suffix", [".tflite", ".json"])
def test_a_model_or_card_that_cannot_be_read_is_told_as_such(models: Path, suffix: str) -> None:
    """Root may read every file, so a folder stands for one that may not be read."""
    (models / f"{NAME}{suffix}").unlink()
    (models / f"{NAME}{suffix}").mkdir()
    with pytest.raises(ModelError, match=rf"{NAME}\{suffix}: cannot be read \(Is a directory\); expected .*; look at its permissions"):
        load(models / f"{NAME}.tflite")


@pytest.mark.parametrize(("name", "said"), [("a.tflite", "cannot read it"), ("a.onnx", "cannot read it"), ("a.pt", r"a \.pt file")])
def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_bytes(b"no model at all")
    with pytest.raises(ModelError, match=said) as told:
        open_model(tmp_path / name)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("installed", "suffix"),
    [
        ({"ai_edge_litert", "onnxruntime"}, ".tflite"),
        ({"tflite_runtime", "onnxruntime"}, ".tflite"),
        ({"onnxruntime"}, ".onnx"),
    ],
)
def test_the_form_of_a_model_is_the_one_that_the_installed_runtime_reads(
    monkeypatch: pytest.MonkeyPatch, installed: set[str], suffix: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in installed else None)
    assert shipped(NAME).name == f"{NAME}{suffix}"


def test_where_nothing_is_installed_that_reads_models_what_does_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(RuntimeMissingError, match="expected one of: pip install ai-edge-litert, or onnxruntime"):
        shipped(NAME)
