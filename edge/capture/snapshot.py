"""A picture each time it is asked for: cameras that answer an address with one JPEG, as an ESP32-CAM does."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from edge.capture.address import Address
from edge.capture.camera import Camera, Frame, now, turned
from edge.capture.exchange import Exchange
from edge.capture.pictures import decode
from edge.errors import CameraError, DigitdError, PictureError

STREAMS = "multipart/"
OTHER_STREAMS = ("video/", "application/vnd.apple.mpegurl", "application/x-mpegurl", "application/sdp")

T = TypeVar("T")


class Snapshot(Camera):
    """Asks for a picture at each `frame`, and waits no longer than the timeout for all of it."""

    live = True

    def __init__(self, address: Address, *, timeout_s: float, rotation: int = 0) -> None:
        self.name = address.shown
        self._address, self._timeout_s, self._rotation = address, timeout_s, rotation
        self._number = 0
        self._fetch: _Fetch[bytes] | None = None
        self._closed = False

    def frame(self) -> Frame:
        if self._closed:
            raise CameraError(f"{self.name}: closed")
        self._fetch = fetch = _Fetch(self._address, self._timeout_s, Exchange.content)
        content = fetch.result(self._timeout_s)
        taken = now()
        try:
            picture = decode(content, self.name)
        except PictureError as error:
            raise CameraError(str(error)) from error
        self._number += 1
        return Frame(picture=turned(picture, self._rotation), time=taken, number=self._number)

    def close(self) -> None:
        self._closed = True
        if self._fetch is not None:
            self._fetch.abort("closed")


def is_stream(address: Address, timeout_s: float) -> bool:
    """Whether the address answers with a stream of JPEGs, not with one. Raises CameraError where it answers with neither."""
    kind = _Fetch(address, timeout_s, lambda exchange: exchange.content_type).result(timeout_s)
    if kind.startswith(OTHER_STREAMS):
        raise CameraError(f"{address.shown}: a stream of the kind {kind}; expected JPEGs, or name the camera's rtsp:// address")
    return kind.startswith(STREAMS)


class _Fetch(Generic[T]):
    """One request in a thread of its own: names are looked up without a timeout, and a signal must not wait for a camera."""

    def __init__(self, address: Address, timeout_s: float, take: Callable[[Exchange], T]) -> None:
        self._name, self._take = address.shown, take
        self._settle = threading.RLock()
        self._done = threading.Event()
        self._taken: list[T] = []
        self._error = ""
        self._exchange = Exchange(address, timeout_s)
        threading.Thread(target=self._run, name=f"camera {address.shown}", daemon=True).start()

    def result(self, timeout_s: float) -> T:
        """What was taken from the answer. Raises CameraError."""
        if not self._done.wait(timeout_s):
            self.abort(f"no picture within {timeout_s:g} s")
        if not self._taken:
            raise CameraError(self._error)
        return self._taken[0]

    def abort(self, reason: str) -> None:
        """Let nobody wait any longer."""
        self._over(f"{self._name}: {reason}")
        self._exchange.abort()

    def _over(self, error: str = "", *taken: T) -> None:
        """How it ended, unless it has already: what an aborted connection still gives is half of something."""
        with self._settle:
            if not self._done.is_set():
                self._error, self._taken = error, list(taken)
                self._done.set()

    def _run(self) -> None:
        try:
            with self._exchange:
                taken = self._take(self._exchange)
            self._over("", taken)
        except DigitdError as error:
            self._over(str(error))
        # Whatever it is, whoever waits must hear of it.
        except Exception as error:
            self._over(f"{self._name}: {type(error).__name__} while asking for a picture")
