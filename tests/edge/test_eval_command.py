"""`digitd eval` as its user meets it."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from edge.cli import main
from edge.commands.eval import Result, figures
from tests.edge.frames import frames
from tests.test_arrows import ROOT

SHOTS = [frames()[4], frames()[14]]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    entries = []
    for number, (shot, digits) in enumerate(zip(SHOTS, ["0053N", "01180"], strict=True)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), shot.picture)
        entries.append({"path": f"{number}.png", "meter": f"m{number}", "digits": digits, "polygon": shot.corners.tolist()})
    (tmp_path / "frames.json").write_text(json.dumps(entries))
    return tmp_path / "frames.json"


def test_each_meter_and_all_of_them_are_measured(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(table), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n"], told["readings_right"], told["digits_right"], told["readings_right_meter_mean"]) == (2, 0.5, 0.9, 0.5)
    assert (told["meters"]["m0"]["readings_right"], told["meters"]["m1"]["readings_right"]) == (1.0, 0.0)
    assert [(each["path"], each["digits"], each["raw"]) for each in told["misreads"]] == [("1.png", "01180", "01189")]


def test_people_get_a_table_and_a_sheet_of_the_misreads(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = table.with_name("sheet.png")
    assert main(["eval", str(table), "--sheet", str(sheet)]) == 0
    assert "1.png: 01189, true 01180" in capsys.readouterr().out
    picture = cv2.imread(str(sheet))
    assert picture is not None
    assert picture.shape == (100, 560, 3)


def test_a_sheet_without_misreads_says_so(table: Path) -> None:
    entries = json.loads(table.read_text())
    table.write_text(json.dumps(entries[:1]))
    sheet = table.with_name("sheet.png")
    assert main(["eval", str(table), "--sheet", str(sheet)]) == 0
    picture = cv2.imread(str(sheet))
    assert picture is not None
    assert (picture < 128).any()


def test_calibration_error_is_the_gap_between_certainty_and_truth() -> None:
    results = [Result("m", "p", "11", raw, 0.95, (0.95, 0.85), None) for raw in ("11", "11", "11", "21")]
    told = figures(results)
    assert told["ece"] == pytest.approx(0.2)
    assert told["digits_ece"] == pytest.approx((0.2 + 0.15) / 2)
    assert (told["coverage_at_0_9"], told["wrong_at_0_9"]) == (1.0, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json", "not JSON"),
        ("[]", "no list of photos"),
        ('[{"path": "a"}]', "entry 1: no meter, digits, polygon"),
        ('[{"path": "a", "meter": "m", "digits": "12x", "polygon": []}]', "digits '12x'"),
        ("[" * 100_000, "not JSON"),
        ("[5]", "entry 1: 5; expected an object"),
    ],
)
def test_a_table_that_is_none_is_named(tmp_path: Path, content: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "frames.json").write_text(content)
    assert main(["eval", str(tmp_path / "frames.json")]) == 1
    assert said in capsys.readouterr().err


def test_a_photo_that_is_missing_does_not_stop_the_others(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table.with_name("1.png").unlink()
    assert main(["eval", str(table), "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["n"] == 1
    assert "1.png: no such file" in said.err


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("path", 5, "entry 1: path 5; expected the name of a picture"),
        ("path", "\0", "expected the name of a picture"),
        ("meter", None, "entry 1: meter None; expected its name"),
        ("meter", ["m"], "entry 1: meter ['m']; expected its name"),
        ("digits", "1" * 40, "expected 1 to 12 digits"),
        ("digits", 530, 'entry 1: digits 530; expected them in quotes, with the zeros that lead, such as "00530"'),
        ("display", "lcd9", "entry 1: display 'lcd9'; expected one of wheels, roller, lcd, lcd7, or none at all for wheels"),
        ("display", 7, "entry 1: display 7; expected one of wheels, roller, lcd, lcd7"),
        ("polygon", None, "entry 1: polygon None; expected four corners"),
        ("polygon", [["a", "b"]] * 4, "expected four corners"),
        ("polygon", [[1, 2], [3, 4], [5, 6], [7]], "expected four corners"),
        ("polygon", [[1, 2], [3, 4], [5, 6], [7, float("nan")]], "expected four corners"),
        ("polygon", [[10, 10], [9000, 10], [9000, 90], [10, 90]], "0.png: its polygon reaches beyond the"),
    ],
)
def test_an_entry_that_is_none_is_named_and_does_not_stop_the_others(
    table: Path, key: str, value: object, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = json.loads(table.read_text())
    entries[0][key] = value
    table.write_text(json.dumps(entries))
    assert main(["eval", str(table), "--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["n"] == 1
    assert said in told.err
    assert len(told.err.splitlines()) == 1


def test_a_table_that_begins_with_a_mark_is_read_and_a_folder_is_none(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table.write_text(table.read_text(), encoding="utf-8-sig")
    assert main(["eval", str(table)]) == 0
    assert main(["eval", str(table.parent)]) == 1
    assert "cannot be read (Is a directory)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sheet", "said"), [("sheet.txt", "ends in .txt"), ("none/sheet.png", "no folder"), ("full.png", "cannot be written")]
)
def test_a_sheet_that_cannot_be_written_is_told_before_anything_is_read(
    table: Path, sheet: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table.with_name("full.png").mkdir()
    assert main(["eval", str(table), "--sheet", str(table.parent / sheet)]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""


@pytest.mark.parametrize("sheet", ["0.png", "./1.png"])
def test_a_sheet_is_not_written_over_a_photo(table: Path, sheet: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = (table.parent / sheet).read_bytes()
    assert main(["eval", str(table), "--sheet", f"{table.parent}/{sheet}"]) == 2
    assert "would overwrite what is read" in capsys.readouterr().err
    assert (table.parent / sheet).read_bytes() == before


def test_nothing_but_what_was_asked_for_is_printed(table: Path) -> None:
    ran = subprocess.run([sys.executable, "-m", "edge", "eval", str(table)], capture_output=True, text=True, check=True)
    assert ran.stderr == ""


def test_a_model_of_handwriting_is_refused(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(table), "--model", str(ROOT / "models" / "lenet5-handwritten.tflite")]) == 1
    assert "expected a model of counters" in capsys.readouterr().err
