"""Somebody's own `index.csv`: which pictures a folder of single digits has, and what each shows.

A table with the columns of `COLUMNS` (others may stand beside them); everything that cannot be meant so is refused with its line.
"""

import csv
import dataclasses
import io
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from edge.errors import DataError

SPLITS = ("train", "val", "test")
COLUMNS = ("split", "path", "label", "kind", "meter", "display")
KINDS = ("tenths", "integer", "nan")
DISPLAYS = ("roller", "lcd", "mixed")
"""Mechanical wheels, a liquid crystal display, or either."""
LABEL = re.compile(r"[0-9](\.[0-9]+)?")


@dataclasses.dataclass(frozen=True)
class Row:
    """One picture of an index: where it lies (`<split>/<meter>/<file>`), what it shows, and its SHA-1 where that is known."""

    path: str
    position: float
    """Digits, 0 ≤ position < 10; NaN where it is unreadable on purpose."""
    kind: str
    meter: str
    display: str
    sha1: str = ""
    origin: str = ""
    line: int = 0
    """Of the `index.csv` that names it; 0 in the published index."""


def read_index(path: Path) -> dict[str, list[Row]]:
    """The rows of somebody's own `index.csv`, by split.

    Raises DataError naming file, line, what is wrong, and what is allowed.
    """
    expected = f"expected a table with the columns {', '.join(COLUMNS)}"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; {expected}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text; {expected}") from error
    rows: dict[str, list[Row]] = {}
    lines: dict[str, int] = {}
    for line, entry in _entries(path, text):
        if problem := _problem(entry):
            raise DataError(f"{path}, line {line}: {problem}")
        kind, picture = entry["kind"], str(PurePosixPath(entry["path"]))
        if (before := lines.setdefault(picture, line)) != line:
            raise DataError(f"{path}, line {line}: {picture} is in line {before} too; expected each picture once")
        position = float("nan") if kind == "nan" else float(entry["label"])
        row = Row(picture, position, kind, entry["meter"], entry["display"], entry.get("sha1", ""), line=line)
        rows.setdefault(entry["split"], []).append(row)
    return rows


def _entries(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and fields of every row."""
    table = csv.DictReader(io.StringIO(text), strict=True)
    try:
        names = table.fieldnames or ()
        if missing := [name for name in COLUMNS if name not in names]:
            other = next((mark for mark in (";", "\t") if len(names) == 1 and mark in names[0]), "")
            found = f"columns are parted by {other!r}" if other else f"no column {', '.join(missing)}"
            raise DataError(f"{path}: {found}; expected {','.join(COLUMNS)}")
        for entry in table:
            if None in entry or None in entry.values():
                count = len(names) + len(entry.get(None, ())) - list(entry.values()).count(None)
                raise DataError(f"{path}, line {table.line_num}: {count} fields; expected {len(names)}, as in the first line")
            yield table.line_num, entry
    except csv.Error as error:
        raise DataError(f"{path}, line {table.line_num + 1}: not a table ({error}); expected {','.join(COLUMNS)}") from error


def _problem(entry: dict[str, str]) -> str:
    """What is wrong with a row and what is allowed; nothing where it is as it should be."""
    for name, allowed in (("split", SPLITS), ("kind", KINDS), ("display", DISPLAYS)):
        if entry[name] not in allowed:
            return f"{name} {entry[name]!r}; expected one of {', '.join(allowed)}"
    label, path = entry["label"], PurePosixPath(entry["path"])
    if entry["kind"] != "nan" and not LABEL.fullmatch(label):
        return f"label {label!r} of kind {entry['kind']}; expected a position in digits, 0 or more and less than 10, such as 4.7"
    if entry["kind"] == "integer" and not float(label).is_integer():
        return f"label {label!r} of kind integer; expected a whole digit, or kind tenths where the wheel stands between two"
    if path == PurePosixPath() or path.is_absolute() or ".." in path.parts:
        return f"path {entry['path']!r}; expected a picture within this folder, such as cellar/0001.jpg"
    return ""
