"""A database that is damaged: put aside, and what can still be read carried into a new one."""

import contextlib
import datetime
import logging
import sqlite3
from pathlib import Path

from edge.outputs import database, rows
from edge.outputs.database import FILES, Opened

LAST_READINGS = 10_000
"""So many of the last readings are carried over; the meter waits while they are."""
TABLES = (
    ("counter", "SELECT * FROM counter"),
    ("consumption", "SELECT * FROM consumption"),
    ("output", "SELECT * FROM output"),
    ("reading", f"SELECT * FROM reading ORDER BY id DESC LIMIT {LAST_READINGS}"),
)

log = logging.getLogger(__name__)


def replaced(path: Path, why: Exception) -> tuple[Opened, bool]:
    """A new database in place of the damaged one, and whether the ids that were given are known from it.

    The damaged one becomes `<name>.damaged-<time>` beside it. Raises sqlite3.Error or OSError where there is no room for that.
    """
    aside = _free(path)
    for suffix in FILES:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    Path(f"{path}-shm").unlink(missing_ok=True)
    opened = database.open_to_write(path)
    try:
        counts, last = _carry(opened.connection, aside)
    except BaseException:
        opened.connection.close()
        raise
    carried = ", ".join(f"{count} of {table}" for table, count in counts.items())
    log.error(
        "%s: damaged (%s); moved aside to %s, begun anew with what could be read (rows: %s). The rest: sqlite3 %s .recover",
        path,
        why,
        aside,
        carried,
        aside,
    )
    return opened, last is not None


def _free(path: Path) -> Path:
    """A name beside the file that is not taken."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    names = (Path(f"{path}.damaged-{now}{f'-{n}' if n else ''}") for n in range(1000))
    return next(name for name in names if not name.exists())


def _carry(connection: sqlite3.Connection, aside: Path) -> tuple[dict[str, int], int | None]:
    """Copy what can be read, each table for itself: how many rows of it, and the last id that was given where that is known."""
    found: dict[str, list[tuple[object, ...]]] = {table: [] for table, _ in TABLES}
    last: int | None = None
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(aside)) as damaged:
        with contextlib.suppress(sqlite3.Error):
            last = rows.last_id(damaged)
        for table, sql in TABLES:
            with contextlib.suppress(sqlite3.Error):
                # Row by row: those before the damage count.
                for row in damaged.execute(sql):
                    found[table].append(row)
    connection.execute("BEGIN IMMEDIATE")
    for table, content in found.items():
        if content:
            places = ", ".join("?" * len(content[0]))
            connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({places})", content)
    if last is not None:
        rows.set_last_id(connection, last)
    # Whose readings they are, only the counter's row tells.
    for table in ("reading", "consumption"):
        connection.execute(f"DELETE FROM {table} WHERE counter NOT IN (SELECT id FROM counter)")
    # What is not there any more cannot be the last.
    connection.execute("UPDATE counter SET last = NULL WHERE last NOT IN (SELECT id FROM reading)")
    connection.execute("COMMIT")
    return {table: len(content) for table, content in found.items()}, last
