"""`python -m convert`: which networks, what their cards say of where they come from, and what is wrong, each in one line."""

import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from convert import representative, verify
from convert.__main__ import convert, main, write_aside
from convert.card import make_card, origins
from convert.verify import RENDERED
from edge.errors import ModelError
from edge.inference.fitting import fitting
from edge.inference.model import load, read_card
from tests.convert.networks import pictures, trained
from tests.test_arrows import ROOT
from train import synthetic
from train.data_command import provenance

SHIPPED_CARD = ROOT / "models" / "lenet5-counter.json"


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of a network trained on rendered digits alone."""
    folder = tmp_path_factory.mktemp("rendered")
    convert(trained(folder), folder / "models", quick=True)
    return read_card(folder / "models" / "small.json")


def test_a_network_of_rendered_digits_claims_nothing_of_the_published_ones(card: dict[str, Any]) -> None:
    assert card["metrics"]["data"] == "synthetic digits"
    assert card["metrics"]["command"] == card["conversion"]["command"]
    assert card["training"]["sources"] == ["synthetic"]
    assert card["data"] == {"attribution": "rendered digits alone, by train/synthetic.py", "sha256": {}}


def test_a_card_names_all_that_was_learnt_from_and_measured_on(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes(b"split,path\n")
    published, own = provenance("meter-digits"), str(tmp_path)
    assert origins("counter", ["real", "synthetic"], "meter-digits") == published
    assert origins("handwritten", ["real"], "mnist") == origins("segments", ["real"], "mnist") == provenance("mnist")
    of_both = origins("counter", [own], "meter-digits")
    assert of_both["attribution"] == f"pictures of one's own in {own}; {published['attribution']}"
    assert of_both["sha256"] == {
        f"{own}/index.csv": "4e74569aa6673308f827aee6cdb61cec102d7c301a172fc3c9dc43db342c4ad3",
        **published["sha256"],
    }


def test_the_command_of_a_measurement_names_the_file_where_it_is(tmp_path: Path) -> None:
    training = json.loads(trained(tmp_path, sources=["real"], sha256="0f").with_suffix(".training.json").read_text(encoding="utf-8"))
    proof: dict[str, Any] = {"float32": {}, "int8": {}, "parity": {}}
    files = {Path("mine/small.tflite"): b"1", Path("mine/small.onnx"): b"2"}
    made = make_card(training, files, proof, data="mnist", method="post-training", command="python -m convert")
    assert made["metrics"]["command"] == "python -m train evaluate mine/small.tflite --split test"
    assert made["training"]["sha256"] == "0f"
    assert list(made["files"]) == ["small.tflite", "small.onnx"]


@pytest.mark.parametrize(
    ("task", "classes", "meaning", "pixels"),
    [
        ("handwritten", 10, "digits", "28×28 as published"),
        ("segments", 11, "digits, and what is none", "edge.vision.handwritten: 20×20 by the longer side"),
        ("counter", 100, "tenths of a digit", "edge.vision.cells: grey"),
    ],
)
def test_a_card_says_what_each_class_is_and_how_cells_are_made(
    tmp_path: Path, task: str, classes: Literal[10, 11, 100], meaning: str, pixels: str
) -> None:
    training = json.loads(trained(tmp_path, classes, task=task).with_suffix(".training.json").read_text(encoding="utf-8"))
    proof: dict[str, Any] = {"float32": {}, "int8": {}, "parity": {}}
    made = make_card(training, {Path("small.tflite"): b"1"}, proof, data=RENDERED, method="post-training", command="python -m convert")
    assert made["classes"] == classes
    assert made["output"] == f"uint8 [N, {classes}], scale 1/256, zero point 0: softmax over {meaning}"
    assert made["preprocessing"].startswith(pixels)


def test_a_judge_of_segments_is_converted_as_the_others_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pictures and faces, to be quick."""
    monkeypatch.setattr(representative, "COUNT", 60)
    monkeypatch.setattr(verify, "SYNTHETIC_COUNT", 60)
    monkeypatch.setattr(synthetic, "STROKE_FACES", 20)
    convert(trained(tmp_path, 11, task="segments", recipe={"task": "segments"}), tmp_path / "models", quick=True)
    card = read_card(tmp_path / "models" / "small.json")
    assert (card["classes"], card["metrics"]["data"], card["metrics"]["int8"]["n"]) == (11, "synthetic digits", 60)
    for path in (tmp_path / "models" / "small.tflite", tmp_path / "models" / "small.onnx"):
        recognizer = load(path)
        assert fitting(recognizer, path, "segments").read(pictures(3)).shape == (3, 11)
        with pytest.raises(ModelError, match="small reads what a page may be cut into; expected a model of handwriting"):
            fitting(recognizer, path, "handwritten")


def test_a_card_says_against_what_the_runtimes_were_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", str(SHIPPED_CARD)]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("  parity     against LiteRT 2.3.0, on 1,604 pictures")
    gap = json.loads(SHIPPED_CARD.read_text(encoding="utf-8"))["parity"]["ONNX Runtime 1.32.0"]["largest_gap_quanta"]
    assert lines[at + 1] == f"             ONNX Runtime 1.32.0: largest gap {gap} quanta, 0 decided otherwise"


def test_debug_may_stand_before_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--debug", "card", str(tmp_path / "x.json")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert f"{tmp_path}/x.json: no such file; a model comes with its card" in said.splitlines()[-1]


@pytest.mark.parametrize("changed", [{"metrics": None}, {"parity": []}, {"parameters": "many"}, {"data": "mnist"}], ids=str)
def test_a_card_that_is_not_whole_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, Any]
) -> None:
    card = {**json.loads(SHIPPED_CARD.read_text(encoding="utf-8")), **changed}
    (tmp_path / "a.json").write_text(json.dumps(card), encoding="utf-8")
    assert main(["card", str(tmp_path / "a.json")]) == 1
    told = capsys.readouterr().err
    assert f"{tmp_path}/a.json: not a whole model card" in told
    assert len(told.splitlines()) == 1


def test_what_was_trained_is_converted_and_what_was_not_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([]) == 1
    said = capsys.readouterr().err
    assert said.startswith("python -m convert: runs: found neither lenet5-handwritten.keras nor lenet5-counter.keras nor ")
    assert "lenet5-segments.keras; train them first" in said
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "lenet5-counter.keras").write_bytes(b"damaged")
    assert main([]) == 1
    *absent, damaged = capsys.readouterr().err.splitlines()
    assert absent == [f"python -m convert: runs/lenet5-{task}.keras: not there, not converted" for task in ("handwritten", "segments")]
    assert damaged.startswith("python -m convert: runs/lenet5-counter.keras: Keras cannot read it")


@pytest.mark.parametrize("key", ["name", "task", "recipe"])
def test_a_summary_that_lacks_something_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str) -> None:
    path = trained(tmp_path)
    summary = path.with_suffix(".training.json")
    training = json.loads(summary.read_text(encoding="utf-8"))
    del training[key]
    summary.write_text(json.dumps(training), encoding="utf-8")
    assert main([str(path), "--output", str(tmp_path / "models")]) == 1
    assert capsys.readouterr().err == (
        f"python -m convert: {summary}: no {key}; expected the summary that `make train` writes. Train it anew\n"
    )


def test_a_task_that_is_none_is_told_with_those_that_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(trained(tmp_path, task="faces")), "--output", str(tmp_path / "models")]) == 1
    assert "small.training.json: task 'faces'; expected one of counter, handwritten, segments. Train it anew" in capsys.readouterr().err


def test_an_output_that_is_no_folder_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main([str(trained(tmp_path)), "--output", str(tmp_path / "file")]) == 2
    assert f"--output {tmp_path}/file: File exists; expected a folder that can be written to" in capsys.readouterr().err


def test_a_conversion_that_is_ended_leaves_nothing(tmp_path: Path) -> None:
    path = trained(tmp_path)
    command = [sys.executable, "-m", "convert", "--quick", str(path), "--output", str(tmp_path / "models")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as started:
        while not list(tmp_path.glob("models/.small-*")):
            assert started.poll() is None
            time.sleep(0.02)
        started.terminate()
    assert started.returncode == 143
    assert list((tmp_path / "models").iterdir()) == []


def test_a_file_that_cannot_be_written_is_named_by_where_it_was_to_go(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(OSError, match=r"File too large: 'models/small\.onnx'"):
            write_aside(tmp_path, Path("models/small.onnx"), bytes(2_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_make_hands_more_options_on() -> None:
    words = ["make", "--no-print-directory", "-n", "convert", "ARGS=--output mine"]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1].split()[-4:] == ["-m", "convert", "--output", "mine"]


def test_options_of_one_command_are_not_given_to_two() -> None:
    words = ["make", "--no-print-directory", "-n", "train", "convert", "ARGS=--epochs 3"]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "ARGS are options of one command, and train convert are several" in result.stderr


def test_a_disk_without_room_for_what_runtimes_hand_on_is_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    assert main([str(trained(tmp_path)), "--output", str(tmp_path / "models")]) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1
    assert told[0].startswith("python -m convert: ")
    assert "less than 64 MB are free; make room, or name another folder by TMPDIR" in told[0]
    assert not (tmp_path / "models").exists()
