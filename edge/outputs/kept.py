"""What the store holds in memory: readings that wait for the next commit, and where each counter and each output stands."""

import dataclasses
import datetime
import sqlite3
from collections.abc import Callable
from decimal import Decimal

from edge.outputs import days
from edge.outputs.record import Record
from edge.outputs.rows import to_decimal, to_us

MOST_RECORDS = 20_000
"""So many readings wait in memory at most, some 10 MB; then those that no output asks for are dropped, then the oldest."""


@dataclasses.dataclass
class Counter:
    """What is kept of a counter besides its readings."""

    id: int
    state: str | None = None
    """JSON."""
    value: Decimal | None = None
    """The last valid value."""
    day: datetime.date | None = None
    """The last day that consumption was counted on."""
    last: int | None = None
    """Id of the last reading."""
    used: dict[datetime.date, Decimal] = dataclasses.field(default_factory=dict)
    """What was used in all on its last day, and on every day that changed since the last commit."""


@dataclasses.dataclass
class Kept:
    """Everything that a commit writes. All of it is absolute (rows by id, totals, cursors): one that failed half-way is made again."""

    counters: dict[str, Counter] = dataclasses.field(default_factory=dict)
    delivered: dict[str, int] = dataclasses.field(default_factory=dict)
    """The last id that each output has delivered."""
    waiting: list[tuple[Record, bool]] = dataclasses.field(default_factory=list)
    """Readings since the last commit, the oldest first, each with whether it is to be published."""
    most: int = MOST_RECORDS
    dropped: int = 0
    """Readings that memory did not suffice for, since the last commit."""

    @classmethod
    def load(cls, connection: sqlite3.Connection) -> "Kept":
        """What the database holds."""
        kept = cls(delivered=dict(connection.execute("SELECT name, delivered FROM output")))
        for name, number, state, value, day, last in connection.execute("SELECT name, id, state, value, day, last FROM counter"):
            date = None if day is None else datetime.date.fromisoformat(day)
            counter = Counter(number, state, to_decimal(value), date, last)
            if date is not None:
                counter.used[date] = total(connection, number, date)
            kept.counters[name] = counter
        return kept

    @property
    def in_words(self) -> str:
        """How many readings wait."""
        lost = f", {self.dropped} had to be dropped" if self.dropped else ""
        return f"{len(self.waiting)} readings wait in memory{lost}"

    def counter(self, name: str) -> Counter:
        """The counter of that name, a new one where there is none."""
        if name not in self.counters:
            self.counters[name] = Counter(1 + max((counter.id for counter in self.counters.values()), default=0))
        return self.counters[name]

    def add(self, record: Record, *, publish: bool, total: Callable[[int, datetime.date], Decimal]) -> None:
        """Let a record wait, and count what was used. total: what the database holds of a counter's day."""
        counter = self.counter(record.counter)
        counter.last = record.id
        if record.value is not None:
            counter.day = days.day_of(record.time, counter.day)
            if counter.day not in counter.used:
                counter.used[counter.day] = total(counter.id, counter.day)
            if counter.value is not None:
                counter.used[counter.day] += days.used(counter.value, record.value, len(record.raw))
            counter.value = record.value
        self.waiting.append((record, publish))
        if len(self.waiting) > self.most:
            before = len(self.waiting)
            # Room for a while, so that this is not done for each record.
            self.waiting = [each for each in self.waiting if each[1]][-self.most * 9 // 10 :]
            self.dropped += before - len(self.waiting)

    def published(self, after: int) -> list[Record]:
        """The waiting records to be published with an id above `after`, the oldest first."""
        return [record for record, publish in self.waiting if publish and record.id > after]

    def write(self, connection: sqlite3.Connection) -> None:
        """Write all of it, within the caller's transaction. A page that says the same as before is not written again."""
        connection.executemany(
            "INSERT INTO counter (name, id, state, value, day, last) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "state = excluded.state, value = excluded.value, day = excluded.day, last = excluded.last "
            "WHERE (state, value, day, last) IS NOT (excluded.state, excluded.value, excluded.day, excluded.last)",
            [(name, c.id, c.state, _text(c.value), _text(c.day), c.last) for name, c in self.counters.items()],
        )
        connection.executemany(
            "INSERT INTO consumption VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used = excluded.used WHERE used != excluded.used",
            [(c.id, day.isoformat(), str(used)) for c in self.counters.values() for day, used in c.used.items()],
        )
        connection.executemany(
            "INSERT INTO output VALUES (?, ?) ON CONFLICT DO UPDATE SET delivered = excluded.delivered "
            "WHERE delivered != excluded.delivered",
            self.delivered.items(),
        )
        connection.executemany(
            "INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            (
                (r.id, to_us(r.time), self.counters[r.counter].id, _text(r.value), r.raw, r.confidence, r.status.value, r.rate, publish)
                for r, publish in self.waiting
            ),
        )

    def committed(self) -> None:
        """It is written."""
        self.waiting, self.dropped = [], 0
        for counter in self.counters.values():
            counter.used = {day: used for day, used in counter.used.items() if day == counter.day}


def total(connection: sqlite3.Connection, counter: int, day: datetime.date) -> Decimal:
    """What a counter used on a day, as far as it is committed."""
    row = connection.execute("SELECT used FROM consumption WHERE counter = ? AND day = ?", (counter, day.isoformat())).fetchone()
    return Decimal(row[0]) if row else Decimal(0)


def consumption(
    connection: sqlite3.Connection, counter: str, start_day: datetime.date, end_day: datetime.date
) -> dict[datetime.date, Decimal]:  # fmt: skip
    """What a counter used on each day from the first to the last, as far as it is committed."""
    rows = connection.execute(
        "SELECT c.day, used FROM consumption AS c JOIN counter ON counter.id = c.counter "
        "WHERE name = ? AND c.day BETWEEN ? AND ? ORDER BY c.day",
        (counter, start_day.isoformat(), end_day.isoformat()),
    )
    return {datetime.date.fromisoformat(day): Decimal(used) for day, used in rows}


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)
