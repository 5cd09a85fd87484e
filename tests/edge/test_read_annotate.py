"""`digitd read --annotate`: each reading is drawn into a picture of its own, and none is drawn over what is read."""

import dataclasses
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cli import main
from edge.commands.drawing import Drawings
from edge.commands.frames import Shot
from edge.commands.picture_file import write
from edge.errors import PictureError
from edge.reading import Reading, Status
from edge.vision.annotate import annotate
from tests.edge.shot import SHOT, counter

GIVEN: dict[str, Any] = {
    "confidence": 0.9, "wheels": (), "window": np.empty((0, 2)), "alignment": None, "timings_ms": {},
}  # fmt: skip


@pytest.fixture
def out(picture: Path) -> Path:
    """A folder to draw into."""
    folder = picture.parent / "out"
    folder.mkdir()
    return folder


def read(*words: object) -> int:
    return main(["read", *map(str, words), *counter()])


def drawn(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def film(path: Path, frames: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5, SHOT.picture.shape[1::-1])
    for _ in range(frames):
        writer.write(SHOT.picture)
    writer.release()
    return path


def test_the_annotated_picture_is_written(picture: Path) -> None:
    out = picture.with_name("seen.png")
    assert read(picture, "--annotate", out) == 0
    seen = cv2.imread(str(out))
    assert seen is not None
    assert seen.shape == SHOT.picture.shape
    assert (seen != SHOT.picture).any()


@pytest.mark.parametrize(
    ("reading", "shown"),
    [
        (Reading(**GIVEN, value=Decimal("5.30"), raw="00530", status=Status.OK), "5.30  90%  ok"),
        (Reading(**GIVEN, value=Decimal("5.30"), raw="00420", status=Status.DECREASED), "00420  90%  decreased"),
        (Reading(**GIVEN, value=None, raw="0?530", status=Status.LOW_CONFIDENCE), "0?530  90%  low_confidence"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_value_stands_on_top_and_where_there_is_none_what_is_seen(out: Path, reading: Reading, shown: str) -> None:
    shot = Shot(SHOT.picture, Path("meter.png"))
    Drawings(out, [shot.path]).draw(shot, [reading])
    value, confidence, status = shown.split("  ")
    expected = annotate(SHOT.picture, [], value, float(confidence.rstrip("%")) / 100, status)
    seen = cv2.imread(str(out / "meter.png.png"))
    assert seen is not None
    np.testing.assert_array_equal(seen, expected)


def test_a_picture_is_never_drawn_over_itself_under_whatever_name(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = picture.read_bytes()
    picture.with_name("link.png").symlink_to(picture)
    picture.with_name("hard.png").hardlink_to(picture)
    for name in ("meter.png", "link.png", "hard.png"):
        assert read(picture, "--annotate", picture.with_name(name)) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert f"would overwrite {picture.with_name(name)}, which is read" in said.err
    assert picture.read_bytes() == before


def test_a_folder_is_drawn_into_itself_as_long_as_nothing_that_is_read_goes(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read(picture.parent, "--annotate", picture.parent) == 0
    assert drawn(picture.parent) == ["meter.png", "meter.png.png"]
    capsys.readouterr()
    assert read(picture.parent, "--annotate", picture.parent) == 2
    assert f"would overwrite {picture}.png, which is read" in capsys.readouterr().err


def test_the_reference_is_not_drawn_over(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = picture.with_name("reference.png")
    reference.write_bytes(picture.read_bytes())
    assert read(picture, "--reference", reference, "--annotate", reference) == 2
    assert reference.read_bytes() == picture.read_bytes()
    assert "which is read" in capsys.readouterr().err


def test_pictures_of_one_name_are_drawn_apart(picture: Path, out: Path) -> None:
    names = ["a.png", "a.bmp", "d1/1.png", "d2/1.png"]
    for name in names:
        path = picture.with_name("in") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture.read_bytes())
    assert read(*(picture.with_name("in") / name for name in names), "--annotate", out) == 0
    assert drawn(out) == ["a.bmp.png", "a.png.png", "d1/1.png.png", "d2/1.png.png"]


def test_a_videos_frames_are_drawn_one_by_one_into_a_folder(picture: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = film(picture.with_name("clip.avi"), 2)
    assert read(clip, "--annotate", out) == 0
    assert drawn(out) == ["clip.avi/1.png", "clip.avi/2.png"]
    assert read(clip, "--annotate", picture.with_name("one.png")) == 2
    assert "a video or several pictures need a folder that exists" in capsys.readouterr().err


def test_a_frame_is_not_drawn_over_a_picture_that_is_read(picture: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = film(picture.with_name("clip.avi"), 1)
    (out / "clip.avi").mkdir()
    first = out / "clip.avi" / "1.png"
    first.write_bytes(picture.read_bytes())
    assert read(clip, first, "--annotate", out) == 1
    assert first.read_bytes() == picture.read_bytes()
    assert f"{clip}#1: would be drawn over {first}" in capsys.readouterr().err


def test_what_cannot_be_drawn_does_not_keep_the_others_from_being_read_and_drawn(
    picture: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "meter.png.png").mkdir()
    picture.with_name("other.png").write_bytes(picture.read_bytes())
    assert read(picture, picture.with_name("other.png"), "--annotate", out) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 2
    assert f"{out / 'meter.png.png'}: cannot be written (Is a directory)" in said.err
    assert drawn(out) == ["other.png.png"]


@pytest.mark.parametrize("name", ["seen.txt", "seen", "seen.gif"])
def test_a_name_that_no_picture_has_is_told_before_anything_is_read(picture: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert read(picture, "--annotate", picture.with_name(name)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "expected a name that ends in .png or .jpg" in said.err


def test_names_that_are_not_utf_8_are_written_too(picture: Path) -> None:
    """As a process of its own: OpenCV's own way of writing ends it."""
    out = picture.with_name("\udcff.png")
    command = [sys.executable, "-m", "edge", "read", str(picture), *counter("--annotate", str(out))]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert out.stat().st_size > 0


def test_a_picture_too_large_for_a_form_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"wide\.webp: 20000 × 2 pixels"):
        write(tmp_path / "wide.webp", np.zeros((2, 20_000, 3), np.uint8))


def test_the_least_certain_of_several_readings_tells_how_well_they_were_read(tmp_path: Path) -> None:
    sure = dataclasses.replace(Reading.of_nothing(Status.OK), raw="1", confidence=0.7)
    lost = dataclasses.replace(sure, raw="2", confidence=0.9, status=Status.LOW_CONFIDENCE)
    Drawings(tmp_path / "out.png", []).draw(Shot(SHOT.picture, Path("in.png")), [sure, lost])
    expected = annotate(SHOT.picture, [], "1 / 2", 0.9, Status.LOW_CONFIDENCE)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out.png")), expected)
