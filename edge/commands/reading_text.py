"""A reading as scripts and as people take it."""

import dataclasses
import os
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from edge.reading import Reading, Status

if TYPE_CHECKING:
    from edge.reader import Reader
    from edge.vision.find import Proposal

COLOURS = {True: "\033[32m", False: "\033[33m"}
PLAIN = "\033[0m"


@dataclasses.dataclass(frozen=True)
class Shown:
    """A reading, and what `digitd read` tells beside it."""

    reading: Reading
    counter: str | None = None
    """Its name, where it has one."""
    line: int | None = None
    """Of a page, from 1 on."""
    proposals: "Sequence[Proposal] | None" = None
    """Windows that were found, best first; None where none was looked for."""
    note: str = ""
    """For people."""


def notes(reading: Reading, reader: "Reader", previous: Decimal | None) -> str:
    """What was made of the picture that it does not show: where nobody had said that it is a display, and where the value before told."""
    found = []
    if reader.display is None and any(wheel.digit == " " for wheel in reading.wheels):
        found.append("its first places show nothing: read as with --display lcd")
    if reading.status is Status.OK and reading.value is not None and reading.raw.isdigit():
        shown = Decimal(reading.raw).scaleb(-reader.decimals)
        if shown != reading.value:
            found.append(f"the digits alone show {shown}, which after --previous {previous} is taken as {reading.value}")
        elif reading.confidence < reader.rules.min_confidence:
            found.append("the last wheel is about to reach its digit, or just has: it may be one more or one less")
        if previous is not None and reading.value < previous and not reader.rules.decreases:
            found.append(f"it went past {Decimal(10**reader.digits - 1).scaleb(-reader.decimals)} since --previous {previous}")
    return "; ".join(found)


def as_json(shown: Shown, picture: str) -> dict[str, Any]:
    """What `digitd read --json` prints, ready for `json.dumps`. picture: its name; bytes that are no UTF-8 are told as \\xff."""
    reading = shown.reading
    return {
        "picture": _text(picture),
        **({} if shown.counter is None else {"counter": shown.counter}),
        **({} if shown.line is None else {"line": shown.line}),
        "value": _number(reading.value),
        "raw": reading.raw,
        "confidence": round(reading.confidence, 4),
        "status": reading.status.value,
        "wheels": [
            {"position": wheel.position, "digit": wheel.digit, "confidence": round(wheel.confidence, 4)} for wheel in reading.wheels
        ],
        "window": reading.window.round(1).tolist(),
        **({} if shown.proposals is None else {"proposals": [_proposal(each) for each in shown.proposals]}),
        "alignment": reading.alignment,
        "timings_ms": reading.timings_ms,
    }


def as_text(shown: Shown, picture: str) -> str:
    """A line: what the picture shows, how certain that is, and what speaks against taking it. A value is its own only where it is ok.

    Where a window was looked for, the likeliest is on a second line, as options that name it.
    """
    reading = shown.reading
    good = reading.status is Status.OK
    value = "" if reading.value is None else f" = {reading.value}" if good else f", last valid {reading.value}"
    name = one_line(picture if shown.counter is None else f"{picture} {shown.counter}")
    note = f"  ({shown.note})" if shown.note else ""
    line = f"{name}: {reading.raw or 'nothing'}{value}  {reading.confidence:.1%}  {reading.status.value}{note}"
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        line = f"{COLOURS[good]}{line}{PLAIN}"
    return f"{line}\n  {_as_options(shown.proposals[0])}" if shown.proposals else line


def one_line(text: str) -> str:
    """The text with line ends, terminals' control codes and bytes that are no UTF-8 as escapes."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in _text(text))


def _text(name: str) -> str:
    """A file's name as text that any reader takes: Python keeps bytes that are no UTF-8 as lone surrogates."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _as_options(proposal: "Proposal") -> str:
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in proposal.corners.tolist())
    return f'--window "{corners}" --digits {proposal.digits}'


def _proposal(proposal: "Proposal") -> dict[str, Any]:
    return {
        "window": proposal.corners.round(1).tolist(),
        "digits": proposal.digits,
        "score": round(proposal.score, 4),
        "certainty": round(proposal.certainty, 4),
    }


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
