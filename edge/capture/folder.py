"""The newest picture of a folder, for whatever puts pictures there: rpicam-still, a camera that uploads, a script."""

import datetime
import heapq
import os
import threading
from pathlib import Path

from edge.capture.camera import Camera, Frame, turned
from edge.capture.formats import SUFFIXES
from edge.capture.pictures import decode, read
from edge.errors import CameraError, PictureError

NEWEST = 4
"""So many are tried: the newest may be half written, and one before it damaged."""
PAUSE_S = 1.0
"""How soon the same picture is handed out again."""


class Folder(Camera):
    """The picture that was changed last, by the file's time; one that is half written is skipped until it is whole.

    Where nothing is new the same picture comes again, with its number: it is no fault that nobody has put another one there.
    """

    live = False
    fed = True

    def __init__(self, path: str, *, rotation: int = 0) -> None:
        self.name = f"folder:{path}"
        self._path, self._rotation = Path(path).expanduser(), rotation
        self._closed = threading.Event()
        self._frame: Frame | None = None
        self._shown: tuple[float, str] | None = None

    def frame(self) -> Frame:
        if self._closed.is_set():
            raise CameraError(f"{self.name}: closed")
        candidates = self._candidates()
        if not candidates:
            raise CameraError(f"{self.name}: no picture in it; expected {', '.join(sorted(SUFFIXES))} directly in the folder")
        reason: PictureError | None = None
        for taken, path in candidates:
            if self._frame is not None and self._shown == (taken, path):
                # Whoever reads as fast as it can must not read one file a thousand times a second.
                self._closed.wait(PAUSE_S)
                return self._frame
            try:
                picture = decode(read(Path(path)), path)
            except PictureError as error:
                reason = reason or error
                continue
            number = 1 if self._frame is None else self._frame.number + 1
            time = datetime.datetime.fromtimestamp(taken, datetime.UTC)
            self._frame, self._shown = Frame(picture=turned(picture, self._rotation), time=time, number=number), (taken, path)
            return self._frame
        raise CameraError(f"{self.name}: none of its newest pictures can be read: {reason}") from reason

    def close(self) -> None:
        self._closed.set()

    def _candidates(self) -> list[tuple[float, str]]:
        """Time and path of the newest pictures, the newest first."""
        try:
            with os.scandir(self._path) as entries:
                found = [
                    (entry.stat().st_mtime, entry.path)
                    for entry in entries
                    if not entry.name.startswith(".") and Path(entry.name).suffix.lower() in SUFFIXES and entry.is_file()
                ]
        except FileNotFoundError as error:
            if self._path.is_dir():
                return []  # a picture went away while the folder was read
            raise CameraError(f"{self.name}: no such folder") from error
        except OSError as error:
            raise CameraError(f"{self.name}: cannot be read ({error.strerror})") from error
        return heapq.nlargest(NEWEST, found)
