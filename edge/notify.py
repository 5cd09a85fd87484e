"""What digitd tells systemd, in systemd's own words: sd_notify(3), without its library.

with Notifier() as service:
    service.ready()             # the first frame was read
    service.alive()             # with each frame that was captured and processed
    service.status("water 1234.567 m³")
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from types import TracebackType

TIMEOUT_S = 1.0
"""A service manager that does not listen for so long is not waited for any more."""
TIMES_A_PERIOD = 4
"""So many signs of life within the time after which systemd takes a silent service for dead."""

log = logging.getLogger(__name__)


class Notifier:
    """Tells the service manager that started this process; where none did, every call does nothing. No call raises, or blocks for long."""

    def __init__(self, environment: Mapping[str, str] = os.environ, *, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: monotonic, in seconds."""
        self.watchdog_s = self._least_s = _watchdog_s(environment)
        """Seconds after which a silent service is restarted; None where nobody watches."""
        self._clock = clock
        self._alive_at: float | None = None
        self._status = ""
        self._failed = False
        name = environment.get("NOTIFY_SOCKET", "")
        # An abstract socket is written with @ for the zero byte that it begins with.
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self._socket: socket.socket | None = None
        if name.startswith(("@", "/")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        elif name:
            log.warning("NOTIFY_SOCKET=%s: expected a path or @name; systemd is told nothing", name)

    def __enter__(self) -> "Notifier":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is told from now on."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def ready(self) -> None:
        """Started, or done with what `reloading` began: the service is up, and watched from now on."""
        self._send("READY=1")
        self._alive_at = None

    def alive(self) -> None:
        """A sign of life; may be given with every frame, for systemd is not woken more often than it needs."""
        if self.watchdog_s is None:
            return
        now = self._clock()
        if self._alive_at is None or now - self._alive_at >= self.watchdog_s / TIMES_A_PERIOD:
            self._alive_at = now
            self._send("WATCHDOG=1")

    def expect(self, watchdog_s: float) -> None:
        """From now on a sign of life may take so many seconds: a camera that is asked once an hour gives none in between. What the service
        manager allows by itself stays allowed.

        It is no sign of life itself. Where nobody watches, nobody begins to.
        """
        watchdog_s = max(watchdog_s, self._least_s or 0.0)
        if self.watchdog_s is not None and watchdog_s != self.watchdog_s:
            self.watchdog_s = watchdog_s
            self._send(f"WATCHDOG_USEC={round(watchdog_s * 1e6)}")

    def status(self, text: str) -> None:
        """What `systemctl status` shows; sent when it changes."""
        line = " ".join(text.split())  # a second line would be a message of its own
        if line != self._status:
            self._status = line
            self._send(f"STATUS={line}")

    def reloading(self) -> None:
        """The configuration is read again from now on; `ready` has to follow, however that ends."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """On the way out."""
        self._send("STOPPING=1")

    def _send(self, *fields: str) -> None:
        if self._socket is None:
            return
        try:
            # Waited for once, so that the loop beside it does not stand still again and again.
            self._socket.settimeout(0 if self._failed else TIMEOUT_S)
            self._socket.sendto("\n".join(fields).encode(), self._address)
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("systemd cannot be told %s: %s", fields[0], error.strerror or error)
            self._failed = True


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """WATCHDOG_USEC, if it is meant for this process: children inherit it."""
    period, process = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(os.getpid()))
    return int(period) / 1e6 if period.isdecimal() and int(period) > 0 and process == str(os.getpid()) else None
