"""A camera that is looked after for years: what fails, freezes or goes black is told once, left alone for a while, and opened again."""

import contextlib
import logging
import time
from collections.abc import Callable

import numpy as np

from edge.capture.attendant import Attendant
from edge.capture.camera import Camera, Frame, now
from edge.capture.pictures import Image
from edge.errors import CameraError, DigitdError

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

    `frame` raises CameraError as soon as a frame fails, and until `rest_s` is over without touching the camera. It waits for a camera
    no longer than until `close`, whatever the camera is doing.
    """

    live = True

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        *,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        stale_s: float | None = None,
    ) -> None:
        """name: for the log. clock: seconds. stale_s: how old the newest picture may be that somebody else puts there; None: any age."""
        self.name = name
        self._open, self._clock, self.stale_s = open_camera, clock, stale_s
        self._closed = False
        self._camera: Camera | None = None
        self._pause_s, self._again_at, self._reason = FIRST_PAUSE_S, 0.0, ""
        self._failed_at: float | None = None
        self._fine_since: float | None = None
        self._black_since: float | None = None
        self._sample: Image | None = None
        self._same_since, self._same, self._number, self._frozen = 0.0, 0, -1, False
        self._attendant = Attendant(name, at_end=self._let_go)

    @property
    def rest_s(self) -> float:
        """Seconds until the camera is to be asked again; 0 where it has not failed."""
        return 0.0 if self._failed_at is None else max(0.0, self._again_at - self._clock())

    def anew(self) -> "Watched":
        """The same camera, looked after from the beginning: for one that was closed because it does not answer."""
        return Watched(self._open, name=self.name, clock=self._clock, stale_s=self.stale_s)

    def frame(self, meanwhile: Callable[[], None] | None = None) -> Frame:
        """meanwhile: done again and again while the camera takes its time."""
        if self._closed:
            raise CameraError(f"{self.name}: closed")
        if self.rest_s > 0:
            raise CameraError(self._reason)
        try:
            camera, frame = self._attendant.done(self._taken, meanwhile)
        except CameraError as error:
            self._failed(str(error), open_again=True)
            raise
        if (reason := self._flaw(camera, frame)) is not None:
            black_s = REOPEN_BLACK_S if self._black_since is None else self._clock() - self._black_since
            self._failed(reason, open_again=camera.live and black_s >= REOPEN_BLACK_S, costs=not camera.fed)
            raise CameraError(reason)
        self._works()
        return frame

    def close(self) -> None:
        self._closed = True
        self._attendant.dismiss()

    def _taken(self) -> tuple[Camera, Frame]:
        """A frame, and the camera that took it. Raises CameraError where there is none, and nothing else."""
        try:
            if (camera := self._camera) is None:
                self._camera = camera = self._open()
                # Only a camera that froze is known by the picture that it showed before.
                self._black_since, self._number, self._sample = None, -1, self._sample if self._frozen else None
                if self._closed:
                    raise CameraError(f"{self.name}: closed")
            return camera, camera.frame()
        except CameraError:
            raise
        except DigitdError as error:
            raise CameraError(str(error)) from error
        # Drivers and libraries have errors of their own, and the daemon outlives all of them.
        except Exception as error:
            raise CameraError(f"{self.name}: {type(error).__name__}: {error}") from error

    def _let_go(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            # What is broken may not even close.
            with contextlib.suppress(Exception):
                camera.close()

    def _flaw(self, camera: Camera, frame: Frame) -> str | None:
        """What is wrong with a frame."""
        if camera.fed:
            return self._stale(frame)
        return self._without_sense(frame) if camera.live else None

    def _stale(self, frame: Frame) -> str | None:
        age_s = (now() - frame.time).total_seconds()
        if self.stale_s is None or age_s <= self.stale_s:
            return None
        since = frame.time.astimezone()
        day = "" if since.date() == now().astimezone().date() else f"{since:%Y-%m-%d} "
        ago = f"{age_s / 60:.0f} min" if age_s < 7200 else f"{age_s / 3600:.0f} h"
        return f"{self.name}: no new picture since {day}{since:%H:%M} ({ago} ago); does whoever puts them there still run?"

    def _without_sense(self, frame: Frame) -> str | None:
        """Why no working sensor takes such a picture."""
        if shown := blank(frame.picture):
            self._black_since = self._clock() if self._black_since is None else self._black_since
            return f"{self.name}: {shown}; is the lens covered, or the light off?"
        self._black_since = None
        if frame.number == self._number and not self._frozen:
            return None
        self._number = frame.number
        sample = frame.picture[::ROW_STEP]
        if self._sample is None or not np.array_equal(sample, self._sample):
            self._sample, self._same, self._same_since, self._frozen = sample.copy(), 1, self._clock(), False
            return None
        self._same += 1
        frozen_s = self._clock() - self._same_since
        self._frozen = self._same >= FROZEN_FRAMES and frozen_s >= FROZEN_S
        return f"{self.name}: frozen, the same picture for {frozen_s:.0f} s" if self._frozen else None

    def _failed(self, reason: str, *, open_again: bool, costs: bool = True) -> None:
        """costs: asking again costs something, so that it is done less and less often."""
        if self._closed:
            return
        at = self._clock()
        if self._failed_at is None:
            self._failed_at = at
            if self._fine_since is None or at - self._fine_since >= STEADY_S:
                self._pause_s = FIRST_PAUSE_S
            log.warning("%s; trying again until it works", reason)
        else:
            log.debug("%s", reason)
        self._reason, self._again_at = reason, at + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S) if costs else FIRST_PAUSE_S
        if open_again:
            self._attendant.done(self._let_go)

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
