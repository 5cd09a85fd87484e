"""Folders, pictures and videos as cameras."""

import os
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.camera import Camera, CameraSettings, open_camera
from edge.errors import CameraError, UsageError
from tests.edge.camera_servers import jpeg, number_of, numbered

A_DAY_AGO = time.time() - 86_400


def folder(path: Path) -> Camera:
    return open_camera(CameraSettings(source=f"folder:{path}"))


def put(path: Path, content: bytes, *, seconds: float) -> None:
    """Write a file that was changed so many seconds after yesterday's this time."""
    path.write_bytes(content)
    os.utime(path, (A_DAY_AGO + seconds, A_DAY_AGO + seconds))


def film(path: Path, *, frames: int, fps: float) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (512, 64))
    for number in range(1, frames + 1):
        writer.write(numbered(number))
    writer.release()
    return path


def test_a_folder_gives_its_newest_picture_with_the_time_of_the_file(tmp_path: Path) -> None:
    put(tmp_path / "b.jpg", jpeg(2), seconds=20)
    put(tmp_path / "z.jpg", jpeg(1), seconds=10)
    put(tmp_path / "notes.txt", b"newer, and no picture", seconds=30)
    put(tmp_path / ".c.jpg", jpeg(3), seconds=40)
    with folder(tmp_path) as camera:
        frame = camera.frame()
    assert number_of(frame.picture) == 2
    assert frame.time.timestamp() == pytest.approx(A_DAY_AGO + 20, abs=1e-3)


def test_a_half_written_picture_is_skipped_until_it_is_whole(tmp_path: Path) -> None:
    put(tmp_path / "1.jpg", jpeg(1), seconds=0)
    with folder(tmp_path) as camera:
        assert number_of(camera.frame().picture) == 1
        for part in (b"", jpeg(2)[:100], jpeg(2)[:-2]):
            put(tmp_path / "2.jpg", part, seconds=10)
            assert number_of(camera.frame().picture) == 1
        put(tmp_path / "2.jpg", jpeg(2), seconds=11)
        frame = camera.frame()
    assert (number_of(frame.picture), frame.number) == (2, 2)


def test_where_nothing_is_new_the_same_picture_comes_with_its_number(tmp_path: Path) -> None:
    put(tmp_path / "1.jpg", jpeg(1), seconds=0)
    with folder(tmp_path) as camera:
        first, second = camera.frame(), camera.frame()
    assert (first.number, second.number, second.time) == (1, 1, first.time)
    assert not camera.live


def test_a_folder_without_a_picture_or_none_is_told_and_recovers(tmp_path: Path) -> None:
    with folder(tmp_path / "in") as camera:
        with pytest.raises(CameraError, match="no such folder"):
            camera.frame()
        (tmp_path / "in").mkdir()
        with pytest.raises(CameraError, match="no picture in it"):
            camera.frame()
        put(tmp_path / "in" / "1.jpg", b"<html>", seconds=0)
        with pytest.raises(CameraError, match=r"none of its newest pictures can be read: .*text that begins"):
            camera.frame()
        put(tmp_path / "in" / "2.jpg", jpeg(7), seconds=0)
        assert number_of(camera.frame().picture) == 7


@pytest.mark.parametrize("prefix", ["file:", ""])
def test_a_picture_is_read_again_when_its_file_has_changed(tmp_path: Path, prefix: str) -> None:
    put(tmp_path / "a.jpg", jpeg(1), seconds=0)
    with open_camera(CameraSettings(source=f"{prefix}{tmp_path}/a.jpg", rotation=180)) as camera:
        first, same = camera.frame(), camera.frame()
        put(tmp_path / "a.jpg", jpeg(2), seconds=5)
        changed = camera.frame()
    assert [frame.number for frame in (first, same, changed)] == [1, 1, 2]
    assert [number_of(np.rot90(frame.picture, 2)) for frame in (first, changed)] == [1, 2]
    assert changed.time.timestamp() == pytest.approx(A_DAY_AGO + 5, abs=1e-3)


def test_a_video_runs_in_its_own_time_and_ends(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", frames=12, fps=20)
    shown: list[int] = []
    started = time.monotonic()
    with open_camera(CameraSettings(source=f"file:{tmp_path}/a.avi")) as camera:
        while len(shown) < 2 or shown[-1] < 12:
            frame = camera.frame()
            assert number_of(frame.picture) == frame.number
            # Never ahead of its time, however slow this machine is.
            assert frame.number <= (time.monotonic() - started) * 20 + 1
            shown.append(frame.number)
        with pytest.raises(CameraError, match="has ended after 12 frames"):
            camera.frame()
    assert shown == sorted(set(shown))
    assert shown[0] == 1


def test_a_late_reader_of_a_video_gets_the_frame_that_is_due(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", frames=200, fps=100)
    with open_camera(CameraSettings(source=f"file:{tmp_path}/a.avi")) as camera:
        camera.frame()
        time.sleep(0.5)
        frame = camera.frame()
    assert frame.number >= 50
    assert number_of(frame.picture) == frame.number


def test_closing_ends_a_wait_for_the_next_frame_of_a_slow_video(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", frames=3, fps=1)
    camera = open_camera(CameraSettings(source=f"file:{tmp_path}/a.avi"))
    camera.frame()
    threading.Timer(0.1, camera.close).start()
    with pytest.raises(CameraError, match="closed"):
        camera.frame()


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("not a picture at all")
    for name, said in (("a.txt", "text that begins"), ("b.jpg", "No such file")):
        with pytest.raises(CameraError, match=said):
            open_camera(CameraSettings(source=f"file:{tmp_path}/{name}"))


@pytest.mark.parametrize("source", ["", "camera", "v4l2:", "folder:", "ftp://a/b.jpg", "http:/a", "http://:80/a", "rtsp://a:port/b"])
def test_a_source_that_is_none_is_refused(source: str) -> None:
    with pytest.raises(UsageError, match="camera source"):
        open_camera(CameraSettings(source=source))


@pytest.mark.parametrize("source", ["http://maria:s3cret/x@host/a.jpg", "ftp://maria:s3cret@host/a.jpg", "http://h:x/?pwd=s3cret"])
def test_a_source_that_is_refused_is_told_without_its_password(source: str) -> None:
    with pytest.raises(UsageError) as raised:
        open_camera(CameraSettings(source=source))
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("source", "given", "named"),
    [
        ("folder:/tmp", {"width": 640}, "width"), ("http://a/b.jpg", {"exposure_us": 1000}, "exposure"),
        ("rtsp://a/b", {"focus": 2.0}, "focus"), ("v4l2:/dev/video0", {"white_balance": (1.0, 1.0)}, "white_balance"),
        ("picamera2", {"password": "x"}, "password_file"), ("simulated:", {"gain": 2.0}, "gain"),
    ],
)  # fmt: skip
def test_a_setting_that_would_do_nothing_is_refused(source: str, given: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError, match=rf"camera\.{named}: a source of the kind .* leave it out"):
        open_camera(CameraSettings(source=source, **given))  # type: ignore[arg-type]


def test_a_rotation_by_anything_but_quarters_is_refused() -> None:
    with pytest.raises(UsageError, match=r"camera\.rotation: 45; expected 0, 90, 180 or 270"):
        open_camera(CameraSettings(source="simulated:", rotation=45))
