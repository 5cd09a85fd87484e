"""Readings as MQTT messages and JSON, and the commands that come back: topics and texts, no connection.

digitd/<device>/availability              online, offline (retained; offline is also the last will)
digitd/<device>/<counter>/state           all of a reading as JSON (retained)
digitd/<device>/<counter>/value …         each part of it by itself: value, raw, confidence, status, rate, time, id (retained)
digitd/<device>/<counter>/last_read       the time of the last valid reading: it stands while there is none (retained)
digitd/<device>/<counter>/set_value       ← a number: what the counter shows
digitd/<device>/<counter>/read_now        ← anything
"""

import dataclasses
import enum
import json
import math
import re
from collections.abc import Collection
from decimal import Decimal

from edge.outputs.record import Record
from edge.reading import Status

ONLINE, OFFLINE = "online", "offline"
NUMBERS = frozenset({"id", "value", "confidence", "rate"})
NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?", re.ASCII)
STATE = "state"
PARTS = ("time", "value", "raw", "confidence", "status", "rate", "id")
"""What is published of a reading one by one, beside the whole."""
LAST_READ = "last_read"
"""What is published of a valid reading only, its time: the broker keeps it, whatever comes after."""
LONGEST_COMMAND_BYTES = 64
CONFIDENCE_DECIMALS, RATE_DIGITS = 4, 6


class Command(enum.StrEnum):
    """What a counter can be told over MQTT."""

    SET_VALUE = "set_value"
    READ_NOW = "read_now"


class CommandError(ValueError):
    """A command that cannot be taken, and why."""


@dataclasses.dataclass(frozen=True)
class Message:
    """What is published; retained: a client that comes later gets it too. An empty payload takes a retained one away."""

    topic: str
    payload: str
    retained: bool = True


def base(prefix: str, device: str) -> str:
    """What all topics of a device begin with."""
    return f"{prefix}/{device}"


def availability(prefix: str, device: str, *, online: bool) -> Message:
    """Whether the device is there; the broker says offline itself when it is gone."""
    return Message(f"{base(prefix, device)}/availability", ONLINE if online else OFFLINE)


def record_messages(record: Record, prefix: str, device: str, *, retained: bool = True) -> list[Message]:
    """All that is published of a reading, the whole first."""
    topic, texts = f"{base(prefix, device)}/{record.counter}", _texts(record)
    published = {STATE: record_json(record)} | {part: texts[part] for part in PARTS}
    if record.status is Status.OK:
        published[LAST_READ] = texts["time"]
    return [Message(f"{topic}/{part}", text, retained) for part, text in published.items()]


def states(prefix: str, device: str) -> str:
    """What to subscribe to for the last reading of every counter that there ever was."""
    return f"{base(prefix, device)}/+/{STATE}"


def forgetting(topic: str, payload: bytes, counters: Collection[str]) -> list[Message]:
    """What takes away all that a broker keeps of a counter, found by its state; nothing for one of `counters`, and for what is not ours.

    The state goes last: where the connection breaks in between, the counter is found again.
    """
    above, _, _ = topic.rpartition("/")
    counter = above.rpartition("/")[2]
    try:
        ours = json.loads(payload)["counter"] == counter
    except (ValueError, LookupError, TypeError, RecursionError):
        ours = False
    return [Message(f"{above}/{part}", "") for part in (*PARTS, LAST_READ, STATE)] if ours and counter not in counters else []


def record_json(record: Record) -> str:
    """A reading as a JSON object. Its value is a number with the very digits that were read: 1234.500, never 1234.4999999."""
    parts = {name: text or "null" if name in NUMBERS else json.dumps(text) for name, text in _texts(record).items()}
    return "{" + ", ".join(f'"{name}": {part}' for name, part in parts.items()) + "}"


def timestamp(record: Record) -> str:
    """ISO 8601 in UTC, with microseconds."""
    return record.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def command_topics(prefix: str, device: str) -> list[str]:
    """What to subscribe to."""
    return [f"{base(prefix, device)}/+/{command}" for command in Command]


def parse_command(
    topic: str, payload: bytes, prefix: str, device: str, counters: Collection[str]
) -> tuple[str, Command, Decimal | None]:  # fmt: skip
    """Which counter is told what, and with which value. Raises CommandError; whether the counter can show the value, it has to know."""
    counter, _, word = topic.removeprefix(f"{base(prefix, device)}/").partition("/")
    if counter not in counters:
        raise CommandError(f"no counter {counter!r}; expected one of: {', '.join(counters)}")
    command = Command(word)
    if len(payload) > LONGEST_COMMAND_BYTES:
        raise CommandError(f"{len(payload)} bytes; expected at most {LONGEST_COMMAND_BYTES}")
    if command is Command.READ_NOW:
        return counter, command, None
    text = payload.decode("ascii", "replace").strip()
    if not NUMBER.fullmatch(text):
        raise CommandError(f"{text!r} is no value; expected a number without sign or exponent, such as 1234.567")
    return counter, command, Decimal(text)


def rate_text(rate: float | None) -> str:
    """Units per hour, as far as they mean anything; empty where there is none."""
    return "" if rate is None or not math.isfinite(rate) else repr(float(f"{rate:.{RATE_DIGITS}g}"))


def _texts(record: Record) -> dict[str, str]:
    """A reading in words and numbers; a number that there is none of is empty."""
    return {
        "id": str(record.id),
        "time": timestamp(record),
        "counter": record.counter,
        "value": "" if record.value is None else format(record.value, "f"),
        "raw": record.raw,
        "confidence": repr(round(float(record.confidence), CONFIDENCE_DECIMALS)),
        "status": record.status.value,
        "rate": rate_text(record.rate),
    }
