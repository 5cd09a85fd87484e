"""The web server: uvicorn in a thread of its own, so that the reading loop never waits for a client."""

import asyncio
import contextlib
import logging
import socket
import threading
from types import TracebackType

import anyio.to_thread
import uvicorn

from edge.errors import ConfigError
from edge.web import connections
from edge.web.auth import Asgi, guarded

WORKERS = 2
"""Threads that answer; more would only take turns."""
BACKLOG = 128
"""Connections that the kernel keeps until they are accepted."""
KEEP_ALIVE_S, GRACE_S, STOP_S = 5, 1, 2.0
MOST_HEADER_BYTES = 16_384
IP_FREEBIND = getattr(socket, "IP_FREEBIND", 15)

log = logging.getLogger(__name__)


class Server:
    """Answers on an address as long as it is open. port 0: any that is free.

    most_connections, patience_s: how many clients at a time, and how long one may take. Raises ConfigError where it cannot listen.

    Example: `with Server(application(source, metrics.text), token=read_token(path), host="0.0.0.0", port=8080): ...`
    """

    def __init__(
        self, app: Asgi, *, token: str, host: str, port: int, most_connections: int = connections.MOST,
        patience_s: float = connections.PATIENCE_S,
    ) -> None:  # fmt: skip
        class Connection(connections.Connection):
            most = most_connections

        Connection.patience_s = patience_s
        self._socket = listening(host, port)
        self.port: int = self._socket.getsockname()[1]
        # The log is the daemon's: uvicorn tells faults, not visits. Nothing here needs websockets, or a lifespan.
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                guarded(app, token), http=Connection, ws="none", lifespan="off", loop="asyncio", log_config=None, log_level="error",
                access_log=False, proxy_headers=False, server_header=False, backlog=BACKLOG, timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S, h11_max_incomplete_event_size=MOST_HEADER_BYTES,
            )
        )  # fmt: skip
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop within two seconds; answers that are under way have one to be taken."""
        self._uvicorn.should_exit = True
        self._thread.join(STOP_S)

    @property
    def problem(self) -> str | None:
        """What keeps it from answering, for people; None while it answers."""
        return None if self._thread.is_alive() else "the web server has stopped; the log says why"

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (Exception, SystemExit):
            log.exception("the web server has stopped")
        finally:
            self._socket.close()

    async def _serve(self) -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = WORKERS
        await self._uvicorn.serve(sockets=[self._socket])


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens already, so that whoever comes from now on is answered. Raises ConfigError where there can be none."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"http host {host}: {error.strerror}; expected an address of this machine, such as 0.0.0.0") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # An address that the network has not given yet: digitd starts before it.
        with contextlib.suppress(OSError):
            listener.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"http: cannot listen on {host}, port {port} ({error.strerror}); expected a free port of 1024 or more. Set port in [http]"
        ) from error
    return listener
