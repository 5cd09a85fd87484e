"""Streams and devices that deliver whether one looks or not: a thread takes every frame off the queue, and decodes the one asked for.

What is asked for arrived after it was asked for, so that a reading every five minutes never sees a frame of five minutes ago, and
a reader of every frame never sees one twice. What nobody asks for costs next to nothing: a USB camera's JPEG stays undecoded.
"""

import threading
from collections.abc import Callable
from typing import Protocol

from edge.capture.camera import Camera, Frame, now, turned
from edge.capture.pictures import Image
from edge.errors import CameraError, DigitdError

GOODBYE_S = 1.0
"""How long closing waits for the thread: it may be deep in a driver, and lets go by itself when it comes back."""


class Source(Protocol):
    """What the thread draws from. Only that thread ever touches it."""

    def grab(self) -> None:
        """Wait for the next frame and take it off the queue. Raises CameraError where none comes."""

    def retrieve(self) -> Image:
        """The frame last taken, decoded, uint8 [H, W] or [H, W, 3]."""
        ...

    def release(self) -> None:
        """Let go of it."""


class Live(Camera):
    """A source with the thread that keeps it empty."""

    live = True

    def __init__(self, name: str, open_source: Callable[[], Source], *, timeout_s: float, rotation: int = 0) -> None:
        """Waits until the source is open. Raises CameraError where it does not open within the timeout."""
        self.name = name
        self._open, self._timeout_s, self._rotation = open_source, timeout_s, rotation
        self._changed = threading.Condition()
        self._is_open = self._asked = self._closed = False
        self._frame: Frame | None = None
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"camera {name}", daemon=True)
        self._thread.start()
        with self._changed:
            answered = self._changed.wait_for(lambda: self._is_open or self._over, timeout_s)
            if not answered or self._over:
                # Should it open after all, nobody is there any more.
                self._closed = True
                raise CameraError(self._failure or f"{name}: did not open within {timeout_s:g} s")

    def frame(self) -> Frame:
        with self._changed:
            self._asked = True
            self._changed.wait_for(lambda: self._frame is not None or self._over, self._timeout_s)
            frame = self._frame
            self._frame, self._asked = None, False
            if frame is None:
                closed = "closed" if self._closed else f"no frame within {self._timeout_s:g} s; is it still connected?"
                raise CameraError(self._failure or f"{self.name}: {closed}")
        return Frame(picture=turned(frame.picture, self._rotation), time=frame.time, number=frame.number)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(GOODBYE_S)

    @property
    def _over(self) -> bool:
        return self._closed or self._failure is not None

    def _run(self) -> None:
        try:
            source = self._open()
            try:
                self._draw(source)
            finally:
                source.release()
        except DigitdError as error:
            self._fail(str(error))
        # Whatever it is, whoever waits for a frame must hear of it.
        except Exception as error:
            self._fail(f"{self.name}: {type(error).__name__}: {error}")

    def _draw(self, source: Source) -> None:
        with self._changed:
            self._is_open = True
            self._changed.notify_all()
        number = 0
        while not self._closed:
            source.grab()
            taken, number = now(), number + 1
            # What a reader of every frame asks for is the very frame that is being waited for.
            if self._asked:
                picture = source.retrieve()
                with self._changed:
                    # Whoever asked may have given up; for the next one this would be an old frame.
                    if self._asked:
                        self._frame, self._asked = Frame(picture=picture, time=taken, number=number), False
                        self._changed.notify_all()

    def _fail(self, reason: str) -> None:
        with self._changed:
            self._failure = reason
            self._changed.notify_all()
