"""Cameras of every kind behind one interface, and the one factory that picks: by how the source begins.

with open_camera(CameraSettings(source="v4l2:/dev/video0")) as camera:
    picture = camera.frame().picture    # uint8 [H, W] or [H, W, 3] (blue, green, red)
"""

import dataclasses
import datetime
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

import cv2
import numpy as np

from edge.capture.address import Address
from edge.capture.pictures import Image
from edge.errors import UsageError

SOURCES = (
    "picamera2, v4l2:/dev/video0, rtsp://…, http://… or https://…, folder:PATH (its newest picture), file:PATH (a picture or video), "
    "or simulated:"
)
IN_FILE = {"exposure_us": "exposure", "password": "password_file"}
"""Settings that have another name in the configuration."""
TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Frame:
    """One picture of a camera."""

    picture: Image
    """uint8 [H, W], or [H, W, 3] (blue, green, red), upright. It is the reader's own: no camera writes into it again."""
    time: datetime.datetime
    """UTC, when it was taken."""
    number: int
    """Counts up; the same number again is the same picture again."""


class Camera(Protocol):
    """What gives frames, and holds a device, a connection or a thread for it."""

    name: str
    """The source as it may be told: without a password."""
    live: bool
    """Whether a sensor is behind it, so that no two frames are ever the same."""
    fed: bool = False
    """Whether its pictures are put there by somebody else, who may have stopped."""

    def frame(self) -> Frame:
        """The newest frame, never one of a queue that ages. Raises CameraError where there is none within the camera's timeout."""
        ...

    def close(self) -> None:
        """Let go of all that is held, from any thread; a `frame` that waits ends with a CameraError."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@dataclasses.dataclass(frozen=True, kw_only=True)
class CameraSettings:
    """Which camera, and how it is set. None: whatever the camera does by itself."""

    source: str
    width: int | None = None
    """Pixels, before it is turned."""
    height: int | None = None
    rotation: int = 0
    """Degrees clockwise, 0, 90, 180 or 270, by which each frame is turned."""
    fps: float | None = None
    """Frames per second that the camera takes."""
    exposure_us: int | None = None
    gain: float | None = None
    """Analogue, 1 and up."""
    white_balance: tuple[float, float] | None = None
    """Gains of red and blue."""
    focus: float | None = None
    """Dioptres."""
    lock: bool = True
    """Whether what the camera found by itself when it was opened is kept from then on."""
    user: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    timeout_s: float = 10.0
    """How long a frame may take before the camera counts as silent."""
    lamp_pin: int | None = None
    """BCM number of the pin that switches a lamp; None: no lamp."""
    lamp_warm_up_s: float = 0.5


def open_camera(settings: CameraSettings) -> Camera:
    """The camera that the settings name. Raises CameraError where it gives no picture, UsageError where the settings cannot work."""
    if (reason := refused(settings)) is not None:
        raise UsageError(reason)
    kind, given = _kind(settings.source)
    open_it, _ = KINDS[kind]
    if settings.lamp_pin is None:
        return open_it(given, settings)
    from edge.capture.lamp import Lit

    return Lit(lambda: open_it(given, settings), pin=settings.lamp_pin, warm_up_s=settings.lamp_warm_up_s)


def refused(settings: CameraSettings) -> str | None:
    """What keeps a camera from being set so, as far as it shows without opening one; None where nothing does. It names the setting."""
    try:
        kind, given = _kind(settings.source)
        if settings.rotation not in (0, *TURNS):
            return f"camera.rotation: {settings.rotation}; expected 0, 90, 180 or 270 degrees"
        for name in ("width", "height", "fps", "exposure_us", "gain", "white_balance", "focus", "user", "password"):
            if getattr(settings, name) is not None and name not in KINDS[kind][1]:
                return f"camera.{IN_FILE.get(name, name)}: a source of the kind {kind} cannot be told that; leave it out"
        if kind in ("rtsp", "http"):
            Address.of(given)
        if kind == "simulated":
            from edge.capture.simulated import Options

            Options.parsed(given, width=settings.width, height=settings.height, fps=settings.fps)
    except UsageError as error:
        return str(error)
    return None


def check_source(source: str) -> str | None:
    """What is wrong with a source, as far as it shows without opening it; None where nothing is."""
    return refused(CameraSettings(source=source))


def turned(picture: Image, rotation: int) -> Image:
    """A picture uint8 [H, W] or [H, W, 3] turned clockwise by 0, 90, 180 or 270 degrees."""
    return np.asarray(cv2.rotate(picture, TURNS[rotation]), np.uint8) if rotation else picture


def now() -> datetime.datetime:
    """UTC."""
    return datetime.datetime.now(datetime.UTC)


def _kind(source: str) -> tuple[str, str]:
    """The kind of a source, and the rest of it that its camera takes."""
    scheme, colon, rest = source.partition(":")
    if source == "picamera2":
        return source, ""
    if scheme in ("rtsp", "rtsps", "http", "https") and rest.startswith("//"):
        return scheme.removesuffix("s"), source
    if colon and scheme in ("v4l2", "folder", "file", "simulated") and (rest or scheme == "simulated"):
        return scheme, rest
    if source.startswith(("/", "./", "../", "~/")):
        return "file", source
    raise UsageError(f'camera source "{Address.masked(source)}": expected {SOURCES}')


def _picamera(_: str, settings: CameraSettings) -> Camera:
    from edge.capture.picamera import PiCamera

    return PiCamera(settings)


def _v4l2(device: str, settings: CameraSettings) -> Camera:
    from edge.capture.live import Live
    from edge.capture.opencv import open_device

    return Live(f"v4l2:{device}", lambda: open_device(device, settings), timeout_s=settings.timeout_s, rotation=settings.rotation)


def _rtsp(url: str, settings: CameraSettings) -> Camera:
    from edge.capture.live import Live
    from edge.capture.opencv import open_stream

    address = Address.of(url, settings.user, settings.password)
    return Live(
        address.shown, lambda: open_stream(address, settings.timeout_s), timeout_s=settings.timeout_s, rotation=settings.rotation
    )  # fmt: skip


def _http(url: str, settings: CameraSettings) -> Camera:
    from edge.capture.live import Live
    from edge.capture.motion_jpeg import MotionJpeg
    from edge.capture.snapshot import Snapshot, is_stream

    address = Address.of(url, settings.user, settings.password)
    if is_stream(address, settings.timeout_s):
        return Live(
            address.shown, lambda: MotionJpeg(address, settings.timeout_s), timeout_s=settings.timeout_s, rotation=settings.rotation
        )  # fmt: skip
    return Snapshot(address, timeout_s=settings.timeout_s, rotation=settings.rotation)


def _folder(path: str, settings: CameraSettings) -> Camera:
    from edge.capture.folder import Folder

    return Folder(path, rotation=settings.rotation)


def _file(path: str, settings: CameraSettings) -> Camera:
    from edge.capture.file import open_file

    return open_file(path, rotation=settings.rotation)


def _simulated(options: str, settings: CameraSettings) -> Camera:
    from edge.capture.simulated import Simulated

    return Simulated.of(options, width=settings.width, height=settings.height, fps=settings.fps, rotation=settings.rotation)


KINDS: dict[str, tuple[Callable[[str, CameraSettings], Camera], frozenset[str]]] = {
    "picamera2": (_picamera, frozenset({"width", "height", "fps", "exposure_us", "gain", "white_balance", "focus"})),
    "v4l2": (_v4l2, frozenset({"width", "height", "fps", "exposure_us"})),
    "rtsp": (_rtsp, frozenset({"user", "password"})),
    "http": (_http, frozenset({"user", "password"})),
    "folder": (_folder, frozenset()),
    "file": (_file, frozenset()),
    "simulated": (_simulated, frozenset({"width", "height", "fps"})),
}
"""What opens each kind of source, and which settings it can be told; the rest would do nothing, and is refused."""
