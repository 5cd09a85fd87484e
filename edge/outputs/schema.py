"""The database's tables, and how a file that an older version wrote becomes one of this version."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from edge.errors import StoreError

APPLICATION_ID = 0x64676974
"""SQLite keeps it in the file's header: by it a file of ours is told from any other database."""

Migration = tuple[str, ...]
MIGRATIONS: tuple[Migration, ...] = (
    (
        # Ids are never used again (AUTOINCREMENT), whatever is thinned. value: the decimal as text, exact. time: microseconds UTC.
        """CREATE TABLE reading (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL,
            counter INTEGER NOT NULL,
            value TEXT,
            raw TEXT NOT NULL,
            confidence REAL NOT NULL,
            status TEXT NOT NULL,
            rate REAL,
            publish INTEGER NOT NULL
        )""",
        "CREATE INDEX reading_time ON reading (time)",
        # Only what is published: a queue of days must not be searched for among the readings of days.
        "CREATE INDEX reading_published ON reading (id) WHERE publish",
        # value: the last valid one. day: the last that consumption was counted on. last: the id of the last reading.
        """CREATE TABLE counter (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            state TEXT,
            value TEXT,
            day TEXT,
            last INTEGER
        )""",
        """CREATE TABLE consumption (
            counter INTEGER NOT NULL,
            day TEXT NOT NULL,
            used TEXT NOT NULL,
            PRIMARY KEY (counter, day)
        ) WITHOUT ROWID""",
        "CREATE TABLE output (name TEXT PRIMARY KEY, delivered INTEGER NOT NULL) WITHOUT ROWID",
        "INSERT INTO sqlite_sequence (name, seq) VALUES ('reading', 0)",
    ),
)
"""Each makes the version of its place in the list out of the one before. Never changed, only added to."""


class DamagedError(Exception):
    """What the file holds is not whole."""


def check(connection: sqlite3.Connection, path: Path) -> int:
    """The file's schema version, 0 of an empty one. Raises StoreError for somebody else's database, and for a newer one."""
    version = _number(connection, "user_version")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if _number(connection, "application_id") != APPLICATION_ID and (tables or version):
        raise StoreError(
            f"{path}: a database of another program (tables {', '.join(sorted(tables)) or 'none'}); expected digitd's own. "
            "Name another file, and it will be made"
        )
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: written by a newer digitd (schema {version}, this one knows {len(MIGRATIONS)}). "
            "Install that version again, or move the file aside to begin anew"
        )
    if version and (missing := {"reading", "counter", "consumption", "output"} - tables):
        raise DamagedError(f"no table {', '.join(sorted(missing))}")
    return version


def migrate(connection: sqlite3.Connection, version: int, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the tables from a version to the last, all steps or none of them."""
    if version == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in migrations[version:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
