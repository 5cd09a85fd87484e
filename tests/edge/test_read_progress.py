"""The bar that `digitd read` shows on a terminal: how far it is, and gone at the end."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import cv2

from tests.edge.shot import SHOT, counter
from tests.edge.test_read_files import command


def on_a_terminal(*arguments: str | Path, code: int = 0) -> tuple[str, str]:
    """stdout, in a pipe, and what a terminal on stderr got."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
    process = subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=its, text=True)
    os.close(its)
    told = b""
    try:
        while part := os.read(ours, 4096):
            told += part
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert process.stdout is not None
    out = process.stdout.read()
    process.stdout.close()
    assert process.wait() == code
    return out, told.decode()


def test_many_pictures_have_a_bar_with_the_time_left_that_is_gone_at_the_end(picture: Path) -> None:
    for i in range(30):
        picture.with_name(f"{i}.png").write_bytes(picture.read_bytes())
    out, told = on_a_terminal(picture.parent, *counter("--json"))
    assert [json.loads(line)["raw"] for line in out.splitlines()] == ["01189"] * 31
    assert "/31 [" in told
    assert "<" in told  # time gone < time left
    assert told.rstrip(" ").endswith("\r"), "the bar is wiped"
    assert "31/31" not in told.rpartition("\r")[2]


def test_the_bar_knows_how_many_frames_a_video_has(picture: Path) -> None:
    film = picture.with_name("film.avi")
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 5, SHOT.picture.shape[1::-1])
    for _ in range(12):
        writer.write(SHOT.picture)
    writer.release()
    assert "/12 [" in on_a_terminal(film, *counter("--json"))[1]


def test_the_bar_counts_what_cannot_be_read_too(picture: Path) -> None:
    contents = [b"text", picture.read_bytes()] * 10
    files = [picture.with_name(f"{i}.png") for i in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    counted = re.findall(r"(\d+)/20 \[", on_a_terminal(*files, *counter("--json"), code=1)[1])
    assert max(map(int, counted)) >= 19


def test_one_picture_has_no_bar(picture: Path) -> None:
    assert on_a_terminal(picture, *counter("--json"))[1] == ""
