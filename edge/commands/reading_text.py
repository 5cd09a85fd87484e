"""A reading as scripts and as people take it."""

import os
import sys
from decimal import Decimal
from typing import Any

from edge.reading import Reading, Status

COLOURS = {True: "\033[32m", False: "\033[33m"}
PLAIN = "\033[0m"


def as_json(reading: Reading, picture: str, counter: str | None = None) -> dict[str, Any]:
    """What `digitd read --json` prints, ready for `json.dumps`. counter: its name, where it has one."""
    return {
        "picture": picture,
        **({} if counter is None else {"counter": counter}),
        "value": _number(reading.value),
        "raw": reading.raw,
        "confidence": round(reading.confidence, 4),
        "status": reading.status.value,
        "wheels": [
            {"position": wheel.position, "digit": wheel.digit, "confidence": round(wheel.confidence, 4)} for wheel in reading.wheels
        ],
        "window": reading.window.round(1).tolist(),
        "alignment": reading.alignment,
        "timings_ms": reading.timings_ms,
    }


def as_text(reading: Reading, picture: str, counter: str | None = None) -> str:
    """One line: what the picture shows, how certain that is, and what speaks against taking it."""
    good = reading.status is Status.OK
    value = "" if reading.value is None else f" = {reading.value}"
    name = picture if counter is None else f"{picture} {counter}"
    line = f"{name}: {reading.raw or 'nothing'}{value}  {reading.confidence:.1%}  {reading.status.value}"
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return f"{COLOURS[good]}{line}{PLAIN}"
    return line


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
