"""Opening the database: to write where that can be, to read where the disk is full or read-only, anew where the file is damaged."""

import contextlib
import dataclasses
import fcntl
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote

from edge.errors import StoreError
from edge.outputs import schema
from edge.outputs.schema import DamagedError

BUSY_S = 1.0
"""How long to wait for another program that writes to the file; the camera waits meanwhile."""
NO_ROOM_BYTES = 1 << 18
"""A disk with less room is full: SQLite says "I/O error" where it cannot make the index of its log."""
CACHE_KIB = 256
FILES = ("", "-wal")
"""A database is these files; a third, `-shm`, is made anew."""


@dataclasses.dataclass(frozen=True)
class Opened:
    """A connection to the database, and whether it may write."""

    connection: sqlite3.Connection
    writable: bool


@contextlib.contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold the right to write to the database. Raises StoreError where another process does, or where it cannot be written by this user."""
    folder = path.parent
    if not folder.is_dir():
        raise StoreError(f"{path}: no folder {folder}; make it, and let the user that digitd runs as write to it")
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise StoreError(f"{path}: not a file; expected digitd's database, or a name that is free")
    read_only = bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    for each in (folder, path):
        if each.exists() and not read_only and not os.access(each, os.R_OK | os.W_OK):
            raise StoreError(f"{each}: no permission to write; as root: chown -R {_user()} {folder}")
    lock: IO[bytes] | None = None
    with contextlib.suppress(OSError):  # on a full or read-only disk it goes without
        # A file beside the database: closing any handle of the database itself would drop SQLite's own locks.
        lock = Path(f"{path}-lock").open("ab")  # noqa: SIM115
    with lock or contextlib.nullcontext():
        if lock is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreError(f"{path}: another digitd keeps its readings there; stop it first: systemctl stop digitd") from error
        yield


def open_to_write(path: Path) -> Opened:
    """The database, made or migrated where need be.

    Raises StoreError (not ours, newer), DamagedError or sqlite3.Error.
    """
    connection, version = _connect(path, "mode=rwc")
    try:
        # A commit is on the disk when it returns; the log is copied into the database when the store says so.
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise StoreError(f"{path}: its file system cannot share memory (a network folder?); expected a local disk")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        schema.migrate(connection, version)
    except BaseException:
        connection.close()
        raise
    return Opened(connection, writable=True)


def open_to_read(path: Path, trouble: sqlite3.Error) -> Opened:
    """The database as far as it can be read while it cannot be opened to write; an empty one where there is none.

    Raises StoreError where it cannot be read either, as where another program holds it.
    """
    if not path.exists() or path.stat().st_size == 0:
        return Opened(empty(), writable=False)
    # The index of the log in memory, not in a file for which there is no room. Without a log, on a read-only disk, the file alone.
    ways = [("mode=rw", "PRAGMA locking_mode = EXCLUSIVE")]
    if not Path(f"{path}-wal").exists():
        ways.append(("immutable=1", "PRAGMA query_only = ON"))
    for way, pragma in ways:
        with contextlib.suppress(sqlite3.Error):
            connection, version = _connect(path, way, pragma)
            if version == len(schema.MIGRATIONS):
                return Opened(connection, writable=False)
            connection.close()
    raise StoreError(f"{path}: {in_words(trouble, path)}, and it cannot be read either. Make room, or stop the program that uses it")


def empty() -> sqlite3.Connection:
    """A database in memory, to read from where there is no file."""
    connection, version = _connect(Path(":memory:"), "mode=memory")
    schema.migrate(connection, version)
    return connection


def open_to_look(path: Path) -> sqlite3.Connection:
    """The database for a command that only reads, while the daemon may write to it.

    Raises StoreError where there is none, or it is not ours, damaged, of another version or unreadable.
    """
    if not path.is_file():
        raise StoreError(f"{path}: no such file; expected the database that digitd keeps its readings in (--database FILE)")
    if not os.access(path, os.R_OK):
        raise StoreError(f"{path}: no permission to read it; try as root, or as the user that digitd runs as")
    try:
        try:
            connection, version = _connect(path, "mode=ro")
        except sqlite3.OperationalError:
            if Path(f"{path}-wal").exists():
                raise
            # Nobody writes to it, and this user may not make the files that sharing it would need.
            connection, version = _connect(path, "immutable=1")
    except (sqlite3.Error, DamagedError) as error:
        raise unreadable(path, error) from error
    if version < len(schema.MIGRATIONS):
        connection.close()
        raise StoreError(
            f"{path}: schema {version}, written by an older digitd; start digitd once, it brings it up to {len(schema.MIGRATIONS)}"
        )
    return connection


def unreadable(path: Path, error: Exception) -> StoreError:
    """What to tell of a database that a command cannot read."""
    if is_damage(error):
        return StoreError(
            f"{path}: damaged ({error}). Move it aside with its -wal file, or save what can be read: sqlite3 {path.name} .recover"
        )
    return StoreError(f"{path}: cannot be read ({in_words(error, path)})")


def is_damage(error: Exception) -> bool:
    """Whether an error says that the file's content is broken."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, DamagedError) or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_trouble(error: sqlite3.Error) -> bool:
    """Whether an error may pass by itself, or with somebody's help: no room, read-only, no answer, in use."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (
        sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM,
    )  # fmt: skip


def in_words(error: Exception, path: Path) -> str:
    """What SQLite's error means to somebody who has to do something about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    with contextlib.suppress(OSError):
        if code == sqlite3.SQLITE_FULL or shutil.disk_usage(path.parent).free < NO_ROOM_BYTES:
            return f"the disk of {path.parent} is full"
        if os.statvfs(path.parent).f_flag & os.ST_RDONLY:
            return f"the disk of {path.parent} is read-only"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "another program holds it"
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY):
        return f"the disk of {path.parent} does not let itself be written to ({error})"
    return str(error)


def _connect(path: Path, how: str, *pragmas: str) -> tuple[sqlite3.Connection, int]:
    """A connection, and the version of the schema."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{how}", uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_S
    )  # fmt: skip
    try:
        for pragma in (*pragmas, f"PRAGMA cache_size = -{CACHE_KIB}"):
            connection.execute(pragma)
        return connection, schema.check(connection, path)
    except BaseException:
        connection.close()
        raise


def _user() -> str:
    import pwd  # only for this message

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
