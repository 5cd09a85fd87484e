"""Readings to store, and a clock that goes when it is told to."""

import datetime
from decimal import Decimal

import numpy as np

from edge.outputs.record import Record
from edge.outputs.store import Store
from edge.reading import Reading, Status

NOON = datetime.datetime(2026, 11, 25, 12, 0, tzinfo=datetime.UTC)


class Clock:
    """Seconds that pass only here."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def reading(value: str | None, status: Status = Status.OK, *, raw: str | None = None) -> Reading:
    """A reading of a counter of seven digits."""
    return Reading(
        value=None if value is None else Decimal(value),
        raw=raw if raw is not None else "" if value is None else value.replace(".", "").zfill(7),
        confidence=0.987654321,
        status=status,
        wheels=(),
        window=np.empty((0, 2)),
        alignment=None,
        timings_ms={},
    )


def add(
    store: Store, value: str | None, *, counter: str = "water", after_s: float = 0.0, status: Status = Status.OK,
    publish: bool = True, changed: bool = False, raw: str | None = None, rate: float | None = None,
) -> int:  # fmt: skip
    """Store a reading made so many seconds after noon."""
    return store.add(
        counter, reading(value, status, raw=raw), time=NOON + datetime.timedelta(seconds=after_s), rate=rate, publish=publish,
        changed=changed,
    )  # fmt: skip


def values(records: list[Record]) -> list[str]:
    return [str(record.value) for record in records]


def problem(store: Store) -> str:
    """What the store says keeps it from keeping; empty where nothing does."""
    return store.problem or ""
