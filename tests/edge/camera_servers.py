"""Network cameras: a real HTTP server with every behaviour that a camera may have.

Its pictures carry a number in black and white blocks, which survives JPEG, so that a test knows which one it was given.
"""

import base64
import contextlib
import http.server
import re
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np

from edge.capture.pictures import Image

USER, PASSWORD = "maria", "s3cret/&@?"
BITS, BLOCK = 16, 32
BURST = 200


def numbered(number: int) -> Image:
    """A picture uint8 [64, 512, 3] that shows a number."""
    bits = np.array([[255 if number >> bit & 1 else 0 for bit in range(BITS)]] * 2, np.uint8)
    bits[1] = 90
    return np.repeat(np.kron(bits, np.ones((BLOCK, BLOCK), np.uint8))[..., None], 3, axis=2)


def number_of(picture: Image) -> int:
    """The number that a picture shows."""
    grey = picture if picture.ndim == 2 else picture[..., 1]
    levels = grey[:BLOCK].reshape(BLOCK, BITS, BLOCK).mean((0, 2))
    return sum(1 << bit for bit in range(BITS) if levels[bit] > 128)


def jpeg(number: int) -> bytes:
    return cv2.imencode(".jpg", numbered(number))[1].tobytes()


class CameraServer(http.server.ThreadingHTTPServer):
    """Behaves as the path says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sent = 0
        self.requests: list[str] = []
        self.go_on = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the game."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: CameraServer

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        name = re.sub(r"\W", "_", self.path.partition("?")[0].strip("/"))
        getattr(self, f"_{name}", self._missing)()

    def _answer(self, content: bytes, *, kind: str = "image/jpeg", length: int | None = None, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def _capture_jpg(self) -> None:
        self.server.sent += 1
        self._answer(jpeg(self.server.sent))

    def _guarded_jpg(self) -> None:
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {expected}":
            self._capture_jpg()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()

    def _digest_jpg(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Digest realm="camera", nonce="1"')
        self.end_headers()

    def _moved_jpg(self) -> None:
        self.send_response(302)
        self.send_header("Location", f"http://{USER}:hidden@elsewhere/capture.jpg")
        self.end_headers()

    def _missing(self) -> None:
        self.send_error(404)

    def _broken_jpg(self) -> None:
        self.send_error(503)

    def _silent_jpg(self) -> None:
        self.server.go_on.wait(10)

    def _drip_jpg(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        while not self.server.go_on.wait(0.05):
            self.wfile.write(b"\xff")

    def _cut_jpg(self) -> None:
        content = jpeg(1)
        self._answer(content[: len(content) // 2], length=len(content))

    def _half_jpg(self) -> None:
        content = jpeg(1)
        self._answer(content[: len(content) // 2])

    def _page_jpg(self) -> None:
        self._answer(b"<html><body>log in first</body></html>", kind="text/html")

    def _empty_jpg(self) -> None:
        self._answer(b"")

    def _huge_jpg(self) -> None:
        self._answer(jpeg(1), length=10**10)

    def _endless_jpg(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        while True:
            self.wfile.write(bytes(1_000_000))
            self.server.sent += 1_000_000

    def _garbage_jpg(self) -> None:
        self.wfile.write(b"\x00\x01\x02 not HTTP at all\r\n\r\n")

    def _film_mp4(self) -> None:
        self._answer(b"", kind="video/mp4")

    def _parts(self, *, lengths: bool, header: str = "frame", mark: str = "frame") -> Iterator[None]:
        """Writes the next numbered picture whenever it is advanced."""
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={header}")
        self.end_headers()
        while True:
            content = jpeg(self.server.sent + 1)
            length = f"Content-Length: {len(content)}\r\n" if lengths else ""
            self.wfile.write(f"--{mark}\r\nContent-Type: image/jpeg\r\n{length}\r\n".encode() + content + b"\r\n")
            self.server.sent += 1
            yield

    def _stream(self) -> None:
        """A burst, a pause, and then on and on."""
        for _ in self._parts(lengths=True):
            if self.server.sent >= BURST:
                self.server.go_on.wait(10)
                time.sleep(0.01)

    def _plain_stream(self) -> None:
        for _ in self._parts(lengths=False, header="--odd boundary".replace(" ", "-"), mark="odd-boundary"):
            time.sleep(0.01)

    def _short_stream(self) -> None:
        for part, _ in enumerate(self._parts(lengths=True)):
            if part == 2:
                return
            time.sleep(0.05)

    def _stuck_stream(self) -> None:
        for _ in self._parts(lengths=True):
            self.server.go_on.wait(10)

    def _wild_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        while True:
            self.wfile.write(bytes(1_000_000))


@contextlib.contextmanager
def camera_server() -> Iterator[CameraServer]:
    server = CameraServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
