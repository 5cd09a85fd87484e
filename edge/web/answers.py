"""What is sent back: JSON with every number as it is kept, and refusals that say what was found, what was expected, and what to do."""

import datetime
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fastapi import Response

from edge.outputs.record import Record

SAFE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Values change, and no browser should take an answer for something else."""
FIELDS = ("value", "raw", "confidence", "status", "rate", "time", "id")


class Refused(Exception):
    """A request that cannot be answered; status: of HTTP."""

    def __init__(self, status: int, *, found: str, expected: str, fix: str) -> None:
        super().__init__(f"{found}; expected {expected}. {fix}")
        self.status, self.found, self.expected, self.fix = status, found, expected, fix


def answer(value: Any, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(json_text(value), status, SAFE, "application/json")


def refusal(status: int, *, found: str, expected: str, fix: str, headers: Mapping[str, str] | None = None) -> Response:
    """What was wrong with a request, as JSON."""
    text = json_text({"error": {"found": found, "expected": expected, "fix": fix}})
    return Response(text, status, {**SAFE, **(headers or {})}, "application/json")


def told(counter: str, record: Record | None) -> dict[str, Any]:
    """A counter's record as a client gets it; without one each field is there, and null."""
    return {"counter": counter} | {field: getattr(record, field, None) for field in FIELDS}


def json_text(value: Any) -> str:
    """JSON; unlike `json.dumps` it writes a Decimal digit by digit, and what JSON has no number for (NaN, infinity) as null."""
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, float):
        return float.__repr__(value) if math.isfinite(value) else "null"
    if isinstance(value, Mapping):
        return "{" + ",".join([f"{json.dumps(str(key))}:{json_text(each)}" for key, each in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([json_text(each) for each in value]) + "]"
    if isinstance(value, datetime.datetime):
        return f'"{value.isoformat().replace("+00:00", "Z")}"'
    return json.dumps(value, ensure_ascii=False)
