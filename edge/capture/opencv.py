"""What OpenCV opens: V4L2 devices (USB cameras), and RTSP streams through its FFmpeg."""

import errno
import os
import socket
import stat
import time
from pathlib import Path

import cv2
import numpy as np

from edge.capture.address import Address
from edge.capture.camera import CameraSettings
from edge.capture.exchange import unreachable
from edge.capture.ffmpeg import DECODERS, quiet
from edge.capture.pictures import Image
from edge.errors import CameraError

EXPOSURE_UNIT_US = 100
MANUAL_EXPOSURE = 1
"""V4L2_EXPOSURE_MANUAL of videodev2.h; OpenCV hands V4L2's own numbers on, and exposure in V4L2_CID_EXPOSURE_ABSOLUTE's units."""
SETTLE_S = 2.0
"""What automatic exposure, white balance and focus take until they are locked."""
MILLISECONDS = 1000


class Capture:
    """An open cv2.VideoCapture as a source."""

    def __init__(self, name: str, capture: cv2.VideoCapture) -> None:
        self._name, self._capture = name, capture

    def grab(self) -> None:
        """Wait for the next frame. Raises CameraError where the device or stream gives none any more."""
        if not self._capture.grab():
            raise CameraError(f"{self._name}: gives no frames any more; was it unplugged, or has the stream ended?")

    def retrieve(self) -> Image:
        """The frame last grabbed, uint8 [H, W, 3]."""
        got, picture = self._capture.retrieve()
        if not got:
            raise CameraError(f"{self._name}: a frame that cannot be decoded")
        return np.asarray(picture, np.uint8)

    def release(self) -> None:
        """Close it."""
        self._capture.release()


def open_device(device: str, settings: CameraSettings) -> Capture:
    """A V4L2 device: a path such as /dev/video0 or /dev/v4l/by-id/…, set up and settled. Raises CameraError."""
    name = f"v4l2:{device}"
    _check_device(name, Path(device))
    quiet()
    # By its real name: OpenCV takes only /dev/videoN.
    capture = cv2.VideoCapture(os.path.realpath(device), cv2.CAP_V4L2)
    if not capture.isOpened():
        raise CameraError(f"{name}: a device without pictures; many cameras have two devices, try the next (`v4l2-ctl --list-devices`)")
    source = Capture(name, capture)
    try:
        _set_up(name, capture, settings)
        if settings.lock:
            _lock(source, capture)
    except CameraError:
        capture.release()
        raise
    return source


def open_stream(address: Address, timeout_s: float) -> Capture:
    """An RTSP stream. Raises CameraError."""
    try:
        # FFmpeg does not tell why it failed; the network does.
        socket.create_connection((address.host, address.port), timeout_s).close()
    except (OSError, ValueError) as error:
        raise CameraError(f"{address.shown}: {unreachable(error, timeout_s)}") from None
    quiet()
    limit = int(timeout_s * MILLISECONDS)
    capture = cv2.VideoCapture(
        address.url,
        cv2.CAP_FFMPEG,
        [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit, cv2.CAP_PROP_N_THREADS, DECODERS],
    )
    if not capture.isOpened():
        raise CameraError(f"{address.shown}: answers, and gives no stream; are path, user and password right?")
    return Capture(address.shown, capture)


def _check_device(name: str, device: Path) -> None:
    try:
        if not stat.S_ISCHR(device.stat().st_mode):
            raise CameraError(f"{name}: not a device; expected one such as /dev/video0 (`v4l2-ctl --list-devices`)")
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except FileNotFoundError as error:
        raise CameraError(f"{name}: no such device; is the camera plugged in? `ls /dev/v4l/by-id` lists those that are") from error
    except PermissionError as error:
        raise CameraError(f"{name}: no permission; digitd's user must be in the group video") from error
    except OSError as error:
        if isinstance(error, CameraError):
            raise
        busy = f"in use by another program, digitd itself perhaps; `sudo fuser -v {device}` tells which"
        if error.errno != errno.EBUSY:
            busy = f"cannot be opened ({error.strerror})"
        raise CameraError(f"{name}: {busy}") from error


def _set_up(name: str, capture: cv2.VideoCapture, settings: CameraSettings) -> None:
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    for key, value in ((cv2.CAP_PROP_FRAME_WIDTH, settings.width), (cv2.CAP_PROP_FRAME_HEIGHT, settings.height)):
        if value is not None:
            capture.set(key, value)
    size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    wanted = settings.width or size[0], settings.height or size[1]
    if size != wanted:
        # A driver takes the nearest size it has, and a window drawn at another size would miss.
        raise CameraError(
            f"{name}: has no pictures of {wanted[0]}×{wanted[1]}, the nearest are {size[0]}×{size[1]} (`v4l2-ctl --list-formats-ext`)"
        )
    if settings.fps is not None:
        capture.set(cv2.CAP_PROP_FPS, settings.fps)
    if settings.exposure_us is not None and not (
        capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL_EXPOSURE)
        and capture.set(cv2.CAP_PROP_EXPOSURE, max(1, round(settings.exposure_us / EXPOSURE_UNIT_US)))
    ):
        raise CameraError(f"{name}: its exposure cannot be set; leave camera.exposure at auto")


def _lock(source: Capture, capture: cv2.VideoCapture) -> None:
    """Let it settle, then switch off what adjusts itself, where the camera has such a thing."""
    settled = time.monotonic() + SETTLE_S
    while time.monotonic() < settled:
        source.grab()
    for key, value in ((cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL_EXPOSURE), (cv2.CAP_PROP_AUTO_WB, 0), (cv2.CAP_PROP_AUTOFOCUS, 0)):
        capture.set(key, value)
