"""An HTTP server on this machine that takes what is posted to it, or not."""

import contextlib
import dataclasses
import http.server
import threading
from collections.abc import Callable, Iterator


@dataclasses.dataclass(frozen=True)
class Posted:
    path: str
    headers: dict[str, str]
    body: str


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int = 200
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Receiver(http.server.ThreadingHTTPServer):
    """`answer` says what to answer to a request, `asked` holds all of them, `taken` those that were answered with 2xx."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: Callable[[Posted], Answer] = lambda _: Answer()
        self.asked: list[Posted] = []
        self.taken: list[Posted] = []
        self.drips = False
        """It answers with a byte now and then, for ever."""
        self.leaving = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        posted = Posted(self.path, dict(self.headers.items()), body)
        self.server.asked.append(posted)
        if self.server.drips:
            with contextlib.suppress(OSError):
                while not self.server.leaving.wait(0.02):
                    self.wfile.write(b"H")
            return
        answer = self.server.answer(posted)
        if 200 <= answer.status < 300:
            self.server.taken.append(posted)
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.leaving.set()
            server.shutdown()
            thread.join()
