"""One HTTP POST, and what its answer means for those who have to deliver something.

The standard library's client is enough: a connection for each, no redirections, for tokens would go with them.
"""

import base64
import contextlib
import http.client
import socket
import threading
import urllib.parse
from collections.abc import Iterator

from edge.outputs.trouble import in_words

AGENT = "digitd"
ANSWER_BYTES = 4096
SHOWN_CHARACTERS = 200
UNWANTED = frozenset({400, 413, 415, 422})
"""It was read and is not wanted: the same again is refused again. Whatever else goes wrong somebody can mend, at the receiver or here."""
LONGEST_PAUSE_S = 3600.0


class RefusedError(Exception):
    """The receiver does not want this very content."""


class UnavailableError(Exception):
    """It was not delivered, and may be later. pause_s: the receiver asks to be left alone for so long."""

    def __init__(self, why: str, pause_s: float = 0.0) -> None:
        super().__init__(why)
        self.pause_s = pause_s


def shown(url: str) -> str:
    """What of an address may stand in a log: user and password do not, and the path is a secret of many a webhook."""
    parts = urllib.parse.urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


def post(url: str, body: bytes, headers: dict[str, str], *, timeout_s: float) -> None:
    """Deliver `body`; all of it takes no longer than the timeout. Raises RefusedError or UnavailableError."""
    parts = urllib.parse.urlsplit(url)
    target = urllib.parse.quote(parts._replace(scheme="", netloc="", fragment="").geturl() or "/", safe="/?&=%:;,@!$'()*+~")
    sent = {"User-Agent": AGENT, "Connection": "close", **_login(parts), **headers}
    with _connected(parts, timeout_s) as connection, _at_most(timeout_s, connection.sock):
        connection.request("POST", target, body, sent)
        answer = connection.getresponse()
        text = answer.read(ANSWER_BYTES).decode("utf-8", "replace")
    if not 200 <= answer.status < 300:
        raise _failure(answer, text)


def reach(url: str, *, timeout_s: float) -> None:
    """See whether it takes connections, encrypted ones where they are to be, and say nothing. Raises UnavailableError."""
    with _connected(urllib.parse.urlsplit(url), timeout_s):
        pass


@contextlib.contextmanager
def _connected(parts: urllib.parse.SplitResult, timeout_s: float) -> Iterator[http.client.HTTPConnection]:
    """A connection; what goes wrong with it, or in it, is an UnavailableError."""
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        with contextlib.closing(kind(parts.hostname or "", parts.port, timeout=timeout_s)) as connection:
            connection.connect()
            yield connection
    except http.client.HTTPException as error:
        raise UnavailableError(f"no proper HTTP answer ({type(error).__name__})") from None  # its text may hold the address
    except (OSError, ValueError) as error:
        raise UnavailableError(in_words(error, timeout_s)) from None


def _failure(answer: http.client.HTTPResponse, text: str) -> RefusedError | UnavailableError:
    said = f"answers {answer.status} {answer.reason}".rstrip()
    if 300 <= answer.status < 400:
        return UnavailableError(f"{said} and leads to {shown(answer.headers.get('Location', ''))}; name that address itself")
    if content := " ".join(text.split()):
        said += f": {content[:SHOWN_CHARACTERS]}"
    if answer.status in UNWANTED:
        return RefusedError(said)
    pause = answer.headers.get("Retry-After", "")
    return UnavailableError(said, min(float(pause), LONGEST_PAUSE_S) if pause.isascii() and pause.isdigit() else 0.0)


def _login(parts: urllib.parse.SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    login = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


@contextlib.contextmanager
def _at_most(timeout_s: float, sock: socket.socket) -> Iterator[None]:
    """The socket's own timeout begins anew with each byte; a server that drips must not hold up everything for ever."""
    over = threading.Event()

    def end() -> None:
        over.set()
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(timeout_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if over.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
