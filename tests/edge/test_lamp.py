"""A lamp that burns only while a frame is taken, on gpiozero's own mock pins."""

import datetime
import importlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from edge.capture.camera import Camera, CameraSettings, Frame, open_camera
from edge.capture.lamp import Lit
from edge.errors import CameraError

gpiozero: Any = importlib.import_module("gpiozero")
mock: Any = importlib.import_module("gpiozero.pins.mock")
PIN = 18


@pytest.fixture
def pin() -> Iterator[Any]:
    """The mock pin, watched from outside."""
    gpiozero.Device.pin_factory = mock.MockFactory()
    yield gpiozero.Device.pin_factory.pin(PIN)
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = None


class Eye(Camera):
    """A camera that sees whether the lamp burns."""

    name, live = "eye", True

    def __init__(self, pin: Any, *, fails: bool = False) -> None:
        self.pin, self.fails = pin, fails
        self.opened_lit, self.closed = bool(pin.state), False

    def frame(self) -> Frame:
        if self.fails:
            raise CameraError("eye: shut")
        return Frame(picture=np.full((2, 2), 255 * int(self.pin.state), np.uint8), time=datetime.datetime.now(datetime.UTC), number=1)

    def close(self) -> None:
        self.closed = True


def test_the_lamp_burns_while_a_frame_is_taken_and_only_then(pin: Any) -> None:
    with Lit(lambda: Eye(pin), pin=PIN, warm_up_s=0.0) as camera:
        assert not pin.state
        assert camera.frame().picture.min() == 255
        assert not pin.state
    assert pin.function == "input"


def test_the_lamp_burns_while_the_camera_opens_and_settles(pin: Any) -> None:
    eyes: list[Eye] = []

    def opened() -> Eye:
        eyes.append(Eye(pin))
        return eyes[0]

    with Lit(opened, pin=PIN, warm_up_s=0.0) as camera:
        camera.frame()
        camera.frame()
    assert [eye.opened_lit for eye in eyes] == [True]
    assert eyes[0].closed


def test_the_lamp_goes_out_when_the_frame_fails(pin: Any) -> None:
    with Lit(lambda: Eye(pin, fails=True), pin=PIN, warm_up_s=0.0) as camera:
        with pytest.raises(CameraError, match="eye: shut"):
            camera.frame()
        assert not pin.state


def test_the_lamp_goes_out_when_the_camera_does_not_open(pin: Any) -> None:
    def opened() -> Eye:
        raise CameraError("eye: missing")

    with Lit(opened, pin=PIN, warm_up_s=0.0) as camera:
        with pytest.raises(CameraError, match="eye: missing"):
            camera.frame()
        assert not pin.state
    assert pin.function == "input"


def test_a_camera_that_opens_when_the_lamp_was_closed_meanwhile_is_closed(pin: Any) -> None:
    eye = Eye(pin)

    def opened() -> Eye:
        lit.close()
        return eye

    lit = Lit(opened, pin=PIN, warm_up_s=0.0)
    with pytest.raises(CameraError, match="lamp at GPIO18: closed"):
        lit.frame()
    assert eye.closed


def test_the_frame_comes_after_the_warm_up(pin: Any) -> None:
    with Lit(lambda: Eye(pin), pin=PIN, warm_up_s=0.05) as camera:
        pin.clear_states()
        camera.frame()
        assert [state.state for state in pin.states] == [False, True, False]
        # Seconds since the state before.
        assert pin.states[2].timestamp >= 0.05


def test_the_settings_pick_the_lamp(pin: Any) -> None:
    with open_camera(CameraSettings(source="simulated:?width=64&height=64", lamp_pin=PIN, lamp_warm_up_s=0.0)) as camera:
        assert camera.frame().number > 0
        assert [state.state for state in pin.states][-2:] == [True, False]
        assert (camera.name, camera.live) == ("simulated:", True)


def test_a_pin_in_use_is_told(pin: Any) -> None:
    with gpiozero.OutputDevice(PIN), pytest.raises(CameraError, match=r"lamp at GPIO18: cannot be switched .*already in use"):
        Lit(lambda: Eye(pin), pin=PIN, warm_up_s=0.0)


def test_without_pins_it_says_what_to_install() -> None:
    code = "from edge.capture.camera import *\nopen_camera(CameraSettings(source='simulated:', lamp_pin=18))"
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert "CameraError: lamp at GPIO18: cannot be switched" in result.stderr
    assert "sudo apt install python3-gpiozero python3-lgpio" in result.stderr


def test_without_gpiozero_it_says_how_to_install_it() -> None:
    code = (
        "import sys\nsys.modules['gpiozero'] = None\n"
        "from edge.capture.camera import *\nopen_camera(CameraSettings(source='simulated:', lamp_pin=18))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "CameraError: lamp at GPIO18: the Python package gpiozero" in result.stderr
    assert "sudo apt install python3-gpiozero python3-lgpio" in result.stderr
