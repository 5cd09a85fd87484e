"""A camera that is looked after for years: what fails, freezes or goes black is told once, left alone for a while, and opened again."""

import logging
import threading
import time
from collections.abc import Callable

import numpy as np

from edge.capture.camera import Camera, Frame
from edge.capture.pictures import Image
from edge.errors import CameraError

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""How long a camera that failed is left alone, twice as long each time."""
STEADY_S = 60.0
"""A camera that has worked for so long starts with the shortest pause again; one that comes and goes does not fill the log."""
FROZEN_S, FROZEN_FRAMES = 120.0, 3
"""So long, and in so many frames, no pixel may stay as it is: sensors have noise. Streams repeat themselves for some seconds at most,
where nothing moves and the coder sends differences."""
BLACK_LEVEL, BRIGHT_SHARE = 16, 0.001
"""Black: at most this share of the pixels is brighter than what video calls black."""
EVEN_LEVELS, WHITE_LEVEL = 2, 250
"""One colour: no more levels between the darkest and the brightest pixel. White is left to whoever judges exposure."""
REOPEN_BLACK_S = 600.0
"""A camera that shows black works, and waits for light. Only after so long it is opened anew, for that costs memory on a Pi."""
ROW_STEP, PIXEL_STEP = 16, 16
"""Every so many rows are compared, every so many pixels judged: what fails, fails all over."""


class Watched(Camera):
    """Opens a camera when it is first asked for a frame, and again whenever it fails.

    `frame` raises CameraError as soon as a frame fails; asked again, it waits until the pause is over before it tries.
    """

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        *,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """name: for the log. clock: seconds. wait: waits so many seconds, and says whether it was woken to give up."""
        self.name, self.live = name, True
        self._open, self._clock = open_camera, clock
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._camera: Camera | None = None
        self._pause_s, self._again_at = FIRST_PAUSE_S, 0.0
        self._failed_at: float | None = None
        self._fine_since: float | None = None
        self._black_since: float | None = None
        self._sample: Image | None = None
        self._same_since, self._same, self._number = 0.0, 0, -1

    def frame(self) -> Frame:
        if self._failed_at is not None and (rest := self._again_at - self._clock()) > 0 and self._wait(rest):
            raise CameraError(f"{self.name}: no longer waited for")
        if self._closed.is_set():
            raise CameraError(f"{self.name}: closed")
        try:
            frame, reason = self._taken()
        except CameraError as error:
            self._failed(str(error), open_again=True)
            raise
        if reason is not None:
            black_s = 0.0 if self._black_since is None else self._clock() - self._black_since
            self._failed(reason, open_again=self._black_since is None or black_s >= REOPEN_BLACK_S)
            raise CameraError(reason)
        self._works()
        return frame

    def close(self) -> None:
        self._closed.set()
        if (camera := self._camera) is not None:
            camera.close()

    def _taken(self) -> tuple[Frame, str | None]:
        """A frame, and what is wrong with it. Raises CameraError where there is none."""
        if self._camera is None:
            self._camera = self._open()
            self._black_since, self._sample, self._number = None, None, -1
        frame = self._camera.frame()
        return frame, self._flaw(frame) if self._camera.live else None

    def _flaw(self, frame: Frame) -> str | None:
        """Why no working camera takes such a picture."""
        if shown := blank(frame.picture):
            self._black_since = self._clock() if self._black_since is None else self._black_since
            return f"{self.name}: {shown}; is the lens covered, or the light off?"
        self._black_since = None
        if frame.number == self._number:
            return None
        self._number = frame.number
        sample = frame.picture[::ROW_STEP]
        if self._sample is None or not np.array_equal(sample, self._sample):
            self._sample, self._same, self._same_since = sample.copy(), 1, self._clock()
            return None
        self._same += 1
        frozen_s = self._clock() - self._same_since
        frozen = self._same >= FROZEN_FRAMES and frozen_s >= FROZEN_S
        return f"{self.name}: frozen, the same picture for {frozen_s:.0f} s" if frozen else None

    def _failed(self, reason: str, *, open_again: bool) -> None:
        if self._closed.is_set():
            return
        now = self._clock()
        if self._failed_at is None:
            self._failed_at = now
            if self._fine_since is None or now - self._fine_since >= STEADY_S:
                self._pause_s = FIRST_PAUSE_S
            log.warning("%s; trying again until it works", reason)
        else:
            log.debug("%s", reason)
        self._again_at = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        if open_again and self._camera is not None and self._camera.live:
            camera, self._camera = self._camera, None
            camera.close()

    def _works(self) -> None:
        if self._failed_at is not None:
            log.info("%s: gives pictures again, after %.0f s", self.name, self._clock() - self._failed_at)
            self._failed_at, self._fine_since = None, self._clock()


def blank(picture: Image) -> str | None:
    """What is wrong with a picture uint8 [H, W] or [H, W, 3] that shows nothing at all; None where it shows something."""
    pixels = picture[::PIXEL_STEP, ::PIXEL_STEP]
    if np.count_nonzero(pixels > BLACK_LEVEL) <= BRIGHT_SHARE * pixels.size:
        return "a black picture"
    levels = np.ptp(pixels.reshape(-1, 1 if pixels.ndim == 2 else 3), axis=0)
    if int(levels.max()) <= EVEN_LEVELS and int(pixels.min()) < WHITE_LEVEL:
        return "a picture of one colour"
    return None
