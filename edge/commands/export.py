"""`digitd export`: what was read, or used each day, as a table or as objects, while the daemon goes on."""

import argparse
import contextlib
import csv
import datetime
import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from edge.commands.paths import named
from edge.commands.state import add_database_arguments, database
from edge.errors import UsageError

EXAMPLES = """Times are written in UTC; those you give are of this machine's time zone unless they say otherwise.

examples:
  digitd export > readings.csv
  digitd export --counter water --from 2026-11-01 --to 2026-11-30 --output november.csv
  digitd export --from 2026-11-25T06:00+01:00 --format json      one object a line
  digitd export --daily --from 2026-11-01 --to 2026-11-30        what was used each day
"""
COLUMNS = ("id", "time", "counter", "value", "raw", "confidence", "status", "rate")
DAILY = ("counter", "day", "used")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd export`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    add_database_arguments(parser)
    parser.add_argument("--daily", action="store_true", help="what was used each day of this machine's time zone (default: all readings)")
    parser.add_argument("--from", dest="start", metavar="TIME", help="a day, or a time such as 2026-11-25T06:00 (default: the first)")
    parser.add_argument("--to", dest="end", metavar="TIME", help="a day, that day included, or a time before which (default: the last)")
    parser.add_argument("--counter", metavar="NAME", help="one counter (default: all of them)")
    parser.add_argument("--format", choices=("csv", "json"), default="csv", help="a table, or objects line by line (default: %(default)s)")
    parser.add_argument("--output", type=named, metavar="FILE", help="write there (default: to the terminal)")


def run(args: argparse.Namespace) -> int:
    """Run `digitd export`."""
    from edge.outputs import rows
    from edge.outputs.database import open_to_look, unreadable

    start, end = _time("--from", args.start, daily=args.daily), _time("--to", args.end, daily=args.daily, day_end=True)
    if start and end and start >= end:
        raise UsageError(f"--from {args.start} --to {args.end}: nothing lies between them; expected the earlier one first")
    path = database(args)
    connection = open_to_look(path)
    try:
        connection.execute("BEGIN")  # one moment of the database, however long it takes to write out
        names = [name for (name,) in connection.execute("SELECT name FROM counter ORDER BY name")]
        if args.counter is not None and args.counter not in names:
            raise UsageError(f"--counter {args.counter}: not in {path}, which has {', '.join(names) or 'no counter yet'}")
        columns: tuple[str, ...]
        found: Iterable[tuple[Any, ...]]
        if args.daily:
            columns, found = DAILY, _used(connection, names if args.counter is None else [args.counter], start, end)
        else:
            ids = rows.ids_between(connection, start, end)
            columns, found = COLUMNS, map(_row, rows.select(connection, ids, counter=args.counter, start=start, end=end))
        with _output(args.output) as file:
            if args.format == "csv":
                table = csv.writer(file, lineterminator="\n")
                table.writerow(columns)
                table.writerows(found)
            else:
                file.writelines(json.dumps(_object(columns, row), ensure_ascii=False) + "\n" for row in found)
    except sqlite3.Error as error:
        raise unreadable(path, error) from error
    finally:
        connection.close()
    return 0


def _row(record: Any) -> tuple[Any, ...]:
    """A record as it stands in the table: its value with the decimals that the counter has, and no exponent."""
    time = record.time.isoformat(timespec="microseconds").replace("+00:00", "Z")
    value = None if record.value is None else f"{record.value:f}"
    return record.id, time, record.counter, value, record.raw, round(record.confidence, 4), record.status.value, record.rate


def _used(
    connection: sqlite3.Connection, counters: list[str], start: datetime.datetime | None, end: datetime.datetime | None
) -> Iterator[tuple[str, str, str]]:
    """Counter by counter what it used on each day, from the day that begins at `start` to the one before `end`."""
    from edge.outputs import kept

    first = start.date() if start else datetime.date.min
    last = end.date() - datetime.timedelta(days=1) if end else datetime.date.max
    for counter in counters:
        for day, used in kept.consumption(connection, counter, first, last).items():
            yield counter, day.isoformat(), f"{used:f}"


def _object(columns: tuple[str, ...], row: tuple[Any, ...]) -> dict[str, Any]:
    told = dict(zip(columns, row, strict=True))
    for name in told.keys() & {"value", "used"}:
        if told[name] is not None:
            number = Decimal(told[name])
            told[name] = int(number) if number.as_tuple().exponent == 0 else float(number)
    return told


def _time(option: str, text: str | None, *, daily: bool, day_end: bool = False) -> datetime.datetime | None:
    """The time that an option names, with its zone; daily: only days. Raises UsageError for none."""
    if text is None:
        return None
    try:
        if daily or len(text) <= len("2026-11-25"):
            day = datetime.date.fromisoformat(text) + datetime.timedelta(days=day_end)
            return datetime.datetime(day.year, day.month, day.day).astimezone()
        return datetime.datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        kind, other = ("day", "") if daily else ("time", ", or 2026-11-25T06:00")
        raise UsageError(f"{option} {text}: not a {kind}; expected a day such as 2026-11-25{other}") from error


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[IO[str]]:
    """Where to write: a file that is there only once it is whole, or the terminal."""
    if path is None:
        yield sys.stdout
        return
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            yield file
        unfinished.replace(path)
    except OSError as error:
        raise UsageError(f"--output {path}: cannot be written ({error.strerror}); expected a name in a folder of yours") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
