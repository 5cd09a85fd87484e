"""A daemon to ask over HTTP that holds what a test gives it, and a client with the token."""

import contextlib
import dataclasses
import datetime
import http.client
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np

from edge.errors import UsageError
from edge.outputs.record import Record
from edge.reading import Status
from edge.vision.window import Image
from edge.web.api import Source, application
from edge.web.server import Server

WATER = "/api/v1/counters/water"
TOKEN = "q3Zt8vYw1KpLx5Rb9NsD2fGh"
NOON = datetime.datetime(2026, 11, 25, 12, 0, tzinfo=datetime.UTC)


def record(number: int, value: str | None, *, counter: str = "water", status: Status = Status.OK, rate: float | None = None) -> Record:
    """The reading `number` minutes after noon."""
    return Record(
        id=number, time=NOON + datetime.timedelta(minutes=number), counter=counter, value=None if value is None else Decimal(value),
        raw="0001234", confidence=0.987, status=status, rate=rate,
    )  # fmt: skip


class Daemon:
    """Two counters, `water` and `gas`."""

    def __init__(self, *records: Record, frame: Image | None = None) -> None:
        self.hold(*records, frame=frame)

    def hold(self, *records: Record, frame: Image | None = None) -> None:
        """Begin anew with these."""
        self.records, self.picture, self.is_fresh = list(records), frame, True
        self.set: list[tuple[str, Decimal]] = []
        self.asked: list[str] = []
        self.used: dict[datetime.date, Decimal] = {}
        self.fault: Exception | None = None
        self.state: dict[str, Any] = {"doing": "reading", "problems": []}

    def counters(self) -> list[str]:
        return ["water", "gas"]

    def latest(self, counter: str) -> Record | None:
        return next((each for each in reversed(self.records) if each.counter == counter), None)

    def readings(
        self, counter: str, start: datetime.datetime | None, end: datetime.datetime | None, limit: int
    ) -> Iterator[Record]:  # fmt: skip
        found = (it for it in self.records if it.counter == counter and (not start or start <= it.time) and (not end or it.time < end))
        return (each for each, _ in zip(found, range(limit), strict=False))

    def consumption(self, counter: str, start: datetime.date, end: datetime.date) -> dict[datetime.date, Decimal]:
        return {day: used for day, used in self.used.items() if counter == "water" and start <= day <= end}

    def frame(self) -> Image | None:
        return self.picture

    def annotated(self) -> Image | None:
        return None if self.picture is None else np.dstack([self.picture] * 3)

    def set_value(self, counter: str, value: Decimal) -> None:
        if value >= 10_000:
            raise UsageError(f"{value}: more digits than {counter} has")
        self.set.append((counter, value))

    def read_now(self, counter: str) -> None:
        self.asked.append(counter)

    def status(self) -> dict[str, Any]:
        if self.fault:
            raise self.fault
        return self.state

    def fresh(self) -> bool:
        return self.is_fresh


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)


@dataclasses.dataclass(frozen=True)
class Client:
    """Asks on a port, a connection each time."""

    port: int

    def ask(
        self, path: str, method: str = "GET", *, body: bytes | Iterable[bytes] | None = None, token: str | None = TOKEN,
        headers: dict[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        given = {"Authorization": f"Bearer {token}"} if token is not None else {}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, body, {**given, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


@contextlib.contextmanager
def served(daemon: Source, *, most_connections: int = 32, patience_s: float = 20.0) -> Iterator[Client]:
    """The daemon's API on a free port."""
    app = application(daemon, lambda: b"digitd_value 1.0\n")
    with Server(
        app, token=TOKEN, host="127.0.0.1", port=0, most_connections=most_connections, patience_s=patience_s
    ) as server:  # fmt: skip
        yield Client(server.port)
