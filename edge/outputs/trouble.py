"""What keeps an output from delivering: said once, kept for whoever asks, and how long to wait before the next try."""

import logging
import socket
import ssl
import time
from collections.abc import Callable

SETTLED_S = 60.0
"""What fails again sooner has not recovered: it goes on as before, with the same wait and nothing new in the log."""

log = logging.getLogger(__name__)


class Trouble:
    """The state of one output. first_s, most_s: the wait after the first failure, and the longest; it doubles from one to the next.

    clock: monotonic, in seconds.
    """

    def __init__(self, name: str, *, first_s: float, most_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.name, self.first_s, self.most_s, self.clock = name, first_s, most_s, clock
        self.problem: str | None = None
        """What is wrong, for people; None while all is well."""
        self._wait_s = first_s
        self._said: set[str] = set()
        self._over = clock() - SETTLED_S

    def failed(self, why: str) -> float:
        """It failed; returns how many seconds to wait. Each reason is logged once until it is over."""
        if self.problem is None and self.clock() - self._over >= SETTLED_S:
            self._said.clear()
            self._wait_s = self.first_s
        self.note(why)
        self.problem = f"{self.name}: {why}"
        wait_s, self._wait_s = self._wait_s, min(2 * self._wait_s, self.most_s)
        return wait_s

    def over(self) -> None:
        """It works."""
        if self.problem is not None:
            self._say(logging.INFO, "works again")
            self.problem, self._over = None, self.clock()

    def note(self, what: str) -> None:
        """Something is wrong that keeps no reading back: only the log has to know, once."""
        self._say(logging.WARNING, what)

    def _say(self, level: int, what: str) -> None:
        log.log(logging.DEBUG if what in self._said else level, "%s: %s", self.name, what)
        self._said.add(what)


def in_words(error: Exception, timeout_s: float) -> str:
    """Why a connection did not come about, or broke."""
    match error:
        case TimeoutError():
            return f"no answer within {timeout_s:g} s; is it switched on, and in this network?"
        case ConnectionRefusedError():
            return "refuses the connection: nothing serves that port"
        case socket.gaierror():
            return "no such host; is its name spelt so, and known to this network?"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS fails: {error.reason or error}"
        case FileNotFoundError() | PermissionError():
            return f"{error.filename or 'a file'}: {error.strerror}"
        case OSError():
            return f"cannot be reached: {error.strerror or error or type(error).__name__}"
        case _:
            return f"cannot be spoken to ({type(error).__name__})"  # its text may hold what is sent, and that be secret
