"""A window that can never be found is told: by check-config from the files, by doctor and by the daemon from a frame."""

import datetime
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.simulated import Simulated
from edge.config.load import checked_with_files
from edge.inference.model import load
from edge.outputs.store import Store
from edge.reader import Reader
from edge.recorder import Recorder
from edge.sizes import misfit
from edge.tracker import Tracker
from edge.vision.reference import Reference
from edge.vision.window import rectangle
from tests.edge.daemons import Running, configured
from tests.edge.simulation import MODEL
from tests.edge.test_doctor import checked

WINDOW = rectangle(20, 90) + np.array([10, 10])
GREY = np.tile(np.arange(100, dtype=np.uint8), (80, 1))
NEVER = "the frames have 1280 × 720 pixels, its reference 640 × 360; expected one size"
ANEW = "take a frame as digitd gets it (/api/v1/frame.jpg, with [http] enabled) for the reference, and draw the window in it"


def with_reference(folder: Path, *, shrunk: int) -> Path:
    """A configuration whose window and reference are of a picture so many times smaller than the camera's, 1280 × 720."""
    path = configured(folder)
    with Simulated.of("?digits=7&decimals=1&rate=600") as camera:
        frame, corners = camera.frame().picture, camera.windows[0]
    cv2.imwrite(str(folder / "ref.png"), frame[::shrunk, ::shrunk])
    window = " ".join(f"{x / shrunk:.1f},{y / shrunk:.1f}" for x, y in corners)
    lines = [f'window = "{window}"\nreference = "ref.png"' if line.startswith("window") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    return path


def problems(folder: Path, camera: str = "", window: str = "10,10 90,10 90,30 10,30", reference: bool = True) -> list[tuple[str, str, str]]:
    cv2.imwrite(str(folder / "ref.png"), GREY)
    path = folder / "digitd.toml"
    named = 'reference = "ref.png"\n' if reference else ""
    path.write_text(f'[camera]\nsource = "v4l2:/dev/video0"\n{camera}\n[[counter]]\nname = "a"\ndigits = 5\nwindow = "{window}"\n{named}')
    return [(each.key, each.found.rpartition('": ')[2], each.fix) for each in checked_with_files(path, {})[1]]


def test_frames_of_the_references_size_fit_and_no_others_do() -> None:
    reference = Reference.of(GREY, WINDOW)
    assert misfit(WINDOW, reference, (80, 100)) is None
    assert misfit(WINDOW, reference, (80, 100, 3)) is None
    assert misfit(WINDOW, reference, (100, 80)) == f"the frames have 80 × 100 pixels, its reference 100 × 80; expected one size; {ANEW}"


def test_without_a_reference_the_window_lies_within_the_frame() -> None:
    assert misfit(WINDOW, None, (30, 100)) is None
    said = "90 × 30 pixels, and the window reaches beyond them, from 10,10 to 100,30; draw it anew, in a frame as digitd gets it"
    assert misfit(WINDOW, None, (30, 90)) == said


def test_the_window_lies_within_its_reference(tmp_path: Path) -> None:
    assert problems(tmp_path) == []
    found = "100 × 80 pixels, and the window reaches beyond them, from 10,10 to 190,30"
    assert problems(tmp_path, window="10,10 190,10 190,30 10,30") == [("counter 1.reference", found, ANEW)]


@pytest.mark.parametrize("camera", ["width = 100\nheight = 80", "width = 80\nheight = 100\nrotation = 90", "width = 128", "height = 80"])
def test_a_reference_as_large_as_the_frames_that_are_asked_for_is_well(tmp_path: Path, camera: str) -> None:
    assert problems(tmp_path, camera) == []


@pytest.mark.parametrize(
    ("camera", "found"),
    [
        ("width = 1280\nheight = 720", "100 × 80 pixels"),
        ("height = 480", "100 × 80 pixels"),
        ("width = 640\nheight = 100\nrotation = 270", "100 × 80 pixels"),
    ],
)
def test_a_reference_of_another_size_than_the_frames_that_are_asked_for_is_told(tmp_path: Path, camera: str, found: str) -> None:
    assert problems(tmp_path, camera) == [("counter 1.reference", found, ANEW)]


def test_a_window_beyond_the_frames_that_are_asked_for_is_told(tmp_path: Path) -> None:
    window = "10,10 790,10 790,30 10,30"
    said = (f'"{window}"', "draw it anew, in a frame as digitd gets it")
    assert problems(tmp_path, "width = 640", window, reference=False) == [("counter 1.window", *said)]
    assert problems(tmp_path, "height = 640\nrotation = 90", window, reference=False) == [("counter 1.window", *said)]
    assert problems(tmp_path, "width = 800", window, reference=False) == []
    assert problems(tmp_path, "height = 64", window, reference=False) == []


def test_doctor_finds_a_reference_that_does_not_fit_the_cameras_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = checked(with_reference(tmp_path, shrunk=2), capsys)
    assert code == 1
    assert found["configuration"]["well"] is True
    assert (found["camera"]["well"], found["camera"]["found"], found["camera"]["fix"]) == (False, f"water: {NEVER}", ANEW)
    assert checked(with_reference(tmp_path, shrunk=1), capsys)[1]["camera"]["well"] is True


def test_what_troubles_a_counter_is_known_for_as_long_as_it_does(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tracker = Tracker(Reader(load(MODEL), digits=5), WINDOW, reference=Reference.of(GREY, WINDOW))
    with Store(tmp_path / "digitd.sqlite") as store:
        recorder = Recorder("water", tracker, store, publish_interval_s=60)
        recorder.look(GREY[:40], datetime.datetime.now(datetime.UTC))
        said = f"water: never found: the frames have 100 × 40 pixels, its reference 100 × 80; expected one size; {ANEW}"
        assert recorder.problem == said
        assert [(record.levelname, record.message) for record in caplog.records if "never" in record.message] == [("ERROR", said)]
        recorder.look(GREY, datetime.datetime.now(datetime.UTC))
        assert recorder.problem is None


def test_the_daemon_says_so_at_the_first_frame_and_goes_on(tmp_path: Path) -> None:
    with Running(with_reference(tmp_path, shrunk=2)) as daemon:
        daemon.logged(f"<3>water: never found: {NEVER}; {ANEW}\n")
        daemon.heard("STATUS=water –")
        with pytest.raises(subprocess.TimeoutExpired):
            daemon.process.wait(1)
        assert daemon.stopped() == 0
    assert daemon.log.read_text().count("never found") == 1
    with Store(tmp_path / "digitd.sqlite") as store:
        assert {str(record.status) for record in store.readings("water", None, None, 9)} == {"misaligned"}


def test_a_daemon_whose_reference_fits_says_nothing_of_it(tmp_path: Path) -> None:
    with Running(with_reference(tmp_path, shrunk=1)) as daemon:
        daemon.logged("water: 1234.")
        assert daemon.stopped() == 0
    assert "never found" not in daemon.log.read_text()


def test_a_window_beyond_the_reference_keeps_the_daemon_from_starting(tmp_path: Path) -> None:
    path = with_reference(tmp_path, shrunk=1)
    cv2.imwrite(str(tmp_path / "ref.png"), GREY)
    with Running(path) as daemon:
        assert daemon.process.wait(60) == 1
    assert f"{path}:7:counter 1.reference: found" in daemon.log.read_text()
