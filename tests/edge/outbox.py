"""An outbox in memory, records to put into it, and how to wait for what another thread does."""

import datetime
import threading
import time
from collections.abc import Callable, Iterable
from decimal import Decimal

from edge.outputs.record import Record
from edge.reading import Status

NOON = datetime.datetime(2026, 11, 25, 12, 0, tzinfo=datetime.UTC)


def record(
    number: int, value: str | None = "1234.567", *, counter: str = "water", raw: str = "01234567", status: Status = Status.OK,
    confidence: float = 0.987654321, rate: float | None = 0.31,
) -> Record:  # fmt: skip
    """Reading `number`, made that many seconds after noon."""
    return Record(
        id=number, time=NOON + datetime.timedelta(seconds=number), counter=counter, value=None if value is None else Decimal(value),
        raw=raw, confidence=confidence, status=status, rate=rate,
    )  # fmt: skip


class MemoryOutbox:
    """Holds records, and what each output has delivered of them."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._lock = threading.Lock()
        self._records = list(records)
        self._delivered: dict[str, int] = {}

    def add(self, *records: Record) -> None:
        with self._lock:
            self._records += records

    def pending(self, output: str, limit: int = 100) -> list[Record]:
        with self._lock:
            return [each for each in self._records if each.id > self._delivered.get(output, 0)][:limit]

    def delivered(self, output: str, up_to: int) -> None:
        with self._lock:
            assert up_to > self._delivered.get(output, 0), "nothing is delivered twice"
            self._delivered[output] = up_to

    def up_to(self, output: str) -> int:
        """The id up to which everything is delivered."""
        with self._lock:
            return self._delivered.get(output, 0)


def until(condition: Callable[[], object], what: str = "", within_s: float = 30.0) -> None:
    """Wait for what another thread does; the limit only keeps a broken one from blocking the tests."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what or "it does not come about"
        time.sleep(0.005)
