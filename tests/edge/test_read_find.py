"""`digitd read --find`: the window is looked for, and what is certain of it is told."""

import json
import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cli import main
from tests.edge.displays import Display, rendered
from tests.edge.frames import frames


def test_the_window_is_found_where_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), frames()[4].picture)
    assert main(["read", str(tmp_path / "a.png"), "--find", "--json"]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert reading["raw"] == "00530"
    best = reading["proposals"][0]
    assert (set(best), best["digits"], len(best["window"])) == ({"window", "digits", "score", "certainty"}, 5, 4)
    assert list(reading["timings_ms"]) == ["find", "window", "inference", "decode"]
    assert main(["read", str(tmp_path / "a.png"), "--find"]) == 0
    assert f"  ok  (window found, score {best['score']:.2f})\n" in capsys.readouterr().out


def test_the_window_that_is_found_is_told_as_options_that_read_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), frames()[4].picture)
    assert main(["read", str(tmp_path / "a.png"), "--find"]) == 0
    reading, options = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r'  --window "\d+\.\d,\d+\.\d( \d+\.\d,\d+\.\d){3}" --digits 5', options), options
    assert main(["read", str(tmp_path / "a.png"), *shlex.split(options)]) == 0
    assert capsys.readouterr().out.partition("  ")[0] == reading.partition("  ")[0]


def test_the_window_that_json_tells_can_be_given_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), frames()[4].picture)
    assert main(["read", str(tmp_path / "a.png"), "--find", "--json"]) == 0
    best = json.loads(capsys.readouterr().out)["proposals"][0]
    assert main(["read", str(tmp_path / "a.png"), "--window", json.dumps(best["window"]), "--digits", "5"]) == 0
    assert ": 00530 = 530  " in capsys.readouterr().out


DOUBTS = {
    "the m of m3 behind it looks like a sixth wheel": ("round-01189/7.jpg", False, "say how many digits it has by --digits"),
    "upside down, it reads 61800": ("00819/demo.jpg", True, "may be read the other way round; name it by --window"),
}


@pytest.mark.parametrize(("name", "turned", "said"), DOUBTS.values(), ids=DOUBTS)
def test_a_reading_is_not_taken_where_its_window_may_be_another(
    name: str, turned: bool, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = next(frame for frame in frames() if frame.name.endswith(name)).picture
    cv2.imwrite(str(tmp_path / "a.png"), picture[::-1, ::-1] if turned else picture)
    assert main(["read", str(tmp_path / "a.png"), "--find"]) == 0
    line = capsys.readouterr().out
    assert " = " not in line
    assert "  low_confidence  (window found, score " in line
    assert f"{said})\n" in line


def test_the_number_of_digits_makes_a_window_sure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = next(frame for frame in frames() if frame.name.endswith("round-01189/7.jpg"))
    cv2.imwrite(str(tmp_path / "a.png"), frame.picture)
    assert main(["read", str(tmp_path / "a.png"), "--find", "--digits", "5", "--json"]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert (reading["raw"], reading["status"]) == ("01189", "ok")


def test_a_reading_is_no_surer_than_its_window(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), frames()[4].picture)
    assert main(["read", str(tmp_path / "a.png"), "--find", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    window = " ".join(f"{x},{y}" for x, y in found["window"])
    assert main(["read", str(tmp_path / "a.png"), "--window", window, "--digits", "5", "--json"]) == 0
    named = json.loads(capsys.readouterr().out)
    assert found["confidence"] == pytest.approx(named["confidence"] * found["proposals"][0]["certainty"], abs=0.01)
    assert found["confidence"] < named["confidence"]


def test_every_second_digit_of_a_row_is_no_counter_of_half_as_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wall = np.full((480, 640), 100, np.uint8)
    panel, _ = rendered(Display(text="12345678", slope=0.2))
    wall[150 : 150 + panel.shape[0], 100 : 100 + panel.shape[1]] = panel
    cv2.imwrite(str(tmp_path / "a.png"), wall)
    assert main(["read", str(tmp_path / "a.png"), "--find", "--digits", "4"]) == 0
    line = capsys.readouterr().out
    assert "  low_confidence  (" in line
    assert "the row may have 8 digits; name the window by --window" in line


def test_rows_of_other_lengths_than_asked_for_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), frames()[4].picture)
    assert main(["read", str(tmp_path / "a.png"), "--find", "--digits", "10"]) == 0
    line = capsys.readouterr().out
    said = line.partition(": ")[2]
    assert re.fullmatch(r"nothing  0\.0%  no_window  \(found rows of (\d and )*5 digits, none of 10\)\n", said), said


def test_a_row_that_may_be_no_counter_is_shown_and_its_reading_not_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = next(frame for frame in frames() if frame.name.endswith("round-01189/3.jpg"))
    cv2.imwrite(str(tmp_path / "a.png"), frame.picture)
    assert main(["read", str(tmp_path / "a.png"), "--find"]) == 0
    line = capsys.readouterr().out
    assert "low_confidence" in line
    assert "may be no counter; name it by --window" in line


def test_no_counter_in_the_picture_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((200, 300), 128, np.uint8))
    assert main(["read", str(tmp_path / "a.png"), "--find", "--json"]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert (reading["status"], reading["value"], reading["window"], reading["proposals"]) == ("no_window", None, [], [])
    assert list(reading["timings_ms"]) == ["find"]
    assert main(["read", str(tmp_path / "a.png"), "--find"]) == 0
    assert capsys.readouterr().out.endswith("no_window  (no counter found; name it by --window)\n")
    assert main(["read", str(tmp_path / "a.png"), "--find", "--previous", "12", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == 12
