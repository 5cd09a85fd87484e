"""`digitd read` as its user meets it."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.pages import pages
from edge.cli import main
from tests.edge.frames import frames
from tests.edge.shot import SHOT, WINDOW, counter
from tests.test_arrows import ROOT


def test_one_picture_is_one_object(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(picture), *counter("--decimals", "1", "--json")]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert (reading["raw"], reading["value"], reading["status"]) == ("01189", 118.9, "ok")
    assert reading["confidence"] > 0.9
    assert [wheel["digit"] for wheel in reading["wheels"]] == list("01189")
    assert set(reading) == {"picture", "value", "raw", "confidence", "status", "wheels", "window", "alignment", "timings_ms"}
    assert len(reading["window"]) == 4


def test_people_get_a_line(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(picture), *counter()]) == 0
    line = capsys.readouterr().out
    assert line.startswith(f"{picture}: 01189 = 1189  9")
    assert line.endswith("%  ok\n")


def test_a_terminal_gets_colours_unless_it_wants_none(
    picture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["read", str(picture), *counter()]) == 0
    assert capsys.readouterr().out.startswith("\033[32m")
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["read", str(picture), *counter()]) == 0
    assert "\033" not in capsys.readouterr().out


def test_a_reading_that_is_not_taken_does_not_look_like_one(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(picture), *counter("--previous", "1500")]) == 0
    line = capsys.readouterr().out
    assert line.startswith(f"{picture}: 01189, last valid 1500  0.0%  decreased")


def test_a_value_that_only_the_one_before_explains_is_told_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = next(frame for frame in frames() if frame.name.endswith("530.95675.jpg"))
    cv2.imwrite(str(tmp_path / "a.png"), frame.picture)
    window = " ".join(f"{x},{y}" for x, y in frame.corners.tolist())
    words = ["read", str(tmp_path / "a.png"), "--window", window, "--digits", "5"]
    assert main([*words, "--previous", "531"]) == 0
    line = capsys.readouterr().out.partition(": ")[2]
    assert line == "00530 = 531  0.0%  ok  (the digits alone show 530, which after --previous 531 is taken as 531)\n"
    assert main([*words, "--previous", "530"]) == 0
    assert capsys.readouterr().out.endswith("  ok\n")
    assert main([*words, "--previous", "60000"]) == 0
    assert capsys.readouterr().out.endswith("  ok  (it went past 99999 since --previous 60000)\n")


def test_a_last_wheel_on_the_brink_is_told_where_one_picture_cannot_decide(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = next(frame for frame in frames() if frame.name.endswith("531.10877.jpg"))
    cv2.imwrite(str(tmp_path / "a.png"), frame.picture)
    window = " ".join(f"{x},{y}" for x, y in frame.corners.tolist())
    assert main(["read", str(tmp_path / "a.png"), "--window", window, "--digits", "5"]) == 0
    line = capsys.readouterr().out
    assert ": 00531 = 531  " in line
    assert line.endswith("  ok  (the last wheel is about to reach its digit, or just has: it may be one more or one less)\n")


def test_several_pictures_are_objects_line_by_line_and_what_is_bad_does_not_stop_the_rest(
    picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = picture.with_name("a.jpg")
    bad.write_text("no picture")
    assert main(["read", str(bad), str(picture), str(picture.with_name("none.png")), *counter("--json")]) == 1
    said = capsys.readouterr()
    assert [json.loads(line)["raw"] for line in said.out.splitlines()] == ["01189"]
    assert [line.partition(": ")[0] for line in said.err.splitlines() if line.startswith("digitd")] == ["digitd", "digitd"]
    assert "a.jpg: text that begins" in said.err
    assert "none.png: no such file" in said.err


def test_a_video_is_read_frame_by_frame(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    height, width = SHOT.picture.shape[:2]
    film = picture.with_name("film.avi")
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 5, (width, height))
    for _ in range(2):
        writer.write(SHOT.picture)
    writer.release()
    assert main(["read", str(film), *counter("--json")]) == 0
    readings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(reading["picture"], reading["raw"]) for reading in readings] == [(f"{film}#1", "01189"), (f"{film}#2", "01189")]


def test_handwriting_is_read_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = next(pages("test", 1, 2026))
    cv2.imwrite(str(tmp_path / "a.png"), page.picture)
    assert main(["read", str(tmp_path / "a.png"), "--layout", "free", "--json"]) == 0
    readings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(reading["line"], reading["raw"]) for reading in readings] == list(enumerate(page.lines, 1))
    assert set(readings[0]["timings_ms"]) == {"segment", "inference"}


def test_a_page_with_nothing_on_it_is_a_line_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((300, 200), 230, np.uint8))
    assert main(["read", str(tmp_path / "a.png"), "--layout", "free"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a.png'}: nothing  0.0%  no_window\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "no window: name it by --window"),
        (["--window", WINDOW], "without --digits"),
        (["--window", WINDOW, "--digits", "0"], "expected 1 to 12"),
        (["--window", WINDOW, "--digits", "5", "--find"], "take one of them"),
        (["--window", WINDOW, "--digits", "5", "--previous", "much"], "--previous much: not a number"),
        (["--window", WINDOW, "--digits", "5", "--previous", "123456"], "--previous 123456: a counter of 5 digits"),
        (["--find", "--previous", "1234567"], "--previous 1234567: a counter of 6 digits"),
        (["--window", WINDOW, "--digits", "5", "--decimals", "6"], "--decimals 6: expected 0 to the number of digits, 5"),
        (["--window", "a,b c,d e,f g,h", "--digits", "5"], "a coordinate that is no number"),
        (["--window", "1,1 900,1 900,50 1,50", "--digits", "5"], "reaches beyond"),
        (["--window", WINDOW, "--digits", "5", "--annotate", "no/such/folder.png"], "make it first"),
        (["--layout", "free", "--find"], "leave out"),
        (["--layout", "free", "--decimals", "0"], "leave out --decimals"),
        (["-", "--find"], "stdin is not read"),
    ],
)
def test_wrong_use_says_what_would_be_right(picture: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(picture), *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len([line for line in error.splitlines() if line.startswith("digitd: ")]) == 1


@pytest.mark.parametrize("window", [WINDOW, "[[314, 33], [554, 194], [522, 240], [282, 79]]", "[[314,33], [554,194], [522,240], [282,79]]"])
@pytest.mark.parametrize("first", [True, False])
def test_a_window_without_quotes_is_answered_with_them(picture: Path, window: str, first: bool, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(picture), "--window", *window.split()] if first else ["--window", *window.split(), str(picture)]
    with pytest.raises(SystemExit) as ended:
        main(["read", *words, "--digits", "5"])
    assert ended.value.code == 2
    assert 'put all four corners into one pair of quotes: --window "x,y x,y x,y x,y"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["read", "", "--find"], "PICTURE"),
        (["read", "a.png", "--find", "--annotate", ""], "--annotate"),
        (["read", "a.png", "--find", "--model", ""], "--model"),
        (["read", "a.png", "--find", "--config", ""], "--config"),
        (["doctor", "--config", ""], "--config"),
        (["check-config", ""], "FILE"),
        (["eval", ""], "FRAMES.json"),
    ],
)
def test_an_empty_name_is_not_the_folder_here(words: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert f"argument {named}: an empty name; expected that of a file or folder" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "said"), [("much", "not a number"), ("-3", "--previous -3: "), ("0.5", "0 decimals")])
def test_a_previous_value_that_no_counter_shows_is_told_once_and_before_any_search(
    picture: Path, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", str(picture), str(picture), "--find", "--previous", value]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert said in told.err


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("lenet5-counter.tflite", ["--layout", "free"], "lenet5-counter reads counters; expected a model of handwriting"),
        ("lenet5-handwritten.tflite", counter(), "lenet5-handwritten reads handwriting; expected a model of counters"),
        ("lenet5-handwritten.tflite", ["--find"], "such as lenet5-counter"),
    ],
)
def test_a_model_of_something_else_is_refused_and_one_that_fits_is_named(
    picture: Path, name: str, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", str(picture), "--model", str(ROOT / "models" / name), *options]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--debug", "read"], ["read", "--debug"]])
def test_debug_shows_where_an_error_comes_from(picture: Path, words: list[str]) -> None:
    command = [sys.executable, "-m", "edge", *words, str(picture)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" in result.stderr
    assert result.returncode != 0
