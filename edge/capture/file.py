"""A picture or a video from a file as a camera: to try a configuration out, and to see again what happened."""

import datetime
import threading
import time
from pathlib import Path

import cv2
import numpy as np

from edge.capture.camera import Camera, Frame, now, turned
from edge.capture.ffmpeg import DECODERS, open_video
from edge.capture.folder import PAUSE_S
from edge.capture.formats import is_video
from edge.capture.pictures import decode, head_of, read
from edge.errors import CameraError, PictureError

FPS = 25.0
"""Where a video does not tell."""


def open_file(path: str, *, rotation: int = 0) -> Camera:
    """The camera that a file makes. Raises CameraError where it is neither a picture nor a video."""
    file = Path(path).expanduser()
    return Recording(file, rotation=rotation) if is_video(head_of(file)) else Still(file, rotation=rotation)


class Still(Camera):
    """One picture; whenever the file has changed, what is in it then."""

    live = False

    def __init__(self, path: Path, *, rotation: int = 0) -> None:
        self.name = f"file:{path}"
        self._path, self._rotation = path, rotation
        self._closed = threading.Event()
        self._changed = 0.0
        self._frame = self._read(1)
        self._given = False

    def frame(self) -> Frame:
        if self._closed.is_set():
            raise CameraError(f"{self.name}: closed")
        if self._time() != self._changed:
            self._frame = self._read(self._frame.number + 1)
        elif self._given:
            self._closed.wait(PAUSE_S)
        self._given = True
        return self._frame

    def close(self) -> None:
        self._closed.set()

    def _read(self, number: int) -> Frame:
        changed = self._time()
        try:
            picture = turned(decode(read(self._path), str(self._path)), self._rotation)
        except PictureError as error:
            raise CameraError(str(error)) from error
        self._changed = changed
        return Frame(picture=picture, time=datetime.datetime.fromtimestamp(changed, datetime.UTC), number=number)

    def _time(self) -> float:
        try:
            return self._path.stat().st_mtime
        except OSError as error:
            raise CameraError(f"{self.name}: {error.strerror}; expected a picture or a video") from error


class Recording(Camera):
    """A video that runs in its own time from when it was opened, as a camera would: late readers get the frame that is due."""

    live = False

    def __init__(self, path: Path, *, rotation: int = 0) -> None:
        self.name = f"file:{path}"
        self._rotation = rotation
        self._closed = threading.Event()
        self._guard = threading.RLock()
        self._capture = open_video(path, [cv2.CAP_PROP_N_THREADS, DECODERS])
        if not self._capture.isOpened():
            raise CameraError(f"{self.name}: a video that cannot be opened: damaged, cut short, or of a kind that OpenCV cannot decode")
        self._fps = self._capture.get(cv2.CAP_PROP_FPS) or FPS
        self._started, self._number = time.monotonic(), 0

    def frame(self) -> Frame:
        # The first is due at once, each of the others when its time has come.
        while not self._closed.is_set() and (early := self._number / self._fps - self._running()) > 0:
            self._closed.wait(early)
        with self._guard:
            if self._closed.is_set():
                raise CameraError(f"{self.name}: closed")
            due = max(int(self._running() * self._fps) + 1, self._number + 1)
            while self._number < due:
                if not self._capture.grab():
                    raise CameraError(f"{self.name}: has ended after {self._number} frames")
                self._number += 1
            got, picture = self._capture.retrieve()
            if not got:
                raise CameraError(f"{self.name}: frame {self._number} cannot be decoded")
        return Frame(picture=turned(np.asarray(picture, np.uint8), self._rotation), time=now(), number=self._number)

    def close(self) -> None:
        self._closed.set()
        with self._guard:
            self._capture.release()

    def _running(self) -> float:
        return time.monotonic() - self._started
