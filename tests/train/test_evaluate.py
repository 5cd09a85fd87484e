"""`python -m train evaluate` on the published sets, on folders of one's own, and on what is no model."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import DataError, ModelError
from edge.vision.handwritten import NO_DIGIT
from tests.test_arrows import ROOT
from train import datasets, segmented
from train import evaluate as module
from train.__main__ import main
from train.backend import keras
from train.evaluate import confusion, evaluate, reader, task_of
from train.lenet5 import Architecture, build
from train.report import misreads

COUNTER = ROOT / "models" / "lenet5-counter.tflite"
HANDWRITTEN = ROOT / "models" / "lenet5-handwritten.onnx"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Ten pictures of the val set as somebody's own folder, two of them with the digit only, one unreadable."""
    digits = datasets.meter_digits("val")
    lines = ["split,path,label,kind,meter,display"]
    chosen = [i for i, kind in enumerate(digits.kinds) if kind == "tenths"][40:50]
    for number, i in enumerate(chosen):
        cv2.imwrite(str(tmp_path / f"{number}.png"), digits.crops[i])
        kind = {8: "integer", 9: "nan"}.get(number, "tenths")
        label = f"{round(digits.positions[i]) % 10}.0" if kind == "integer" else f"{digits.positions[i]}"
        lines.append(f"test,{number}.png,{label},{kind},meter-{number % 2},roller")
    (tmp_path / "index.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_folder_of_ones_own_is_measured_per_meter(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(COUNTER), "--data", str(own), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["n"] == 9
    assert set(result["meters"]) == {"meter-0", "meter-1"}
    assert {"error", "right_digit", "right_digit_meter_mean", "within_0_1", "within_0_2"} <= set(result)
    assert result["error"] == pytest.approx(1 - result["right_digit"])
    assert sum(map(sum, result["confusion"])) == 9


def test_what_the_runtime_says_of_itself_is_not_told(own: Path) -> None:
    words = [sys.executable, "-m", "train", "evaluate", str(COUNTER), "--data", str(own), "--json"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr, len(ended.stdout.splitlines())) == (0, "", 1)


def test_the_table_names_meters_shares_and_confusion(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(COUNTER), "--data", str(own)]) == 0
    out = capsys.readouterr().out
    for words in ("meter-0", "mean over meters", "right digit", "within ±0.1", "true digit → read as"):
        assert words in out
    assert "none" not in out


@pytest.fixture
def handwriting(tmp_path: Path) -> Path:
    """Fifty digits of MNIST's test set as somebody's own idx files."""
    images, labels = datasets.mnist("test")
    for name, magic, array in (("images-idx3", 2051, images[:50]), ("labels-idx1", 2049, labels[:50])):
        head = b"".join(int(number).to_bytes(4, "big") for number in (magic, *array.shape))
        (tmp_path / f"t10k-{name}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes()))
    return tmp_path


def test_idx_files_of_ones_own_are_measured(handwriting: Path) -> None:
    result = evaluate(HANDWRITTEN, split="test", data=handwriting)
    assert result["n"] == 50
    assert result["right_digit"] > 0.95
    assert [result[key] for key in ("right_digit_meter_mean", "within_0_1", "within_0_2")] == [None, None, None]


def test_a_counters_model_reads_handwriting_by_the_nearest_digit(handwriting: Path) -> None:
    result = evaluate(COUNTER, split="test", data=handwriting)
    assert result["right_digit"] == pytest.approx(sum(result["confusion"][digit][digit] for digit in range(10)) / 50)
    assert result["right_digit"] > 0.2


@pytest.fixture
def segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An untrained judge of segments, to be measured on a few cells."""
    monkeypatch.setattr(module, "CUT_OUT", 40)
    build(Architecture(kernels=(2, 2), classes=11)).save(tmp_path / "segments.keras")
    return tmp_path / "segments.keras"


def test_a_judge_of_segments_is_measured_on_cells_cut_out_of_words(
    segments: Path, handwriting: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells, shown = segmented.bank(*datasets.mnist("test", folder=handwriting), 40, seed=module.CUT_OUT_SEED)
    found = module.cut_out("test", handwriting)
    np.testing.assert_array_equal(found[0], cells[..., None])
    np.testing.assert_array_equal(found[1], shown)
    assert main(["evaluate", str(segments), "--data", str(handwriting)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "(test, 40 pictures)" in told[0]
    assert told[2].split()[-11:] == [*map(str, range(10)), "none"]
    assert [line.split()[0] for line in told[3:]] == [*map(str, range(10)), "none"]


def test_what_is_none_has_a_row_and_a_column_of_its_own(segments: Path, handwriting: Path) -> None:
    result = evaluate(segments, split="test", data=handwriting)
    shown = module.cut_out("test", handwriting)[1]
    assert (result["data"], result["n"], len(result["confusion"])) == (str(handwriting), 40, 11)
    assert list(map(sum, result["confusion"])) == np.bincount(shown, minlength=11).tolist()
    assert result["right_digit"] == pytest.approx(np.trace(result["confusion"]) / 40)
    assert [result[key] for key in ("right_digit_meter_mean", "within_0_1", "within_0_2")] == [None, None, None]


def test_a_judge_of_segments_is_not_measured_on_counters(segments: Path, own: Path) -> None:
    with pytest.raises(DataError, match="judges segments of handwriting, and is measured on a folder laid out as mnist"):
        evaluate(segments, split="test", data=own)


def test_a_model_is_measured_on_what_it_was_trained_for(tmp_path: Path) -> None:
    path = tmp_path / "ten.keras"
    assert [task_of(path, classes) for classes in (10, 11, 100)] == ["handwritten", "segments", "counter"]
    path.with_suffix(".training.json").write_text(json.dumps({"recipe": {"task": "counter"}}))
    assert [task_of(path, classes) for classes in (10, 11)] == ["counter", "segments"]
    for shipped in (COUNTER, HANDWRITTEN):
        assert task_of(shipped, 10) == task_of(shipped, 100) == shipped.stem.removeprefix("lenet5-")


def test_a_set_with_nothing_to_read_is_refused(own: Path) -> None:
    index = (own / "index.csv").read_text()
    (own / "index.csv").write_text(index.replace("tenths", "nan").replace("integer", "nan"))
    with pytest.raises(DataError, match="nothing to measure: all pictures of split test are of kind nan"):
        evaluate(COUNTER, split="test", data=own)


@pytest.mark.parametrize(
    ("shape", "classes", "said"),
    [
        ((32, 32, 1), 7, r"7 classes; expected 10 \(digits\), 11 \(digits and none\) or 100"),
        ((32, 32, 1), 1024, "1024 classes; expected 10"),
        ((32, 32, 3), 10, "3 channels; expected"),
    ],
)
def test_a_network_of_another_kind_is_refused(tmp_path: Path, shape: tuple[int, ...], classes: int, said: str) -> None:
    cells = keras.Input(shape)
    keras.Model(cells, keras.layers.Dense(classes)(keras.layers.Flatten()(cells))).save(tmp_path / "other.keras")
    with pytest.raises(ModelError, match=said):
        reader(tmp_path / "other.keras")


def test_a_keras_file_is_measured_too(tmp_path: Path, own: Path) -> None:
    build(Architecture(kernels=(2, 2), classes=100)).save(tmp_path / "untrained.keras")
    assert evaluate(tmp_path / "untrained.keras", split="test", data=own)["n"] == 9


def test_a_model_whose_card_does_not_fit_is_refused(tmp_path: Path, own: Path) -> None:
    for suffix in (".tflite", ".json"):
        shutil.copy(COUNTER.with_suffix(suffix), tmp_path)
    (tmp_path / COUNTER.name).write_bytes(COUNTER.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="its card names"):
        evaluate(tmp_path / COUNTER.name, split="test", data=own)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gone.tflite"], "gone.tflite: no such file; expected a .keras, .tflite or .onnx model"),
        ([str(ROOT / "CONTRIBUTING.md")], "a .md file; expected .keras, .tflite or .onnx"),
        ([str(ROOT / "models")], "models: a folder; expected .keras, .tflite or .onnx"),
        ([str(ROOT / "Makefile")], "Makefile: a file whose name has no ending; expected .keras"),
        ([str(COUNTER), "--data", str(ROOT / "docs")], "neither index.csv"),
        ([str(COUNTER), "--data", "nowhere"], "--data nowhere: no such folder; expected a folder laid out as meter-digits or as mnist"),
        ([str(COUNTER), "--data", str(ROOT / "README.md")], f"a file; name its folder: --data {ROOT};"),
    ],
)
def test_what_cannot_be_measured_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", *words]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert len(told.splitlines()) == 1


def test_an_empty_folder_is_no_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither index\.csv"):
        evaluate(COUNTER, split="test", data=tmp_path)


def test_confusion_counts_rows_by_truth_and_columns_by_reading() -> None:
    probabilities = np.eye(100, dtype=np.float32)[[30, 34, 36]]
    counts = confusion(probabilities, np.array([3, 3, 3]))
    assert counts[3] == [0, 0, 0, 2, 1, 0, 0, 0, 0, 0]
    assert sum(map(sum, counts)) == 3


def test_confusion_of_eleven_tells_what_is_none_from_a_nought() -> None:
    counts = confusion(np.eye(11, dtype=np.float32)[[NO_DIGIT, 0, NO_DIGIT]], np.array([NO_DIGIT, NO_DIGIT, 3]))
    assert {(i, j): n for i, row in enumerate(counts) for j, n in enumerate(row) if n} == {(10, 10): 1, (10, 0): 1, (3, 10): 1}
    assert (len(counts), {len(row) for row in counts}) == (11, {11})


def test_a_wheel_that_is_nearly_past_nine_shows_a_nought() -> None:
    assert confusion(np.eye(100, dtype=np.float32)[[99]], np.array([10]))[0] == [1] + [0] * 9


def test_the_worst_misreads_stand_first() -> None:
    cells = np.stack([np.full((32, 32, 1), level, np.uint8) for level in (10, 200)])
    page = misreads(cells, np.array([1.0, 2.0]), np.array([0.1, 9.0]), np.eye(100, dtype=np.float32)[[10, 70]])
    assert page[30, 38] == 200
    assert page[30, 38 + 76] == 10
