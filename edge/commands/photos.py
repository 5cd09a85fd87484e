"""The table that `digitd eval` is given: photos whose true reading is known, each with the window it stands in."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from edge.capture.pictures import load
from edge.commands.read import MAX_DIGITS
from edge.counter.wheels import Display
from edge.errors import DataError
from edge.vision.window import Corners, Image, check, inside

DISPLAYS: dict[str, Display] = {"wheels": "wheels", "roller": "wheels", "lcd": "lcd", "lcd7": "lcd"}
"""What a table may call what shows the digits."""
KEYS = ("path", "meter", "digits", "polygon")
LIST = "expected a list of photos with their readings, see digitd eval --help"


@dataclasses.dataclass(frozen=True)
class Photo:
    """One entry of a table."""

    name: str
    """Its path, as the table has it: beside the table."""
    path: Path
    meter: str
    digits: str
    """N where a wheel is in mid-roll, and any digit is right."""
    corners: Corners
    display: Display

    def frame(self) -> Image:
        """The photo. Raises PictureError where there is none, DataError or UsageError where the window cannot lie in it."""
        frame = load(self.path).frame
        height, width = frame.shape[:2]
        if not inside(self.corners, frame.shape):
            raise DataError(f"{self.path}: its polygon reaches beyond the {width} × {height} pixels that it has; take its corners from it")
        check(self.corners, f"{self.path}: polygon")
        return frame


def entries(table: Path) -> list[Any]:
    """What the table lists, at least one of whatever it is. Raises DataError."""
    try:
        # utf-8-sig: Windows' editors begin a file with a mark.
        listed = json.loads(table.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise DataError(f"{table}: no such file; {LIST}") from error
    except OSError as error:
        raise DataError(f"{table}: cannot be read ({error.strerror}); {LIST}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{table}: not JSON ({error}); {LIST}") from error
    if not isinstance(listed, list) or not listed:
        raise DataError(f"{table}: no list of photos; {LIST}")
    return listed


def photo(table: Path, number: int, entry: Any) -> Photo:
    """An entry of the table, the first of them number 1. Raises DataError, naming it, where it is none."""

    def wrong(found: str, expected: str) -> DataError:
        return DataError(f"{table}, entry {number}: {found}; expected {expected}")

    if not isinstance(entry, dict):
        raise wrong(f"{entry!r:.40}", f"an object with {', '.join(KEYS)}")
    if missing := [key for key in KEYS if key not in entry]:
        raise wrong(f"no {', '.join(missing)}", ", ".join(KEYS))
    path, meter, digits, polygon = (entry[key] for key in KEYS)
    if not isinstance(path, str) or not path or "\0" in path:
        raise wrong(f"path {path!r:.40}", "the name of a picture")
    if not isinstance(meter, str):
        raise wrong(f"meter {meter!r:.40}", "its name")
    if not isinstance(digits, str):
        raise wrong(f"digits {digits!r:.40}", 'them in quotes, with the zeros that lead, such as "00530"')
    if not 1 <= len(digits) <= MAX_DIGITS or set(digits) - set("0123456789N"):
        raise wrong(f"digits {digits!r:.40}", f"1 to {MAX_DIGITS} digits, N for a wheel in mid-roll")
    if not isinstance(stated := entry.get("display", "roller"), str) or stated not in DISPLAYS:
        raise wrong(f"display {stated!r:.40}", f"one of {', '.join(DISPLAYS)}, or none at all for wheels")
    try:
        corners = np.array(polygon, np.float64)
    except (TypeError, ValueError, OverflowError):
        corners = np.empty(0)
    if corners.shape != (4, 2) or not np.isfinite(corners).all():
        raise wrong(f"polygon {polygon!r:.60}", "four corners of x and y in pixels")
    return Photo(path, table.parent / path, meter, digits, corners, DISPLAYS[stated])
