"""The Raspberry Pi's camera, against a stand-in with picamera2's documented calls: no Pi was at hand."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from edge.capture.camera import CameraSettings, open_camera
from edge.capture.pictures import Image
from edge.errors import CameraError
from tests.edge.picamera_stand_in import AUTO, World, modules

SETTLED_LEVEL = AUTO["ExposureTime"] / 1000 * AUTO["AnalogueGain"]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A Pi with one camera, fixed focus; its two packages are importable as long as the test runs."""
    world = World()
    for name, module in modules(world).items():
        monkeypatch.setitem(sys.modules, name, module)
    return world


def scene(width: int, height: int, level: float = SETTLED_LEVEL) -> Image:
    return (level + np.arange(width)[None] % 7 + np.arange(height)[:, None] % 5).astype(np.uint8)


def settings(**given: object) -> CameraSettings:
    return CameraSettings(**{"source": "picamera2", "timeout_s": 0.4} | given)  # type: ignore[arg-type]


def test_the_y_plane_is_the_frame_without_its_padding(world: World) -> None:
    with open_camera(settings(width=646, height=480)) as camera:
        frame = camera.frame()
    assert world.configured[0]["main"] == {"size": (646, 480), "format": "YUV420", "stride": 704}
    assert frame.picture.flags.c_contiguous
    assert np.array_equal(frame.picture, scene(646, 480))


def test_a_frame_stays_as_it_is_when_its_buffer_goes_back(world: World) -> None:
    with open_camera(settings()) as camera:
        first = camera.frame()
        before = first.picture.copy()
        for _ in range(10):
            camera.frame()
        assert np.array_equal(first.picture, before)
    assert world.held == 0


def test_one_configuration_for_all_frames_and_no_queue_that_ages(world: World) -> None:
    with open_camera(settings()) as camera:
        numbers = [camera.frame().number for _ in range(20)]
    assert numbers == list(range(1, 21))
    assert (world.opened, len(world.configured)) == (1, 1)
    assert world.configured[0]["queue"] is False


def test_what_the_camera_found_by_itself_is_locked_once_it_has_settled(world: World) -> None:
    open_camera(settings()).close()
    assert world.controls["ExposureTime"] == AUTO["ExposureTime"]
    assert world.controls["AnalogueGain"] == AUTO["AnalogueGain"]
    assert world.controls["ColourGains"] == AUTO["ColourGains"]
    assert (world.controls["AeEnable"], world.controls["AwbEnable"]) == (False, False)


def test_unlocked_it_goes_on_adjusting_itself(world: World) -> None:
    open_camera(settings(lock=False)).close()
    assert set(world.controls) == {"FrameDurationLimits"}


def test_what_is_set_wins_over_what_was_found(world: World) -> None:
    with open_camera(settings(exposure_us=30_000, white_balance=(1.8, 1.5))) as camera:
        picture = camera.frame().picture
    assert np.array_equal(picture, scene(1280, 720, 30 * 2))
    assert world.controls["ExposureTime"] == 30_000
    assert world.controls["AnalogueGain"] == AUTO["AnalogueGain"]
    assert world.controls["ColourGains"] == (1.8, 1.5)


def test_an_exposure_longer_than_a_frame_makes_the_frames_longer(world: World) -> None:
    open_camera(settings(exposure_us=200_000)).close()
    assert world.controls["FrameDurationLimits"] == (33_333, 200_000)


def test_a_rate_of_frames_is_handed_on(world: World) -> None:
    open_camera(settings(fps=5.0)).close()
    assert world.controls["FrameDurationLimits"] == (200_000, 200_000)


def test_an_autofocus_is_locked_where_it_focused(world: World) -> None:
    world.autofocus = True
    open_camera(settings()).close()
    assert (world.controls["AfMode"], world.controls["LensPosition"]) == (0, 4.5)


def test_a_focus_that_is_set_is_kept(world: World) -> None:
    world.autofocus = True
    open_camera(settings(focus=8.0)).close()
    assert (world.controls["AfMode"], world.controls["LensPosition"]) == (0, 8.0)


def test_a_fixed_focus_cannot_be_set(world: World) -> None:
    with pytest.raises(CameraError, match="focus is fixed"):
        open_camera(settings(focus=8.0))
    assert world.is_open == 0


@pytest.mark.parametrize(("rotation", "turns"), [(90, -1), (180, 2), (270, 1)])
def test_frames_are_turned_clockwise(world: World, rotation: int, turns: int) -> None:
    with open_camera(settings(width=640, height=480, rotation=rotation)) as camera:
        assert np.array_equal(camera.frame().picture, np.rot90(scene(640, 480), turns))


def test_a_camera_that_falls_silent_is_told_and_can_be_closed_and_opened_again(world: World) -> None:
    camera = open_camera(settings())
    world.silent = True
    with pytest.raises(CameraError, match=r"no frame within 0\.4 s; is the ribbon cable"):
        camera.frame()
    assert world.cancelled == 1
    camera.close()
    assert world.is_open == 0
    world.silent = False
    with open_camera(settings()) as camera:
        assert camera.frame().number == 1


def test_closing_ends_a_frame_that_waits(world: World) -> None:
    camera = open_camera(settings(timeout_s=600))
    world.silent = True
    timer = threading.Timer(0.1, camera.close)
    timer.start()
    with pytest.raises(CameraError, match="closed"):
        camera.frame()
    timer.join()
    assert world.is_open == 0


def test_without_a_camera_it_says_what_to_look_at(world: World) -> None:
    world.cameras = 0
    with pytest.raises(CameraError, match=r"no camera .*is it connected"):
        open_camera(settings())


def test_a_camera_that_another_program_uses_is_told(world: World) -> None:
    with open_camera(settings()), pytest.raises(CameraError, match="used by no other program"):
        open_camera(settings())


def test_without_the_packages_it_says_how_to_install_them() -> None:
    code = "from edge.capture.camera import *\nopen_camera(CameraSettings(source='picamera2'))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "CameraError: picamera2: the Python package picamera2 is not installed" in result.stderr
    assert "sudo apt install python3-picamera2" in result.stderr
    assert "--system-site-packages" in result.stderr


def test_other_cameras_need_neither_of_the_packages() -> None:
    code = "import sys\nfrom edge.capture.camera import *\nopen_camera(CameraSettings(source='simulated:'))\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"picamera2", "libcamera", "gpiozero", "edge.capture.live"} & set(result.stdout.split())
