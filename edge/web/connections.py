"""Connections that end: so many at a time, and none for longer than a client that means well needs.

uvicorn waits for ever for the rest of a request, and for a client to take its answer (Kludex/uvicorn#157), and its limit_concurrency
refuses those who ask while those who do not ask hold what it counts. So each connection has a deadline here, and where there are too
many, the one that has kept us waiting longest goes.
"""

import asyncio
import time

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 32
PATIENCE_S = 20.0
"""From the moment that a request is waited for to that when its answer is taken."""
PIECE_BYTES = 4096
GIVE_WAY_S = 0.001
"""After anything that a client does the reading loop comes first. It computes outside of Python's lock and has to take it back many times a
frame; from a thread that is never idle it gets it after `sys.getswitchinterval()`, 5 ms, each time. So a flood may not keep this one busy,
and a client that means well does not notice."""


class Connection(H11Protocol):
    """One client."""

    most, patience_s = MOST, PATIENCE_S
    waiting_since = 0.0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.most:
            idle = [each for each in self.connections if isinstance(each, Connection) and not each._answering]
            oldest = min(idle, key=lambda it: it.waiting_since, default=self)
            oldest.connections.discard(oldest)
            oldest.transport.abort()
        _give_way()

    def data_received(self, data: bytes) -> None:
        # h11 measures what is incomplete, so that headers of any length would pass if they came in one piece.
        for start in range(0, len(data), PIECE_BYTES):
            if not self.transport.is_closing():
                super().data_received(data[start : start + PIECE_BYTES])
        _give_way()

    def on_response_complete(self) -> None:
        self._wait()
        super().on_response_complete()
        _give_way()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self.waiting_since = self.loop.time()
        self._deadline = self.loop.call_later(self.patience_s, self.transport.abort)


def _give_way() -> None:
    time.sleep(GIVE_WAY_S)
