"""One HTTP request to a camera and its answer, with every way in which it can go wrong told in one line.

The standard library's client is enough: one connection, one answer. Redirections are not followed, for the password would go with them.
"""

import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from edge.capture.address import Address
from edge.errors import CameraError

AGENT = "digitd"
CHUNK_BYTES = 65_536
MAX_BYTES = 32_000_000
"""More than any camera's JPEG, and little enough for a Pi's memory."""


class Exchange:
    """A connection on which one thing is asked for; open once the answer's headers have arrived.

    Example: `with Exchange(address, 5.0) as exchange: content = exchange.content()`. Raises CameraError, never with a password in it.
    """

    def __init__(self, address: Address, timeout_s: float) -> None:
        """timeout_s: for connecting, and for each pause of the camera's."""
        self._address, self._timeout_s = address, timeout_s
        self._shown = address.shown
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(address.host, address.port, timeout=timeout_s)
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        try:
            with self._told():
                self._connection.connect()
                # The connection lets go of its socket as soon as the answer is known to be the last.
                self._socket = self._connection.sock
                headers = {"User-Agent": AGENT, "Connection": "close", **self._address.basic}
                self._connection.request("GET", self._address.target, headers=headers)
                self._answer = self._connection.getresponse()
            if self._answer.status != http.client.OK:
                raise CameraError(f"{self._shown}: {self._refused()}")
        except BaseException:
            self._connection.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._answer.close()
        self._connection.close()

    @property
    def content_type(self) -> str:
        """What the answer says it is, in small letters and without parameters; empty where it does not."""
        return (self._answer.headers.get_content_type() if "Content-Type" in self._answer.headers else "").lower()

    @property
    def boundary(self) -> str | None:
        """What stands between the parts of an answer that has several."""
        return self._answer.headers.get_boundary()

    def content(self) -> bytes:
        """The whole answer, up to `MAX_BYTES`, in no more than the timeout."""
        announced = self._answer.length
        if announced is not None and announced > MAX_BYTES:
            raise self._too_large(announced)
        deadline = time.monotonic() + self._timeout_s
        parts, size = [], 0
        while part := self.some():
            parts.append(part)
            size += len(part)
            if size > MAX_BYTES:
                raise self._too_large(size)
            if time.monotonic() > deadline:
                raise CameraError(f"{self._shown}: {size} bytes after {self._timeout_s:g} s and no end; the connection is too slow")
        if self._answer.length:
            raise CameraError(f"{self._shown}: ends {self._answer.length} bytes before the length it announced; the connection was cut")
        return b"".join(parts)

    def some(self) -> bytes:
        """What has arrived since, as soon as there is anything; nothing at the end."""
        with self._told():
            return self._answer.read1(CHUNK_BYTES)

    def abort(self) -> None:
        """End what another thread waits for."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _refused(self) -> str:
        status, headers = self._answer.status, self._answer.headers
        said = f"answers {status} {self._answer.reason}".rstrip()
        if status == http.client.UNAUTHORIZED:
            asked = headers.get("WWW-Authenticate", "").partition(" ")[0]
            if asked.lower() not in ("", "basic"):
                return f"{said}: it asks for {asked} authentication, and only Basic can be given; change that in the camera's settings"
            return f"{said}: user or password are missing or wrong (camera.user, camera.password_file)"
        if status == http.client.NOT_FOUND:
            return f"{said}: the address is wrong after the host; expected the camera's picture, often /capture or /snapshot.jpg"
        if 300 <= status < 400:
            return f"{said} and leads to {Address.masked(headers.get('Location', 'nowhere'))}; name that address itself"
        return f"{said}; expected a picture"

    def _too_large(self, size: int) -> CameraError:
        return CameraError(f"{self._shown}: {size / 1e6:.0f} MB or more; expected a picture of at most {MAX_BYTES // 1_000_000} MB")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except http.client.HTTPException as error:
            # Its text may hold the whole address.
            raise CameraError(f"{self._shown}: no proper HTTP answer ({type(error).__name__})") from None
        except (OSError, ValueError) as error:
            raise CameraError(f"{self._shown}: {unreachable(error, self._timeout_s)}") from None


def unreachable(error: Exception, timeout_s: float) -> str:
    """Why a connection did not come about, or broke."""
    match error:
        case TimeoutError():
            return f"no answer within {timeout_s:g} s; is it switched on, and in this network?"
        case ConnectionRefusedError():
            return "refuses the connection: the camera is there, and nothing serves that port"
        case socket.gaierror():
            return "no such host; is its name spelt so, and known to this network?"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message}); install its authority on this machine, or use http://"
        case ssl.SSLError():
            return "no proper TLS; is it http:// that this port speaks?"
        case OSError():
            return f"cannot be reached ({error.strerror or type(error).__name__})"
        case _:
            return f"no proper answer ({type(error).__name__})"
