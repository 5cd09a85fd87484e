"""`digitd collect`: pictures of doubtful readings become training data."""

import argparse
import csv
import json
import re
import sqlite3
import sys
from pathlib import Path
from typing import Any

from edge.commands.paths import named
from edge.commands.state import add_database_arguments, database
from edge.errors import DataError, UsageError

EXAMPLES = """Each picture of a doubtful reading becomes one picture per digit, labelled in DIR/index.csv: by the trusted values before
and after it where those agree (told_by: later), else as it was read (told_by: read; look at these before you train with them).
What is in DIR already stays as it is, labels that you corrected too.

examples:
  digitd collect my-digits
  digitd collect my-digits --pictures doubtful/ --database digitd.sqlite
  make train DATA="real synthetic my-digits"            on the workstation
"""
COLUMNS = ("split", "path", "label", "kind", "meter", "display", "told_by")
DISPLAYS = {"wheels": "roller", "lcd": "lcd"}
"""What training calls them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd collect`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    parser.add_argument("folder", type=named, metavar="DIR", help="where the training data goes; made if it is not there")
    parser.add_argument("--pictures", type=named, metavar="FOLDER", help="where the daemon keeps them (default: beside the readings)")
    add_database_arguments(parser)
    parser.add_argument("--split", choices=("train", "val", "test"), default="train", help="what they are for (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Run `digitd collect`."""
    from edge.outputs.database import open_to_look, unreadable
    from edge.outputs.doubtful import beside

    path = database(args)
    pictures = args.pictures or beside(path)
    if not pictures.is_dir():
        raise UsageError(f"{pictures}: no such folder; the daemon makes it once it is told to keep doubtful pictures (--pictures FOLDER)")
    numbers = sorted(int(file.stem) for file in pictures.glob("*.json") if file.stem.isdecimal())
    if not numbers:
        raise UsageError(f"{pictures}: no picture of a doubtful reading in it")
    rows = _index(args.folder)
    connection = open_to_look(path)
    added, failed = [], False
    try:
        for number in numbers:
            try:
                added += _digits(args, pictures, number, connection, {row["path"] for row in rows})
            except DataError as error:
                print(f"digitd: {error}", file=sys.stderr)
                failed = True
    except sqlite3.Error as error:
        raise unreadable(path, error) from error
    finally:
        connection.close()
    _write_index(args.folder, rows + added)
    later = sum(row["told_by"] == "later" for row in added)
    print(f"{args.folder}: {len(added)} digits added ({later} told by later values, {len(added) - later} as read), {len(rows)} were there")
    return 1 if failed else 0


def _digits(
    args: argparse.Namespace, pictures: Path, number: int, connection: sqlite3.Connection, known: set[str]
) -> list[dict[str, str]]:  # fmt: skip
    """The rows of one reading's digits, their pictures written. Raises DataError where what was kept is damaged."""
    import cv2
    import numpy as np

    from edge.outputs.labels import labels
    from edge.outputs.rows import around

    told, strip = _kept(pictures, number)
    found = labels([wheel["position"] for wheel in told["wheels"]], told["display"], *around(connection, told["counter"], number))
    folder = f"{args.split}/{re.sub(r'[^A-Za-z0-9_-]', '_', told['counter']) or '_'}"
    rows = []
    for wheel, (label, cell) in enumerate(zip(found, np.split(strip, len(found), axis=1), strict=True)):
        path = f"{folder}/{number}_{wheel + 1}.png"
        if label is None or path in known:
            continue
        try:
            (args.folder / folder).mkdir(parents=True, exist_ok=True)
            (args.folder / path).write_bytes(cv2.imencode(".png", cell)[1].tobytes())
        except OSError as error:
            raise _unwritable(args.folder / path, error) from error
        values = (args.split, path, f"{label.position:.1f}", label.kind, told["counter"], DISPLAYS[told["display"]], label.told_by)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def _kept(folder: Path, number: int) -> tuple[dict[str, Any], Any]:
    """What was read, and the window's picture, whose width its cells share."""
    import cv2
    import numpy as np

    text, picture = folder / f"{number}.json", folder / f"{number}.png"
    try:
        told = json.loads(text.read_text(encoding="utf-8"))
        strip = cv2.imdecode(np.frombuffer(picture.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        positions = [wheel["position"] for wheel in told["wheels"]]
        whole = told["display"] in DISPLAYS and isinstance(told["counter"], str) and bool(positions)
        if not whole or strip is None or strip.shape[1] % len(positions):
            raise ValueError("not what the daemon writes")
    except FileNotFoundError as error:
        raise DataError(f"{error.filename}: gone; the daemon has put a newer one in its place, or it was removed") from error
    except (OSError, ValueError, KeyError, TypeError, cv2.error) as error:
        raise DataError(f"{text}: it, or its picture, is damaged ({error}); remove both") from error
    return told, strip


def _index(folder: Path) -> list[dict[str, str]]:
    """The rows that DIR has already."""
    path = folder / "index.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a table of digits ({error}); name another folder") from error
    if any(row.get("path") is None for row in rows):
        raise DataError(f"{path}: a table without the column path; expected {', '.join(COLUMNS)}. Name another folder")
    return rows


def _write_index(folder: Path, rows: list[dict[str, str]]) -> None:
    columns = list(dict.fromkeys([*COLUMNS, *(key for row in rows for key in row)]))
    path, unfinished = folder / "index.csv", folder / "index.csv.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, columns, restval="")
            table.writeheader()
            table.writerows(rows)
        unfinished.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: cannot be written ({error.strerror}); expected a folder of yours, with room in it")
