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
    """A camera with a lamp. It is on while the camera opens as well: what settles and is locked then is to fit lit pictures.

    The camera opens with the first frame, so that `close` puts the lamp out whatever the camera is doing.
    """

    live = True

    def __init__(self, open_camera: Callable[[], Camera], *, pin: int, warm_up_s: float) -> None:
        """pin: BCM number; warm_up_s: from switching on to taking the frame, for a stream as long as it lags behind."""
        gpiozero = optional("gpiozero", needed_by=f"lamp at GPIO{pin}", install=INSTALL)
        self.name = f"lamp at GPIO{pin}"
        self._open, self._warm_up_s = open_camera, warm_up_s
        self._camera: Camera | None = None
        self._closed = threading.Event()
        try:
            self._lamp = gpiozero.OutputDevice(pin)
        # A library for the pins that is missing, a pin in use, no permission: each has an error of its own.
        except Exception as error:
            raise CameraError(f"{self.name}: cannot be switched ({error}). {INSTALL}") from error

    def frame(self) -> Frame:
        with self._light():
            if self._camera is None:
                self._camera = camera = self._open()
                if self._closed.is_set():
                    camera.close()
                    raise CameraError(f"{self.name}: closed")
                self.name, self.live, self.fed = camera.name, camera.live, camera.fed
            return self._camera.frame()

    def close(self) -> None:
        self._closed.set()
        if not self._lamp.closed:
            self._lamp.off()
            # Turns the pin into an input again.
            self._lamp.close()
        if self._camera is not None:
            self._camera.close()

    @contextlib.contextmanager
    def _light(self) -> Iterator[None]:
        if self._closed.is_set():
            raise CameraError(f"{self.name}: closed")
        self._lamp.on()
        try:
            if self._closed.wait(self._warm_up_s):
                raise CameraError(f"{self.name}: closed")
            yield
        finally:
            if not self._lamp.closed:
                self._lamp.off()
