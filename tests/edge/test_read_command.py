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


def test_the_window_is_found_where_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), frames()[4].picture)
    assert main(["read", str(tmp_path / "a.png"), "--find", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["raw"] == "00530"


def test_no_counter_in_the_picture_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((200, 300), 128, np.uint8))
    assert main(["read", str(tmp_path / "a.png"), "--find", "--json"]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert (reading["status"], reading["value"], reading["window"]) == ("no_window", None, [])


def test_handwriting_is_read_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = next(pages("test", 1, 2026))
    cv2.imwrite(str(tmp_path / "a.png"), page.picture)
    assert main(["read", str(tmp_path / "a.png"), "--layout", "free", "--json"]) == 0
    assert [json.loads(line)["raw"] for line in capsys.readouterr().out.splitlines()] == list(page.lines)


def test_the_annotated_picture_is_written(picture: Path) -> None:
    out = picture.with_name("seen.png")
    assert main(["read", str(picture), *counter("--annotate", str(out))]) == 0
    seen = cv2.imread(str(out))
    assert seen is not None
    assert seen.shape == SHOT.picture.shape
    assert (seen != SHOT.picture).any()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "no window: name it by --window"),
        (["--window", WINDOW], "without --digits"),
        (["--window", WINDOW, "--digits", "0"], "expected 1 to 12"),
        (["--window", WINDOW, "--digits", "5", "--find"], "take one of them"),
        (["--window", WINDOW, "--digits", "5", "--previous", "much"], "not a number"),
        (["--window", WINDOW, "--digits", "5", "--decimals", "6"], "--decimals 6"),
        (["--window", "1,1 900,1 900,50 1,50", "--digits", "5"], "reaches beyond"),
        (["--window", WINDOW, "--digits", "5", "--annotate", "no/such/folder.png"], "make it first"),
        (["--layout", "free", "--find"], "leave out"),
    ],
)
def test_wrong_use_says_what_would_be_right(picture: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(picture), *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len([line for line in error.splitlines() if line.startswith("digitd: ")]) == 1


def test_debug_shows_where_an_error_comes_from(picture: Path) -> None:
    command = [sys.executable, "-m", "edge", "--debug", "read", str(picture)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" in result.stderr
    assert result.returncode != 0
