"""The Raspberry Pi's own camera through picamera2 (its manual: "The Picamera2 Library", Raspberry Pi Ltd).

One configuration for as long as the camera is open: each new one takes memory that does not come back. Of YUV420 only the Y plane is
used, which is the grey picture that the sensor's processor has made anyway. It is copied once, 0.9 MB of 1280×720, for its buffer goes
back to the camera at once: a frame that is kept for the web page must neither change nor starve the camera of buffers.
"""

import contextlib
import threading
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotYet
from typing import Any

import numpy as np

from edge.capture.camera import Camera, CameraSettings, Frame, now, turned
from edge.capture.optional import optional
from edge.errors import CameraError

INSTALL = (
    "On Raspberry Pi OS: `sudo apt install python3-picamera2`, and make digitd's virtual environment with "
    "`python3 -m venv --system-site-packages`, for libcamera comes with the system only"
)
SIZE = (1280, 720)
BUFFERS = 4
FASTEST_US, SLOWEST_US = 33_333, 66_666
"""Microseconds from frame to frame. No exposure is longer: a fixed 30 a second, the library's default, leaves a cellar dark."""
POLL_S = 0.2
"""How often a wait looks whether somebody has closed the camera."""
STEADY, STEADY_FRAMES, MOST_FRAMES = 0.01, 8, 120
"""Exposure and white balance have settled when they stay within this share for so many frames; at 30 a second four seconds are enough."""
CAMERA_AT_FAULT = "is it connected (`rpicam-hello --list-cameras`), and used by no other program?"


class PiCamera(Camera):
    """A camera module on the ribbon connector; grey frames uint8 [H, W]."""

    name = "picamera2"
    live = True

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self._closed = threading.Event()
        self._guard = threading.RLock()  # no buffer may go while it is copied
        self._number = 0
        library = optional("picamera2", needed_by="picamera2", install=INSTALL)
        self._libcamera = optional("libcamera", needed_by="picamera2", install=INSTALL)
        self._mapped = library.MappedArray
        try:
            self._camera = library.Picamera2()
        # The library's errors are RuntimeError, IndexError and what libcamera throws; none is documented.
        except Exception as error:
            raise CameraError(f"picamera2: no camera ({error}); {CAMERA_AT_FAULT}") from error
        try:
            self._configure()
            self._camera.start()
            if settings.lock:
                self._lock()
        except CameraError:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise CameraError(f"picamera2: cannot be set up ({error})") from error

    def frame(self) -> Frame:
        if self._closed.is_set():
            raise CameraError("picamera2: closed")
        try:
            # Without a queue (see `_configure`) this is a frame that was finished after the call.
            request = self._finished(self._camera.capture_request(wait=False))
            taken = now()
            with self._guard:
                try:
                    with self._mapped(request, "main", write=False) as mapped:
                        grey = np.array(mapped.array[: self._height, : self._width])
                finally:
                    request.release()
        except CameraError:
            raise
        except Exception as error:
            raise CameraError(f"picamera2: gives no frame ({type(error).__name__}: {error})") from error
        self._number += 1
        # A half turn is made by the sensor.
        return Frame(picture=turned(grey, self._settings.rotation % 180 and self._settings.rotation), time=taken, number=self._number)

    def close(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            with self._guard, contextlib.suppress(Exception):
                # Closing waits its turn behind the jobs that are under way, and those of a dead camera never end.
                self._camera.cancel_all_and_flush()
                self._camera.close()

    def _configure(self) -> None:
        wanted = self._settings
        half = wanted.rotation == 180
        size = wanted.width or SIZE[0], wanted.height or SIZE[1]
        configuration = self._camera.create_video_configuration(
            main={"size": size, "format": "YUV420"},
            transform=self._libcamera.Transform(hflip=half, vflip=half),
            buffer_count=BUFFERS,
            queue=False,
            controls=self._controls(),
        )
        self._camera.configure(configuration)
        # The library rounds sizes; rows are longer than the picture is wide where the hardware wants them so.
        self._width, self._height = self._camera.camera_configuration()["main"]["size"]

    def _controls(self) -> dict[str, Any]:
        """What was set, in libcamera's words."""
        wanted, has = self._settings, self._camera.camera_controls
        controls: dict[str, Any] = {"FrameDurationLimits": (FASTEST_US, max(SLOWEST_US, wanted.exposure_us or 0))}
        if wanted.fps is not None:
            controls["FrameDurationLimits"] = (round(1e6 / wanted.fps),) * 2
        if wanted.exposure_us is not None:
            controls["ExposureTime"] = wanted.exposure_us
        if wanted.gain is not None:
            controls["AnalogueGain"] = wanted.gain
        if wanted.exposure_us is not None and wanted.gain is not None:
            controls["AeEnable"] = False
        if wanted.white_balance is not None:
            controls |= {"AwbEnable": False, "ColourGains": wanted.white_balance}
        if wanted.focus is not None:
            if "AfMode" not in has:
                raise CameraError("picamera2: this camera's focus is fixed, turn it by hand; leave camera.focus at auto")
            controls |= {"AfMode": self._libcamera.controls.AfModeEnum.Manual, "LensPosition": wanted.focus}
        return controls

    def _lock(self) -> None:
        """Wait until what adjusts itself has settled, and keep it from there on."""
        if "AfMode" in self._camera.camera_controls and self._settings.focus is None:
            self._finished(self._camera.autofocus_cycle(wait=False))
        before, steady = np.zeros(3), 0
        for _ in range(MOST_FRAMES):
            found = self._finished(self._camera.capture_metadata(wait=False))
            light = np.array([found["ExposureTime"] * found["AnalogueGain"], *found["ColourGains"]], np.float64)
            steady = steady + 1 if np.all(np.abs(light - before) <= STEADY * light) else 0
            before = light
            if steady == STEADY_FRAMES:
                break
        controls = {
            "AeEnable": False, "ExposureTime": found["ExposureTime"], "AnalogueGain": found["AnalogueGain"],
            "AwbEnable": False, "ColourGains": found["ColourGains"],
        }  # fmt: skip
        if "LensPosition" in found and "AfMode" in self._camera.camera_controls:
            controls |= {"AfMode": self._libcamera.controls.AfModeEnum.Manual, "LensPosition": found["LensPosition"]}
        self._camera.set_controls(controls | self._controls())

    def _finished(self, job: Any) -> Any:
        """What a job of the library's event loop gives. Raises CameraError where it gives nothing within the timeout."""
        for _ in range(max(1, round(self._settings.timeout_s / POLL_S))):
            if self._closed.is_set():
                raise CameraError("picamera2: closed")
            try:
                return job.get_result(timeout=min(POLL_S, self._settings.timeout_s))
            except NotYet:
                continue
            except CancelledError:
                raise CameraError("picamera2: closed") from None
        self._camera.cancel_all_and_flush()
        raise CameraError(f"picamera2: no frame within {self._settings.timeout_s:g} s; is the ribbon cable firmly in on both sides?")
