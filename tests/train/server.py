"""A small HTTP server on this machine that serves files well and badly."""

import contextlib
import http.server
import re
import threading
import time
from collections.abc import Iterator


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` by path, all others are 404; `asked` logs the requests.

    `broken` paths give half and hang up, `stalled` ones give half and fall silent, `slow` ones never answer,
    `paced` ones take a moment.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.broken: dict[str, int] = {}
        """How often a path gives only half of its file before it gives all."""
        self.slow: set[str] = set()
        self.stalled: set[str] = set()
        self.paced: set[str] = set()
        self.asked: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        self.server.asked.append((name, self.headers.get("Range")))
        if name in self.server.slow:
            time.sleep(3)
            return
        if name in self.server.paced:
            time.sleep(0.3)
        content = self.server.files.get(name)
        if content is None:
            self.send_error(404)
            return
        start = int(match[1]) if (match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))) else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.server.broken.get(name, 0):
            self.server.broken[name] -= 1
            self.wfile.write(content[start : start + (len(content) - start) // 2])
            return
        if name in self.server.stalled:
            self.wfile.write(content[start : start + (len(content) - start) // 2])
            time.sleep(3)
            return
        self.wfile.write(content[start:])

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
