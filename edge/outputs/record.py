"""What outputs hand on: a reading as it is kept, and the box they take it from."""

import dataclasses
import datetime
from decimal import Decimal
from typing import Protocol

from edge.reading import Status


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """A reading that is committed: from here on it is neither lost nor counted twice."""

    id: int
    """Grows with time, never used again: by it a consumer tells a message that came twice."""
    time: datetime.datetime
    """UTC, when the frame was taken."""
    counter: str
    value: Decimal | None
    """The last valid value in the counter's unit; None before the first."""
    raw: str
    confidence: float
    status: Status
    rate: float | None
    """Units per hour, from the values before; None where there are too few."""


class Outbox(Protocol):
    """Where an output takes its records from, in order, each at least once. Safe to call from the output's own thread."""

    def pending(self, output: str, limit: int = 100) -> list[Record]:
        """Committed records to be published that `output` has not delivered yet, the oldest first."""

    def delivered(self, output: str, up_to: int) -> None:
        """`output` has delivered every record up to this id."""
