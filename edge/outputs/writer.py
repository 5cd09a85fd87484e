"""The one connection that writes: a commit either is on the disk, or fails in a way that can be told and tried again."""

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge.errors import StoreError
from edge.outputs import damage, database
from edge.outputs.database import Opened
from edge.outputs.schema import DamagedError

PAGES = 1000
"""The log is copied into the database when it holds about so many pages of 4 KiB."""
PAGES_OF_COMMIT, ROWS_OF_PAGE = 6, 30
FSYNCS_OF_COPY = 3
"""Copying the log costs so many, the log's new beginning included (measured by `tests/system/test_fsync.py`)."""

log = logging.getLogger(__name__)
T = TypeVar("T")


class Writer:
    """Holds the database open, and the right to write to it. Not for several threads at once.

    What is damaged is put aside, a new file begun. Raises StoreError where the file is not ours, newer, in use or without permission.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""
        """Why the last commit failed, in words; empty where it did not."""
        self.owed = 0
        """Fsyncs beyond the one of each commit, that later commits have to make up for by waiting."""
        self.ids_known = not path.exists() or path.stat().st_size > 0
        """False where the ids that were given before cannot be told from the file."""
        self._pages = 0
        with contextlib.ExitStack() as stack:
            stack.enter_context(database.only_writer(path))
            self._opened = self._begin()
            self._inode = self._file()
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Close the file; SQLite copies the log into it, and there is one file again."""
        with self._stack:
            self._opened.connection.close()

    def read(self, query: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What the query finds among what is committed; `otherwise` while the file does not answer."""
        for _ in range(2):
            try:
                return query(self._opened.connection)
            except sqlite3.Error as error:
                if database.is_damage(error):
                    with contextlib.suppress(sqlite3.Error, StoreError, OSError):
                        self._replace(error)
                elif database.is_trouble(error):
                    log.error("%s: %s", self.path, database.in_words(error, self.path))
                    return otherwise
                else:
                    raise
        return otherwise

    def commit(self, write: Callable[[sqlite3.Connection], object]) -> bool:
        """Run `write` in a transaction; whether it is on the disk now. Where it is not, `trouble` says why."""
        try:
            try:
                self._transact(write)
            except (sqlite3.Error, DamagedError) as error:
                if not database.is_damage(error):
                    raise
                self._replace(error)
                self._transact(write)
        except (sqlite3.Error, StoreError, OSError) as error:
            if isinstance(error, sqlite3.Error) and not database.is_trouble(error):
                raise
            self._fail(error)
            return False
        if self.trouble:
            log.warning("%s: readings are kept again", self.path)
        self.trouble = ""
        self._copy_log()
        return True

    def _transact(self, write: Callable[[sqlite3.Connection], object]) -> None:
        # Somebody may have moved the file away, or put another in its place: what is written to it would be lost.
        if not self._opened.writable or self._file() != self._inode:
            self._reopen()
        connection = self._opened.connection
        before = connection.total_changes
        try:
            connection.execute("BEGIN IMMEDIATE")
            write(connection)
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        self._pages += PAGES_OF_COMMIT + (connection.total_changes - before) // ROWS_OF_PAGE

    def _copy_log(self) -> None:
        if self._pages >= PAGES:
            self._pages = 0
            self.owed += FSYNCS_OF_COPY
            # What cannot be copied now stays in the log, as safe as before.
            with contextlib.suppress(sqlite3.Error):
                self._opened.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _fail(self, error: Exception) -> None:
        said = database.in_words(error, self.path)
        if not self.trouble:
            log.error("%s: %s; readings wait in memory", self.path, said)
        self.trouble = said
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            # A card that was taken out and put back is another file to the system: open it anew next time.
            self._opened = Opened(self._opened.connection, writable=False)

    def _begin(self) -> Opened:
        """The database at start, to write if that can be."""
        try:
            return database.open_to_write(self.path)
        except (sqlite3.Error, DamagedError) as error:
            if database.is_damage(error):
                opened, self.ids_known = damage.replaced(self.path, error)
                return opened
            if isinstance(error, sqlite3.Error) and database.is_trouble(error):
                return database.open_to_read(self.path, error)
            raise

    def _reopen(self) -> None:
        self._opened.connection.close()
        try:
            self._opened = database.open_to_write(self.path)
            self._inode = self._file()
        except (sqlite3.Error, DamagedError, StoreError) as error:
            self._opened = Opened(database.empty(), writable=False)
            if isinstance(error, sqlite3.Error) and database.is_trouble(error):
                with contextlib.suppress(StoreError):
                    self._opened = database.open_to_read(self.path, error)
            raise

    def _replace(self, error: Exception) -> None:
        self._opened.connection.close()
        self._opened = Opened(database.empty(), writable=False)
        self._opened, self.ids_known = damage.replaced(self.path, error)
        self._inode = self._file()

    def _file(self) -> int | None:
        """Which file lies under the name now."""
        try:
            return os.stat(self.path).st_ino  # noqa: PTH116 - three times as fast, and asked at every commit
        except OSError:
            return None
