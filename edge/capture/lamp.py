"""A lamp at a GPIO pin that burns only while a frame is taken."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from edge.capture.camera import Camera, Frame
from edge.capture.optional import optional
from edge.errors import CameraError

INSTALL = (
    "On Raspberry Pi OS: `sudo apt install python3-gpiozero python3-lgpio`, and a virtual environment with --system-site-packages; "
    "elsewhere: `pip install 'digitd[lamp]'`"
)


class Lit(Camera):
    """A camera with a lamp. It is on while the camera opens as well: what settles and is locked then is to fit lit pictures."""

    def __init__(self, open_camera: Callable[[], Camera], *, pin: int, warm_up_s: float) -> None:
        """pin: BCM number; warm_up_s: from switching on to taking the frame, for a stream as long as it lags behind."""
        gpiozero = optional("gpiozero", needed_by=f"lamp at GPIO{pin}", install=INSTALL)
        self._pin, self._warm_up_s = pin, warm_up_s
        self._closed = threading.Event()
        try:
            self._lamp = gpiozero.OutputDevice(pin)
        # A library for the pins that is missing, a pin in use, no permission: each has an error of its own.
        except Exception as error:
            raise CameraError(f"lamp at GPIO{pin}: cannot be switched ({error}). {INSTALL}") from error
        try:
            with self._light():
                self._camera = open_camera()
        except BaseException:
            self._lamp.close()
            raise
        self.name, self.live = self._camera.name, self._camera.live

    def frame(self) -> Frame:
        with self._light():
            return self._camera.frame()

    def close(self) -> None:
        self._closed.set()
        self._camera.close()
        # Closing turns the pin into an input again, and the lamp off.
        self._lamp.close()

    @contextlib.contextmanager
    def _light(self) -> Iterator[None]:
        if self._closed.is_set():
            raise CameraError(f"lamp at GPIO{self._pin}: closed")
        self._lamp.on()
        try:
            self._closed.wait(self._warm_up_s)
            yield
        finally:
            if not self._lamp.closed:
                self._lamp.off()
