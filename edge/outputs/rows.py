"""A record and its row in the database: decimals as text and times as whole microseconds, both exact."""

import datetime
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from decimal import Decimal

from edge.outputs.record import Record
from edge.reading import Status

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MICROSECOND = datetime.timedelta(microseconds=1)
COLUMNS = "reading.id, reading.time, counter.name, reading.value, raw, confidence, status, rate"
FROM = "reading JOIN counter ON counter.id = reading.counter"

log = logging.getLogger(__name__)
Row = tuple[int, int, str, str | None, str, float, str, float | None]


def to_us(time: datetime.datetime) -> int:
    """Microseconds since 1970. Raises ValueError for a time that does not say where."""
    if time.tzinfo is None:
        raise ValueError(f"time {time}: without a time zone; expected UTC")
    return (time - EPOCH) // MICROSECOND


def to_decimal(text: str | None) -> Decimal | None:
    """The number that a text says."""
    return None if text is None else Decimal(text)


def to_records(rows: Iterable[Row]) -> Iterator[Record]:
    """Records of rows of `COLUMNS`. A row that a failing card has garbled is left out: it must not stop those behind it."""
    for row in rows:
        try:
            yield to_record(row)
        except (ValueError, ArithmeticError, TypeError):
            log.warning("reading %s is garbled, and left out: %r", row[0], row)


def to_record(row: Row) -> Record:
    """The record of a row of `COLUMNS`."""
    number, time, counter, value, raw, confidence, status, rate = row
    return Record(
        id=number,
        time=EPOCH + time * MICROSECOND,
        counter=counter,
        value=to_decimal(value),
        raw=raw,
        confidence=confidence,
        status=Status(status),
        rate=rate,
    )


def pending(connection: sqlite3.Connection, after: int, limit: int) -> list[Record]:
    """Records to be published with an id above `after`, the oldest first."""
    sql = f"SELECT {COLUMNS} FROM {FROM} WHERE publish AND reading.id > ? ORDER BY reading.id LIMIT ?"
    return list(to_records(connection.execute(sql, (after, limit))))


def count_pending(connection: sqlite3.Connection, after: int) -> int:
    """How many records are to be published and have an id above `after`."""
    return int(connection.execute("SELECT count(*) FROM reading WHERE publish AND id > ?", (after,)).fetchone()[0])


def latest(connection: sqlite3.Connection, counter: str) -> Record | None:
    """The counter's last record."""
    sql = f"SELECT {COLUMNS} FROM {FROM} WHERE reading.id = (SELECT last FROM counter WHERE name = ?)"
    return next(to_records(connection.execute(sql, (counter,))), None)


def around(connection: sqlite3.Connection, counter: str, number: int) -> tuple[Decimal | None, Decimal | None]:
    """The counter's last trusted value before the id, and the first behind it."""
    found: list[Decimal | None] = []
    for side, order in (("<", "DESC"), (">", "ASC")):
        wanted = f"counter.name = ? AND status = 'ok' AND reading.id {side} ? ORDER BY reading.id {order} LIMIT 1"
        record = next(to_records(connection.execute(f"SELECT {COLUMNS} FROM {FROM} WHERE {wanted}", (counter, number))), None)
        found.append(record.value if record else None)
    return found[0], found[1]


def last_id(connection: sqlite3.Connection) -> int:
    """The highest id that was given, or set aside to be given."""
    return int(connection.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = 'reading'").fetchone()[0] or 0)


def set_last_id(connection: sqlite3.Connection, last: int) -> None:
    """Ids above this are free."""
    connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'reading' AND seq != ?", (last, last))


def ids_between(connection: sqlite3.Connection, start: datetime.datetime | None, end: datetime.datetime | None) -> tuple[int, int]:
    """The first and the last id of what has start ≤ time < end; a clock that was set back may have put others between them."""
    sql = "SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM reading WHERE time >= ? AND time < ?"
    first, last = connection.execute(sql, _bounds(start, end)).fetchone()
    return first, last


def select(
    connection: sqlite3.Connection,
    ids: tuple[int, int],
    *,
    counter: str | None = None,
    start: datetime.datetime | None = None,
    end: datetime.datetime | None = None,
    limit: int | None = None,
) -> Iterator[Record]:
    """Records with an id from the first to the last, and start ≤ time < end, in the order they were made, one at a time.

    counter: its name; None: all of them.
    """
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM {FROM} WHERE reading.id BETWEEN ?1 AND ?2 AND +reading.time >= ?3 AND +reading.time < ?4 "
        "AND (?5 IS NULL OR counter.name = ?5) ORDER BY reading.id LIMIT ?6",
        (*ids, *_bounds(start, end), counter, -1 if limit is None else limit),
    )
    return to_records(rows)


def _bounds(start: datetime.datetime | None, end: datetime.datetime | None) -> tuple[int, int]:
    return to_us(start) if start else -(2**62), to_us(end) if end else 2**62
