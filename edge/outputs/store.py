"""What digitd keeps: readings, what was used each day, what each output has delivered, and the state of each counter. SQLite, one writer.

Readings wait in memory until a commit writes them together, with one fsync: an SD card wears out by those. Where a commit fails (no room,
read-only, no answer) they go on waiting, and outputs take them from there.
"""

import datetime
import json
import logging
import sqlite3
import threading
import time as clocks
from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from edge.errors import StoreError
from edge.outputs import kept, rows
from edge.outputs.kept import Kept
from edge.outputs.record import Record
from edge.outputs.retention import Ages, Thinned, thin
from edge.outputs.writer import Writer
from edge.reading import Reading

IDS = 1_000_000
"""So many ids are set aside in the database beforehand: one that an output has told the world is not given again, even where the power
fails before the reading could be written."""
PAGE = 500
"""Records that are read at once, while other threads wait."""
NONE: list[Record] = []
log = logging.getLogger(__name__)


class Store:
    """Keeps readings in a file and gives them out. Any thread may call it.

    commit_interval_s: how long a reading may wait to be committed; changed_interval_s: the same where the value changed, 0 commits it at
    once. clock: monotonic, in seconds. Raises StoreError for a file that is not ours, newer, in use, or without permission.

    Example: `with Store(path) as store: store.add("water", reading, time=now, rate=None, publish=True, changed=True)`
    """

    def __init__(
        self, path: Path, *, commit_interval_s: float = 10.0, changed_interval_s: float = 0.0, clock: Callable[[], float] = clocks.monotonic
    ) -> None:
        self.path, self.clock = path, clock
        self.commit_interval_s, self.changed_interval_s = commit_interval_s, changed_interval_s
        self.committed = 0
        """Every reading up to this id is in the database, safe from a power cut."""
        self.lost = 0
        """Readings that could not be committed when it was closed."""
        self._lock = threading.RLock()
        self._kept = Kept()
        self._dirty = self._changed = False
        self._tried = clock()
        self._thinned = Thinned()
        self._writer = Writer(path)
        try:
            loaded = self._writer.read(lambda c: (Kept.load(c), rows.last_id(c)), None)
            if loaded is None:  # to begin with nothing would write over what is there
                raise StoreError(f"{path}: it does not answer; is the disk failing?")
            self._kept, self.committed = loaded
            self._next, self._aside = self.committed + 1, 0
            if not self._commit() or not self._writer.ids_known:
                # No earlier start can have given these, unless the clock was set back.
                self._next = max(self._next, int(clocks.time() * 1000))
                self._commit()
        except BaseException:
            self._writer.close()
            raise

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit and close. What cannot be committed now is lost, and the log says how much."""
        with self._lock:
            try:
                # Nobody has heard of an id that is not committed now.
                if not self._commit(lambda connection: rows.set_last_id(connection, self._next - 1)) and self._kept.waiting:
                    self.lost = len(self._kept.waiting)
                    log.error("%s: %s; %d readings are lost", self.path, self._writer.trouble, self.lost)
            finally:
                self._writer.close()

    @property
    def visible(self) -> int:
        """Outputs see every reading up to this id: committed, or waiting in memory while nothing can be committed."""
        return self._next - 1 if self._writer.trouble else self.committed

    @property
    def problem(self) -> str | None:
        """What keeps readings from being kept, for people; None while all is well."""
        with self._lock:
            trouble, waiting = self._writer.trouble, self._kept.in_words
            return f"{self.path}: {trouble}; {waiting}. They are kept once that is mended" if trouble else None

    def add(self, counter: str, reading: Reading, *, time: datetime.datetime, rate: float | None, publish: bool, changed: bool) -> int:
        """Keep a reading; returns its id.

        time: UTC, of the frame; rate: units per hour; publish: outputs are to have it; changed: its value is new, commit it soon.
        """
        rows.to_us(time)
        with self._lock:
            record = Record(
                id=self._next, time=time.astimezone(datetime.UTC), counter=counter, value=reading.value, raw=reading.raw,
                confidence=reading.confidence, status=reading.status, rate=rate,
            )  # fmt: skip
            self._next += 1
            self._kept.add(record, publish=publish, total=lambda *day: self._writer.read(lambda c: kept.total(c, *day), Decimal(0)))
            self._changed |= changed
            self._dirty = True
            self.tick()
        return record.id

    def save_state(self, counter: str, state: dict[str, Any], *, anew: bool = False) -> None:
        """Keep what a counter knows, as JSON. Called before `add`, it is committed with that reading, never without.

        anew: the values so far were misread, and nothing flowed from them to the next.
        """
        with self._lock:
            known = self._kept.counter(counter)
            known.state, known.value = json.dumps(state), None if anew else known.value
            self._dirty = True

    def load_state(self, counter: str) -> dict[str, Any] | None:
        """What `save_state` kept last; None where nothing was."""
        with self._lock:
            known = self._kept.counters.get(counter)
        return dict(json.loads(known.state)) if known and known.state else None

    def tick(self) -> None:
        """Commit if it is time to. To be called with every frame, and while there are none."""
        with self._lock:
            soon = self._changed and not self._writer.trouble
            wait = self.changed_interval_s if soon else self.commit_interval_s * (1 + self._writer.owed)
            if self._dirty and self.clock() - self._tried >= wait:
                if not soon:
                    self._writer.owed = 0
                self._commit()

    def commit(self) -> None:
        """Write all that waits, now. Where that fails `problem` says why, and it goes on waiting."""
        with self._lock:
            if self._dirty:
                self._commit()

    def thin(self, now: datetime.datetime, ages: Ages = Ages()) -> None:  # noqa: B008
        """Let old readings grow fewer, and commit; now: UTC. Totals stay, and so does what an output has not delivered."""
        with self._lock:
            delivered = min(self._kept.delivered.values(), default=2**62)
            done = [self._thinned]
            if self._commit(lambda connection: done.append(thin(connection, now, ages, delivered, self._thinned))):
                self._thinned = done[-1]

    def outputs(self, names: Collection[str], *, only: bool = True) -> None:
        """Which outputs there are (only: no others). One that is new begins with what comes now; one that is gone holds nothing back."""
        with self._lock:
            before = self._kept.delivered
            gone = [(name,) for name in before if only and name not in names]
            self._kept.delivered = ({} if only else before) | {name: before.get(name, self._next - 1) for name in names}
            self._commit(lambda connection: connection.executemany("DELETE FROM output WHERE name = ?", gone))

    def pending(self, output: str, limit: int = 100) -> list[Record]:
        """Committed records to be published that `output` has not delivered yet, the oldest first.

        While nothing can be committed, those that wait in memory too: the world hears of readings though the disk is full.
        """
        with self._lock:
            after = self._kept.delivered.setdefault(output, 0)
            return [*self._writer.read(lambda c: rows.pending(c, after, limit), NONE), *self._in_memory(after)][:limit]

    def delivered(self, output: str, up_to: int) -> None:
        """`output` has delivered every record up to this id. Kept with the next commit: after a power cut some may come again."""
        with self._lock:
            if up_to > self._kept.delivered.setdefault(output, 0):
                self._kept.delivered[output] = up_to
                self._dirty = True

    def queue_length(self, output: str) -> int:
        """How many records `output` has not delivered yet."""
        with self._lock:
            after = self._kept.delivered.get(output, 0)
            return self._writer.read(lambda c: rows.count_pending(c, after), 0) + len(self._in_memory(after))

    def readings(
        self, counter: str | None = None, start: datetime.datetime | None = None, end: datetime.datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Record]:  # fmt: skip
        """Committed records with start ≤ time < end in the order they were made; limit: that many at most. None: no bound."""
        with self._lock:
            first, last = self._writer.read(lambda c: rows.ids_between(c, start, end), (1, 0))
        left = last if limit is None else limit
        while first <= last and left > 0:
            ids, size = (first, last), min(PAGE, left)

            def page(connection: sqlite3.Connection, ids: tuple[int, int] = ids, size: int = size) -> list[Record]:
                return list(rows.select(connection, ids, counter=counter, start=start, end=end, limit=size))

            with self._lock:
                found = self._writer.read(page, NONE)
            if not found:
                return
            yield from found
            first, left = found[-1].id + 1, left - len(found)

    def latest(self, counter: str) -> Record | None:
        """The counter's last record, committed or not; None where there is none."""
        with self._lock:
            if waiting := [record for record, _ in self._kept.waiting if record.counter == counter]:
                return waiting[-1]
            return self._writer.read(lambda c: rows.latest(c, counter), None)

    def consumption(self, counter: str, start_day: datetime.date, end_day: datetime.date) -> dict[datetime.date, Decimal]:
        """What was used on each day from the first to the last, in the counter's unit, exact, up to this moment.

        Days are those of the machine's time zone; one without a valid reading is not among them. What was used while nothing was read
        counts on the day that it was seen. All days together are the last value less the first that was not misread.
        """
        with self._lock:
            found: dict[datetime.date, Decimal] = {}
            found = self._writer.read(lambda c: kept.consumption(c, counter, start_day, end_day), found)
            known = self._kept.counters.get(counter)
            found.update({day: used for day, used in (known.used if known else {}).items() if start_day <= day <= end_day})
            return dict(sorted(found.items()))

    def _in_memory(self, after: int) -> list[Record]:
        return self._kept.published(after) if self._writer.trouble else []

    def _commit(self, besides: Callable[[sqlite3.Connection], object] | None = None) -> bool:
        """Write all that waits, and `besides` in the same transaction; whether that could be done."""
        self._tried = self.clock()
        aside = self._aside if self._next + IDS // 2 < self._aside else self._next + IDS

        def write(connection: sqlite3.Connection) -> None:
            self._kept.write(connection)
            rows.set_last_id(connection, aside)
            if besides:
                besides(connection)

        if not self._writer.commit(write):
            return False
        self._aside, self.committed = aside, self._next - 1
        self._dirty = self._changed = False
        self._kept.committed()
        return True
