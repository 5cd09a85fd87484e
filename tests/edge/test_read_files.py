"""`digitd read` on files of every form, good and bad, one and many, as a process of its own."""

import json
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cli import main
from tests.edge.shot import SHOT, counter


def test_a_window_that_reaches_beyond_one_picture_does_not_keep_the_others_from_being_read(
    picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = picture.with_name("small.png")
    cv2.imwrite(str(small), SHOT.picture[:40, :40])
    assert main(["read", str(small), str(picture), *counter()]) == 1
    said = capsys.readouterr()
    assert said.out.startswith(f"{picture}: 01189")
    assert f"reaches beyond {small}, which has 40 × 40 pixels" in said.err


def test_a_window_that_reaches_beyond_a_video_is_told_once(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = cv2.VideoWriter(str(picture.with_name("film.avi")), cv2.VideoWriter.fourcc(*"MJPG"), 5, (40, 40))
    for _ in range(5):
        film.write(SHOT.picture[:40, :40])
    film.release()
    assert main(["read", str(picture.with_name("film.avi")), str(picture), *counter()]) == 1
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    assert f"reaches beyond {picture.with_name('film.avi')}#1, which has" in said.err
    assert said.out.startswith(f"{picture}: 01189")


def test_a_path_that_cannot_be_looked_at_does_not_keep_the_others_from_being_read(
    picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endless = picture.parent / ("a" * 300)
    assert main(["read", str(endless), str(picture), *counter()]) == 1
    said = capsys.readouterr()
    assert "01189" in said.out
    assert said.err.startswith(f"digitd: {endless}: ")
    assert len(said.err.splitlines()) == 1


def test_an_empty_folder_does_not_keep_the_others_from_being_read(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (picture.parent / "empty").mkdir()
    assert main(["read", str(picture.parent / "empty"), str(picture), *counter()]) == 1
    said = capsys.readouterr()
    assert "01189" in said.out
    assert "a folder without a picture" in said.err


def test_all_that_shows_something_in_a_folder_is_read_or_told(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = cv2.VideoWriter(str(picture.with_name("film.avi")), cv2.VideoWriter.fourcc(*"MJPG"), 5, SHOT.picture.shape[1::-1])
    film.write(SHOT.picture)
    film.release()
    contents = {"a.gif": b"GIF89a\1\0\1\0", "b.heic": b"\0\0\0\x18ftypheic", "c.mp4": b"no video", "d.MOV": b"", "e.heic": b"no picture"}
    contents |= {"notes.txt": b"7", "card.json": b"{}", ".a.png": b"7", ".b.mp4": b"7"}
    for name, content in contents.items():
        picture.with_name(name).write_bytes(content)
    assert main(["read", str(picture.parent), *counter()]) == 1
    said = capsys.readouterr()
    assert [line.partition(": ")[0] for line in said.out.splitlines()] == [f"{picture.with_name('film.avi')}#1", str(picture)]
    assert [Path(line.split(": ")[1]).name for line in said.err.splitlines()] == ["a.gif", "b.heic", "c.mp4", "d.MOV", "e.heic"]
    assert 'c.mp4: text that begins "no video"; expected a video\n' in said.err


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"GIF89a\1\0\1\0", "a GIF file"),
        (b"\0\0\0\x18ftypheic", "a HEIC or AVIF file"),
        (b"P6\n1 1\n255\n\0\0\0", "a PPM, PGM or PBM file"),
    ],
)
def test_a_picture_of_a_form_that_is_not_read_is_to_be_converted(
    picture: Path, content: bytes, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    picture.write_bytes(content)
    assert main(["read", str(picture), *counter()]) == 1
    expected = "expected a JPEG, PNG, BMP, WebP or TIFF picture. Convert it to JPEG or PNG"
    assert capsys.readouterr().err == f"digitd: {picture}: {what}; {expected}\n"


def test_a_name_of_many_lines_or_with_codes_for_the_terminal_is_one_line_of_plain_text(
    picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = picture.rename(picture.with_name("a\n\x1b[31mb.png")), picture.with_name("c\nd.png")
    bad.write_text("no picture")
    assert main(["read", str(good), str(bad), *counter()]) == 1
    said = capsys.readouterr()
    assert said.out.startswith(f"{good.parent}/a\\n\\x1b[31mb.png: 01189")
    assert said.err.startswith(f"digitd: {good.parent}/c\\nd.png: text that begins")
    assert (len(said.out.splitlines()), len(said.err.splitlines())) == (1, 1)


def test_bytes_of_a_name_that_are_not_utf_8_are_told_as_escapes(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = picture.rename(picture.with_name("\udcff.png"))
    assert main(["read", str(odd), *counter("--json")]) == 0
    assert json.loads(capsys.readouterr().out)["picture"] == f"{odd.parent}/\\xff.png"


@pytest.mark.parametrize("stream", [1, 2])
def test_a_closed_stream_ends_nothing(picture: Path, stream: int) -> None:
    words = ["sh", "-c", f'exec "$@" {stream}>&-', "sh", *command(picture, *counter())]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert "Traceback" not in result.stderr


def encoded(form: str) -> bytes:
    picture = SHOT.picture
    if form == "exif.jpg":
        jpeg = cv2.imencode(".jpg", cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE), [cv2.IMWRITE_JPEG_QUALITY, 97])[1].tobytes()
        tag = b"Exif\0\0" + b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 274, 3, 1, 6, 0, 0)
        return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(tag) + 2) + tag + jpeg[2:]
    kind, _, suffix = form.partition(".")
    pixels = picture[..., 1] if kind == "grey" else picture.astype(np.uint16) * 257 if kind == "deep" else picture
    return cv2.imencode(f".{suffix}", pixels)[1].tobytes()


@pytest.mark.parametrize("form", ["colour.jpg", "colour.png", "colour.bmp", "colour.webp", "colour.tiff", "grey.png", "deep.png",
                                  "deep.tiff", "exif.jpg"])  # fmt: skip
def test_every_form_of_picture_reads_the_same(tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / form).write_bytes(encoded(form))
    assert main(["read", str(tmp_path / form), *counter("--json")]) == 0
    assert json.loads(capsys.readouterr().out)["raw"] == "01189"


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "edge", "read", *map(str, arguments)]


def test_bad_files_are_one_line_each_whatever_the_libraries_think_and_the_good_one_is_read(picture: Path) -> None:
    """As a process of its own, for OpenCV, libpng, libjpeg and FFmpeg print past Python."""
    png, bmp = picture.read_bytes(), encoded("colour.bmp")
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    damaged = bytearray(png)
    damaged[len(png) // 2 : len(png) // 2 + 8] = b"\0" * 8
    film = picture.with_name("film.avi")
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 5, SHOT.picture.shape[1::-1])
    for _ in range(4):
        writer.write(SHOT.picture)
    writer.release()
    bad = {
        "empty.png": (b"", "an empty file"),
        "text.jpg": (b"not a picture\n", "text that begins"),
        "cut.jpg": (encoded("colour.jpg")[:-2000], "cut short"),
        "cut.bmp": (bmp[: len(bmp) // 2], "cut short"),
        "damaged.png": (bytes(damaged), "cannot be decoded"),
        "bomb.png": (
            b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + png[33:],
            "megapixels",
        ),
        "cut.avi": (film.read_bytes()[: film.stat().st_size // 16], "a video that"),
    }
    for name, (content, _) in bad.items():
        picture.with_name(name).write_bytes(content)
    paths = [picture.with_name(name) for name in [*bad, "none.png"]]
    result = subprocess.run(command(*paths, picture, *counter()), capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert f"{picture}: 01189" in result.stdout
    lines = result.stderr.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [["digitd", str(path)] for path in paths]
    for line, (_, said) in zip(lines, bad.values(), strict=False):
        assert said in line


def test_ctrl_c_ends_it_with_130_and_without_a_traceback(picture: Path) -> None:
    for i in range(5000):
        picture.with_name(f"{i}.png").hardlink_to(picture)
    # Where the tests themselves run in the background, shells have it ignored.
    words = ["env", "--default-signal=INT", *command(picture.parent, *counter())]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (130, "")


def test_one_picture_is_read_without_what_only_others_need(picture: Path) -> None:
    code = f"import sys; from edge.cli import main; main({['read', str(picture), *counter()]!r}); print(*sorted(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"pydantic", "tqdm", "importlib.metadata"} & set(result.stdout.split()) == set()


@pytest.mark.parametrize(
    ("names", "stream", "code"),
    [(["none.png"] * 50, "stderr", 1), (["none.png", *["meter.png"] * 100], "stdout", 1), (["meter.png"] * 100, "stdout", 0)],
)
def test_whoever_reads_our_output_may_leave_and_what_went_wrong_before_counts(
    picture: Path, names: list[str], stream: str, code: int
) -> None:
    words = command(*(picture.with_name(name) for name in names), *counter())
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: subprocess.PIPE}
    with subprocess.Popen(words, stdout=streams["stdout"], stderr=streams["stderr"]) as started:
        pipe = started.stdout or started.stderr
        assert pipe is not None
        assert pipe.readline()
        pipe.close()
    assert started.returncode == code
