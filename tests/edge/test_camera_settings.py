"""What is wrong with a camera's settings, told without opening it."""

import pytest

from edge.capture.camera import CameraSettings, check_source, refused


@pytest.mark.parametrize(
    "source",
    [
        "picamera2", "v4l2:/dev/no-such-camera", "rtsp://no-such-camera.invalid/live", "https://maria:x@h/a.jpg", "folder:/none",
        "file:/no.jpg", "./no.mp4", "simulated:", "simulated:?digits=8&rate=2.5",
    ],
)  # fmt: skip
def test_a_source_that_may_be_one_is_not_opened_and_nothing_is_said(source: str) -> None:
    assert check_source(source) is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("camera", 'camera source "camera": expected picamera2, v4l2:'),
        ("http://h:99999/a.jpg", 'camera source "http://h:99999/a.jpg": no such port; expected one from 1 to 65535, or none: 80 is usual'),
        ("rtsp://h:0/x", 'camera source "rtsp://h:0/x": no such port'),
        ("http://[h/a.jpg", 'camera source "http://[h/a.jpg": not an address'),
        ("rtsp://maria:s3cret@h:port/live", 'camera source "rtsp://…@h:port/live": no such port'),
        ("https://:443/a.jpg", 'camera source "https://:443/a.jpg": no host'),
        ("simulated:?colour=red", "simulated: no option colour; expected digits, "),
        ("simulated:?digits=8.5", 'simulated: digits="8.5"; expected a whole number'),
        ("simulated:?digits=99", "simulated: digits=99; expected 1 to 12"),
        ("simulated:?digits=2&decimals=3", "simulated: decimals=3 of digits=2; expected no more"),
    ],
)
def test_what_is_wrong_with_a_source_shows_without_opening_it(source: str, said: str) -> None:
    assert (check_source(source) or "").startswith(said)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (CameraSettings(source="simulated:", exposure_us=1000), "camera.exposure: a source of the kind simulated cannot be told that"),
        (CameraSettings(source="v4l2:/dev/video0", gain=2.0), "camera.gain: a source of the kind v4l2 cannot be told that"),
        (CameraSettings(source="folder:/tmp", password="s3cret"), "camera.password_file: a source of the kind folder cannot be told that"),
        (CameraSettings(source="picamera2", rotation=45), "camera.rotation: 45; expected 0, 90, 180 or 270 degrees"),
        (CameraSettings(source="simulated:", fps=0.001), "simulated: fps=0.001; expected 0.01 to 1000"),
        (CameraSettings(source="ftp://a/b"), 'camera source "ftp://a/b": expected'),
    ],
)
def test_a_setting_that_cannot_work_shows_without_opening_the_camera(settings: CameraSettings, said: str) -> None:
    assert (refused(settings) or "").startswith(said)


def test_settings_that_a_camera_takes_are_not_refused() -> None:
    assert refused(CameraSettings(source="picamera2", width=640, exposure_us=1000, gain=2.0, white_balance=(1.8, 1.5), focus=8.0)) is None
    assert refused(CameraSettings(source="http://h/a.jpg", user="maria", password="x", rotation=90, lamp_pin=18)) is None
