"""No card without the proof; no half-written model."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from convert import old_runtime, verify
from convert.__main__ import convert, main
from convert.quantize import quantize
from convert.to_onnx import to_onnx
from edge.errors import ModelError, RuntimeMissingError
from edge.inference.model import read_card
from tests.convert.networks import network, pictures, trained
from train.evaluate import keras_read
from train.lenet5 import Architecture
from train.metrics import handwritten

ROOT = Path(__file__).parents[2]
ARCHITECTURE = Architecture(kernels=(4, 8), activation="relu")
NO_INDEX = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "UV_OFFLINE": "1", "UV_NO_CACHE": "1"}
"""What pip and uv have to be told to reach no packages."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with model.tflite and model.onnx of one network."""
    folder = tmp_path_factory.mktemp("made")
    content = quantize(network(ARCHITECTURE), pictures(60))
    (folder / "model.tflite").write_bytes(content)
    onnx.save(to_onnx(content), folder / "model.onnx")
    return folder


def judged(cells: verify.Cells) -> verify.Unseen:
    """Right is what the float32 network says."""
    labels = keras_read(network(ARCHITECTURE))(cells).argmax(1)
    return verify.Unseen("mnist", cells, lambda answers: handwritten(answers, labels))


def test_a_sound_conversion_is_proven_in_every_runtime(made: Path) -> None:
    limits = verify.Limits(loss=0.05, tie_quanta=3)
    proof = verify.verify(
        keras_read(network(ARCHITECTURE)),
        made / "model.tflite",
        made / "model.onnx",
        judged(pictures(400, seed=3)),
        limits=limits,
    )
    assert proof["float32"]["right_digit"] == 1.0
    assert proof["int8"]["right_digit"] >= 0.95
    by_onnxruntime = next(value for runtime, value in proof["parity"].items() if runtime.startswith("ONNX Runtime"))
    assert by_onnxruntime == {"largest_gap_quanta": 0, "decided_otherwise": 0}
    assert isinstance(proof["parity"][verify.OLD_RUNTIME], dict), proof["parity"]


def test_an_onnx_file_that_answers_otherwise_is_refused(made: Path, tmp_path: Path) -> None:
    model = onnx.load(made / "model.onnx")
    bias = max((t for t in model.graph.initializer if t.data_type == onnx.TensorProto.INT32), key=lambda t: -len(t.raw_data))
    values = numpy_helper.to_array(bias).copy()
    values[0] += 4000
    bias.CopyFrom(numpy_helper.from_array(values, bias.name))
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ModelError, match=r"model\.onnx: differs from LiteRT by up to \d+ quanta"):
        verify.verify(keras_read(network(ARCHITECTURE)), made / "model.tflite", tmp_path / "model.onnx", judged(pictures(100, seed=3)))


def test_int8_that_loses_too_much_is_refused(made: Path) -> None:
    cells = pictures(400, seed=3)
    labels = (keras_read(network(ARCHITECTURE))(cells).argmax(1) + 1) % 10
    better = np.eye(10, dtype=np.float32)[labels]
    other = verify.Unseen("mnist", cells, lambda answers: handwritten(answers, labels))
    with pytest.raises(ModelError, match=r"points lost; expected at most 0\.05"):
        verify.verify(lambda some: better[: len(some)], made / "model.tflite", made / "model.onnx", other)


@pytest.mark.parametrize(("lost", "refused"), [(2, False), (3, True)])
def test_a_loss_of_just_what_is_allowed_is_allowed(made: Path, lost: int, refused: bool) -> None:
    shares = iter([3_899 / 4_000, (3_899 - lost) / 4_000])  # 0.0005, as floating point has it, is a little more
    other = verify.Unseen("mnist", pictures(20), lambda _: {"right_digit": next(shares)})
    read = keras_read(network(ARCHITECTURE))
    with pytest.raises(ModelError, match="points lost") if refused else contextlib.nullcontext():
        verify.verify(read, made / "model.tflite", made / "model.onnx", other, limits=verify.Limits(loss=0.0005, tie_quanta=255))


def test_an_old_runtime_that_fails_on_a_model_refuses_it(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"no model at all")
    with pytest.raises(ModelError, match=r"^model\.tflite: tflite-runtime 2\.14 fails on it \(.*cannot read it"):
        old_runtime.answers(tmp_path / "model.tflite", pictures(1))


def test_an_old_runtime_whose_python_is_gone_is_installed_anew(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which fails here, for there is no package index."""
    environment = tmp_path / "tflite-runtime"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(tmp_path / "gone")
    (environment / ".ready").touch()
    monkeypatch.setattr(old_runtime, "ENVIRONMENT", environment)
    for name, value in NO_INDEX.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RuntimeMissingError, match=r"tflite-runtime 2\.14 cannot be installed"):
        old_runtime.answers(made / "model.tflite", pictures(1))


def test_a_picture_decided_otherwise_is_forgiven_only_where_two_classes_tie() -> None:
    reference = np.array([[120, 121, 15]], np.uint8)
    answers = np.array([[121, 120, 15]], np.uint8)
    tie, clear = np.array([[50, 51, 9]], np.uint8), np.array([[49, 51, 9]], np.uint8)
    told = verify.same_decisions(Path("model.tflite"), reference, answers, tie)
    assert told == {"largest_gap_quanta": 1, "decided_otherwise": 1, "all_of_them_ties": True}
    with pytest.raises(ModelError, match="by up to 2 quanta of the logits"):
        verify.same_decisions(Path("model.tflite"), reference, answers, clear)


def test_bits_may_differ_by_a_quantum_but_no_decision() -> None:
    reference = np.array([[200, 56, 0]], np.uint8)
    assert verify.same_bits(Path("m.onnx"), reference, np.array([[199, 57, 0]], np.uint8))["largest_gap_quanta"] == 1
    with pytest.raises(ModelError, match="up to 2 quanta"):
        verify.same_bits(Path("m.onnx"), reference, np.array([[198, 57, 0]], np.uint8))
    with pytest.raises(ModelError, match="decides 1 of 1 pictures otherwise"):
        verify.same_bits(Path("m.onnx"), np.array([[128, 127]], np.uint8), np.array([[127, 128]], np.uint8))


def test_a_conversion_writes_both_models_and_a_card_that_names_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    convert(trained(tmp_path), tmp_path / "models", quick=True)
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["small.json", "small.onnx", "small.tflite"]
    card = read_card(tmp_path / "models" / "small.json")
    assert card["classes"] == 10
    assert card["files"]["small.onnx"]["bytes"] == (tmp_path / "models" / "small.onnx").stat().st_size
    assert card["training"]["commit"] == "abc"
    shown = capsys.readouterr().out
    assert main(["card", str(tmp_path / "models" / "small.json")]) == 0
    assert capsys.readouterr().out == shown
    assert card["files"]["small.tflite"]["sha256"] in shown


def test_a_refused_conversion_leaves_nothing_behind(tmp_path: Path) -> None:
    path = trained(tmp_path, task="handwritten", architecture={"kernels": [2, 4], "activation": "relu", "batch_norm": True, "classes": 100})
    assert main([str(path), "--output", str(tmp_path / "models")]) == 1
    assert not (tmp_path / "models").exists() or list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no such file; expected a file that `make train` wrote"), (b"damaged", "damaged or cut short")],
)
def test_what_is_no_network_of_ours_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, said: str
) -> None:
    path = trained(tmp_path)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert main([str(path), "--output", str(tmp_path / "models")]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert len(told.splitlines()) == 1


def test_a_keras_file_without_its_summary_is_none_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = trained(tmp_path)
    path.with_suffix(".training.json").unlink()
    assert main([str(path)]) == 1
    assert "expected the summary that `make train` writes" in capsys.readouterr().err


def test_without_tflite_runtime_nothing_is_written_unless_one_goes_without_it(tmp_path: Path) -> None:
    """In a checkout that has not installed it yet, on a machine that reaches no package index."""
    path = trained(tmp_path)
    for package in ("edge", "train", "convert"):
        shutil.copytree(ROOT / package, tmp_path / "checkout" / package, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "convert", str(path), "--quick", "--output", str(tmp_path / "models")]
    alone = {**os.environ, **NO_INDEX}

    def run(*options: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([*command, *options], cwd=tmp_path / "checkout", env=alone, capture_output=True, text=True, check=False)

    refused = run()
    assert refused.returncode == 1
    assert "tflite-runtime 2.14 cannot be installed" in refused.stderr.splitlines()[-1]
    assert "go without by --no-tflite-runtime" in refused.stderr.splitlines()[-1]
    assert list((tmp_path / "models").iterdir()) == []
    assert run("--no-tflite-runtime").returncode == 0
    assert read_card(tmp_path / "models" / "small.json")["parity"][verify.OLD_RUNTIME] == "not compared"


def test_a_full_disk_is_one_line_and_no_half_written_file(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: a write fails in the middle."""
    path = trained(tmp_path)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))

    result = subprocess.run(
        [sys.executable, "-m", "convert", str(path), "--output", str(tmp_path / "models")],
        preexec_fn=limit, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("python -m convert: ")
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "models").exists() or list((tmp_path / "models").iterdir()) == []
