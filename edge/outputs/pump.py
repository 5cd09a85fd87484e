"""The loop of every output that sends and is answered: take what is pending, send it, mark it delivered; where that fails, wait and again.

What cannot be delivered waits for ever, with one exception. Where a receiver has read a single record and does not want it (post.py,
UNWANTED), three times and with the usual growing waits between, that record is skipped, which the log says: one such must not hold back
all others. The waits go on growing until something is accepted, so a receiver that wants none loses few before somebody notices; and a
skipped reading is still in the database, for `digitd export`.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from edge.outputs.post import RefusedError, UnavailableError
from edge.outputs.record import Outbox, Record
from edge.outputs.trouble import Trouble

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
IDLE_S = 60.0
"""It looks for new records so often even if nobody says that there are any."""
EXIT_S = 0.2
TRIES = 3

log = logging.getLogger(__name__)
Send = Callable[[Sequence[Record]], None]


class Pump:
    """Empties an outbox through `send`, in a thread of its own, until it is left.

    output: the name that the outbox knows; receiver: what the log calls it; batch: so many records are sent at once at most.
    send: raises RefusedError or UnavailableError. Example: `with Pump("webhook", "webhook x", store, send) as pump: pump.wake()`
    """

    def __init__(
        self, output: str, receiver: str, outbox: Outbox, send: Send, *, batch: int = 1, first_wait_s: float = FIRST_WAIT_S,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:  # fmt: skip
        self._output, self._outbox, self._send_all, self._batch = output, outbox, send, batch
        self._trouble = Trouble(receiver, first_s=first_wait_s, most_s=longest_wait_s)
        self._alone = 0
        """So many records are sent one by one, to find which of them is not wanted."""
        self._refusals = 0
        self._stop, self._new = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=output, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave. What is being sent is not waited for long: it comes again at the next start."""
        self._stop.set()
        self._new.set()
        self._thread.join(EXIT_S)

    def wake(self) -> None:
        """There are new records. Called from any thread; never waits."""
        self._new.set()

    @property
    def problem(self) -> str | None:
        """What keeps readings from the receiver, for people; None while all is well."""
        return self._trouble.problem

    def _run(self) -> None:
        while not self._stop.is_set():
            self._new.clear()
            try:
                if not self._round() and not self._stop.is_set():
                    self._new.wait(IDLE_S)
            except UnavailableError as error:
                self._stop.wait(max(self._trouble.failed(str(error)), error.pause_s))
            # Whatever it is, the next try may do better; a dead thread never does.
            except Exception as error:
                log.debug("%s", self._output, exc_info=True)
                self._stop.wait(self._trouble.failed(f"{type(error).__name__}: {error}"))

    def _round(self) -> bool:
        """Deliver some; whether there were any."""
        records = self._outbox.pending(self._output, 1 if self._alone else self._batch)
        if not records:
            return False
        try:
            self._send_all(records)
        except RefusedError as error:
            if len(records) > 1:
                self._alone = len(records)
                return True
            self._refusals += 1
            if self._refusals < TRIES:
                raise UnavailableError(str(error)) from error
            log.error("%s: reading %d is skipped: %s", self._trouble.name, records[0].id, error)
        else:
            self._trouble.over()
        self._refusals = 0
        self._alone = max(0, self._alone - len(records))
        self._outbox.delivered(self._output, records[-1].id)
        return True
