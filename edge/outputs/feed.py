"""Which records are on their way: what to send next, and up to where everything has arrived."""

import collections
import time

from edge.outputs.record import Outbox, Record

PAGE = 100
"""So many records are asked for at once; more than are ever on their way."""

LOOK_S = 60.0
"""It looks for new records so often even if nobody says that there are any."""


class Feed:
    """Records from an outbox to a receiver that acknowledges each message, over one connection. Not for several threads at once.

    What was on its way when a connection broke comes first in the next one's feed: as often as it takes, in order, with the same id.
    """

    def __init__(self, outbox: Outbox, output: str) -> None:
        self._outbox, self._output = outbox, output
        self._page: collections.deque[Record] = collections.deque()
        self._more = True
        self._looked = time.monotonic()
        self._last = 0
        self._open: dict[int, int] = {}
        """Id of a record → how many of its messages are not acknowledged, in the order they were sent."""

    def look(self) -> None:
        """There may be new records."""
        self._more = True

    def next(self) -> Record | None:
        """The next record to send; None where there is none."""
        if not self._page and (self._more or time.monotonic() - self._looked >= LOOK_S):
            self._looked = time.monotonic()
            pending = self._outbox.pending(self._output, PAGE)
            self._more = len(pending) == PAGE
            self._page.extend(record for record in pending if record.id > self._last)
        return self._page.popleft() if self._page else None

    def sent(self, record: Record, messages: int) -> None:
        """It is on its way in so many messages."""
        self._last = record.id
        self._open[record.id] = messages

    def acknowledged(self, number: int) -> None:
        """A message of the record with this id has arrived. Once all have, of this record and those before it, they are delivered."""
        self._open[number] -= 1
        arrived = 0
        for each, missing in self._open.items():
            if missing:
                break
            arrived = each
        if arrived:
            self._outbox.delivered(self._output, arrived)
            self._open = {each: missing for each, missing in self._open.items() if each > arrived}

    @property
    def idle(self) -> bool:
        """Whether all that is known of has arrived."""
        return not (self._open or self._page or self._more)
