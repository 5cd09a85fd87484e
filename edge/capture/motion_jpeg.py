"""Streams of JPEGs over HTTP (multipart/x-mixed-replace), as ESP32-CAM, mjpg-streamer and most network cameras send them.

Read by ourselves and not by FFmpeg: no picture is decoded that nobody asked for, the password stays in a header, and what goes wrong
is told. A part's end is known by its Content-Length where there is one, and else by the boundary of the next (RFC 2046, 5.1).
"""

import re

from edge.capture.address import Address
from edge.capture.exchange import MAX_BYTES, Exchange
from edge.capture.pictures import Image, decode
from edge.errors import CameraError, PictureError

LENGTH = re.compile(rb"^content-length:\s*(\d+)\s*$", re.I | re.M)
HEADERS_END = re.compile(rb"\r?\n\r?\n")
MAX_HEADERS_BYTES = 8192


class MotionJpeg:
    """A stream that is read part by part; only a part that is asked for is decoded."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._shown = address.shown
        self._exchange = Exchange(address, timeout_s).__enter__()
        if not (boundary := self._exchange.boundary):
            self.release()
            raise CameraError(f"{self._shown}: {self._exchange.content_type or 'something'} that is no stream of JPEGs")
        # Some cameras write the dashes into the header as well.
        self._boundary = b"--" + boundary.removeprefix("--").encode("latin-1")
        self._buffer, self._part = bytearray(), b""

    def grab(self) -> None:
        """Take the next part off the connection. Raises CameraError where the stream ends, pauses for too long or is none."""
        self._skip_to(self._boundary)
        headers_end = self._find(HEADERS_END, MAX_HEADERS_BYTES)
        headers = bytes(self._buffer[: headers_end.start()])
        del self._buffer[: headers_end.end()]
        if length := LENGTH.search(headers):
            size = int(length[1])
            if size > MAX_BYTES:
                raise self._no_stream(f"a part of {size / 1e6:.0f} MB")
            while len(self._buffer) < size:
                self._more()
        else:
            size = self._find(re.compile(rb"\r?\n" + re.escape(self._boundary)), MAX_BYTES).start()
        self._part = bytes(self._buffer[:size])
        del self._buffer[:size]

    def retrieve(self) -> Image:
        """The part last taken, decoded. Raises CameraError where it is no picture."""
        try:
            return decode(self._part, self._shown)
        except PictureError as error:
            raise CameraError(str(error)) from error

    def release(self) -> None:
        """Close the connection."""
        self._exchange.__exit__(None, None, None)

    def _skip_to(self, mark: bytes) -> None:
        found = self._find(re.compile(re.escape(mark)), MAX_BYTES)
        del self._buffer[: found.end()]

    def _find(self, pattern: re.Pattern[bytes], within: int) -> re.Match[bytes]:
        """Where the pattern stands in what arrives, `within` so many bytes."""
        searched = 0
        while not (found := pattern.search(self._buffer, searched)):
            if len(self._buffer) > within:
                raise self._no_stream(f"{within} bytes without its boundary")
            # A mark may have arrived in part.
            searched = max(0, len(self._buffer) - 200)
            self._more()
        return found

    def _more(self) -> None:
        part = self._exchange.some()
        if not part:
            raise CameraError(f"{self._shown}: the stream ended; the camera has closed the connection")
        self._buffer += part

    def _no_stream(self, found: str) -> CameraError:
        return CameraError(f"{self._shown}: {found}; expected a stream of JPEGs")
