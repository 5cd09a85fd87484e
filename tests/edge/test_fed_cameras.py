"""Cameras whose pictures come from elsewhere: a folder that nobody fills any more, a video that has ended."""

import datetime
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.capture.camera import CameraSettings, Frame, open_camera
from edge.capture.watching import Watched
from edge.errors import CameraError
from tests.edge.camera_servers import jpeg, number_of
from tests.edge.test_files_as_cameras import film
from tests.edge.test_streams import drain
from tests.edge.watched import Clock, said

STALE_S = 600.0


class Looked:
    """A watched camera on a clock of its own, asked when it is due."""

    def __init__(self, source: str, *, stale_s: float | None = STALE_S) -> None:
        self.clock = Clock()
        self.watched = Watched(lambda: open_camera(CameraSettings(source=source)), name=source, clock=self.clock, stale_s=stale_s)

    def frame(self) -> Frame:
        self.clock.now += self.watched.rest_s
        return self.watched.frame()

    def fails(self) -> str:
        with pytest.raises(CameraError) as raised:
            self.frame()
        return str(raised.value)


def put(path: Path, number: int, *, age_s: float) -> datetime.datetime:
    """A picture that was put there so many seconds ago, and when that was, in this machine's time."""
    path.write_bytes(jpeg(number))
    changed = time.time() - age_s
    os.utime(path, (changed, changed))
    return datetime.datetime.fromtimestamp(changed).astimezone()


def test_a_folder_that_nobody_fills_any_more_is_told_once_until_a_new_picture_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    since = put(tmp_path / "1.jpg", 1, age_s=17 * 60)
    looked = Looked(f"folder:{tmp_path}")
    for _ in range(8):
        told = looked.fails()
        assert told.startswith(f"folder:{tmp_path}: no new picture since ")
        assert told.endswith(f"{since:%H:%M} (17 min ago); does whoever puts them there still run?")
    put(tmp_path / "2.jpg", 2, age_s=0)
    assert number_of(looked.frame().picture) == 2
    warning, again = said(caplog)
    assert warning.startswith(f"WARNING folder:{tmp_path}: no new picture since")
    assert again == f"INFO folder:{tmp_path}: gives pictures again, after 8 s"


def test_a_picture_of_another_day_is_told_with_its_date(tmp_path: Path) -> None:
    since = put(tmp_path / "1.jpg", 1, age_s=3 * 86_400)
    assert f"no new picture since {since:%Y-%m-%d %H:%M} (72 h ago)" in Looked(f"folder:{tmp_path}").fails()


def test_a_picture_of_a_few_minutes_ago_is_new_enough(tmp_path: Path) -> None:
    put(tmp_path / "1.jpg", 1, age_s=STALE_S - 60)
    assert number_of(Looked(f"folder:{tmp_path}").frame().picture) == 1


@pytest.mark.parametrize(("kind", "stale_s"), [("folder", None), ("file", STALE_S)])
def test_an_old_picture_is_taken_where_nobody_asks_for_new_ones(tmp_path: Path, kind: str, stale_s: float | None) -> None:
    put(tmp_path / "1.jpg", 1, age_s=86_400)
    path = tmp_path / "1.jpg" if kind == "file" else tmp_path
    assert number_of(Looked(f"{kind}:{path}", stale_s=stale_s).frame().picture) == 1


def test_a_video_that_has_ended_begins_again(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", frames=20, fps=20)
    looked = Looked(f"file:{tmp_path}/a.avi")
    for _ in range(2):
        frame = looked.frame()
        assert number_of(frame.picture) == frame.number < 20
        with pytest.raises(CameraError, match="has ended after 20 frames"):
            drain(looked.watched)
    assert looked.watched.rest_s == 2  # as for any other camera that comes and goes


@pytest.mark.parametrize("opened", ["Video(Path({!r}))", "open_camera(CameraSettings(source='file:' + {!r}))"])
def test_a_damaged_video_is_told_by_us_and_not_by_ffmpeg(tmp_path: Path, opened: str) -> None:
    path = film(tmp_path / "a.avi", frames=20, fps=20)
    path.write_bytes(path.read_bytes()[:400])
    code = (
        "from pathlib import Path\nfrom edge.capture.camera import *\nfrom edge.capture.video import Video\nfrom edge.errors import *\n"
        f"try:\n    {opened.format(str(path))}\nexcept DigitdError as error:\n    print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "a video that cannot be opened" in result.stdout
    assert result.stderr == ""
