"""Old readings grow fewer: all of them for a week, then one a minute, then one an hour.

A reading is as old as those made around it: ids tell what came before, since a clock may be wrong for a while.
"""

import dataclasses
import datetime
import sqlite3

from edge.outputs.days import CLOCK_SET
from edge.outputs.rows import MICROSECOND, to_us

MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ages:
    """How long readings are kept."""

    all: datetime.timedelta = datetime.timedelta(days=7)
    """For so long all readings are kept."""
    per_minute: datetime.timedelta = datetime.timedelta(days=90)
    """For so long after that one a minute is kept, from then on one an hour."""


@dataclasses.dataclass(frozen=True)
class Thinned:
    """The ids from which on there may be something to thin, to one a minute and to one an hour."""

    minutes: int = 0
    hours: int = 0


def thin(connection: sqlite3.Connection, now: datetime.datetime, ages: Ages, delivered: int, done: Thinned = Thinned()) -> Thinned:
    """Delete what is too many, within the caller's transaction; returns what is done, for the next time.

    Of each counter's minute or hour the last valid reading stays, or the last where none is valid. Never deleted: what is published and
    has an id above `delivered`, and every counter's last reading, nor the last that is valid. By a clock that is not set nothing is old.
    """
    if now < CLOCK_SET:
        return done
    return Thinned(
        minutes=_stage(connection, now, ages.all, MINUTE_US, delivered, done.minutes),
        hours=_stage(connection, now, ages.all + ages.per_minute, HOUR_US, delivered, done.hours),
    )


def _stage(
    connection: sqlite3.Connection, now: datetime.datetime, age: datetime.timedelta, span_us: int, delivered: int, first: int
) -> int:  # fmt: skip
    """One reading per counter and span of so many microseconds; the id from which the next pass has to look."""
    bounds = {"first": first, "end": _young(connection, now, age, span_us, first), "span": span_us, "delivered": delivered}
    old = "id >= :first AND id < :end"
    connection.execute(
        f"DELETE FROM reading WHERE {old} AND NOT (publish AND id > :delivered) AND id NOT IN ("
        "SELECT coalesce(max(CASE WHEN status = 'ok' THEN id END), max(id)) FROM reading "
        f"WHERE {old} GROUP BY counter, time / :span "
        "UNION SELECT last FROM counter WHERE last IS NOT NULL)",
        bounds,
    )
    # Spans that hold something undelivered are looked at again.
    (again,) = connection.execute(
        f"SELECT min(id) FROM reading WHERE {old} AND time / :span IN "
        f"(SELECT time / :span FROM reading WHERE {old} AND publish AND id > :delivered)",
        bounds,
    ).fetchone()
    return int(bounds["end"] if again is None else again)


def _young(connection: sqlite3.Connection, now: datetime.datetime, age: datetime.timedelta, span_us: int, first: int) -> int:
    """The first id that is younger than `age`, by whole spans; one past the last where none is."""
    now_us = to_us(now)
    begins = (now_us - age // MICROSECOND) // span_us * span_us
    # A time to come is of a clock that ran ahead, and says something only where there is no other.
    for end in (now_us, 2**62):
        sql = "SELECT id FROM reading WHERE id >= ? AND +time BETWEEN ? AND ? ORDER BY id LIMIT 1"
        if (found := connection.execute(sql, (first, begins, end)).fetchone()) is not None:
            return int(found[0])
    return int(connection.execute("SELECT coalesce(max(id), 0) + 1 FROM reading").fetchone()[0])
