"""What the web sees of the daemon while it runs: the last frame and readings. Written by the loop, read from any thread."""

import datetime
import threading
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from edge.apart import Apart
from edge.outputs.record import Record
from edge.outputs.store import Store
from edge.reading import Reading, Status
from edge.vision.annotate import Mark, annotate
from edge.vision.window import Image

Told = Callable[[str, str, Decimal | None], None]


class Live:
    """The API's source (`edge.web.api.Source`).

    told: takes commands; fresh_within_s: how old the last valid reading may be; problems: what troubles the daemon, in words.
    """

    def __init__(
        self, names: Iterable[str], store: Store, told: Told, *, fresh_within_s: float, problems: Callable[[], list[str]],
    ) -> None:  # fmt: skip
        self._names, self._store, self._told = list(names), store, told
        self._fresh_within_s, self._problems = fresh_within_s, problems
        self._lock, self._painter = threading.Lock(), Apart()
        self._frame: Image | None = None
        self._taken: datetime.datetime | None = None
        self._readings: Mapping[str, Reading] = {}
        self._valid: dict[str, datetime.datetime] = {}
        self._annotated: Image | None = None

    def show(self, frame: Image, time: datetime.datetime, readings: Mapping[str, Reading]) -> None:
        """The last frame, the time it was taken (UTC), and what was read in it."""
        with self._lock:
            if frame is not self._frame:
                self._annotated = None
            self._frame, self._taken, self._readings = frame, time, readings
            for name, reading in readings.items():
                if reading.status is Status.OK:
                    self._valid[name] = time

    def show_none(self, readings: Mapping[str, Reading]) -> None:
        """There was no frame; the last one stays."""
        with self._lock:
            self._readings = readings

    def forget(self) -> None:
        """Let go of what was shown: web servers and their libraries may hold on to this object for ever."""
        with self._lock:
            self._frame = self._annotated = None
            self._readings = {}

    def latest(self, counter: str) -> Record | None:
        return self._store.latest(counter)

    def counters(self) -> list[str]:
        return self._names

    def readings(
        self, counter: str, start: datetime.datetime | None, end: datetime.datetime | None, limit: int
    ) -> Iterable[Record]:  # fmt: skip
        return self._store.readings(counter, start, end, limit)

    def consumption(self, counter: str, start: datetime.date, end: datetime.date) -> Mapping[datetime.date, Decimal]:
        return self._store.consumption(counter, start, end)

    def frame(self) -> Image | None:
        with self._lock:
            return self._frame

    def annotated(self) -> Image | None:
        with self._lock:
            if self._frame is None or self._annotated is not None:
                return self._annotated
        return self._painter.done(self._drawn)

    def _drawn(self) -> Image | None:
        """The last frame with what was read in it, drawn anew unless it was drawn meanwhile."""
        with self._lock:
            frame, readings, drawn = self._frame, self._readings, self._annotated
        if frame is None or drawn is not None:
            return drawn
        picture = frame
        for name, reading in readings.items():
            marks = [Mark(wheel.corners, wheel.digit, wheel.confidence) for wheel in reading.wheels]
            shown = f"{name} {reading.raw}" if reading.value is None else f"{name} {reading.value}"
            picture = annotate(picture, marks, shown, reading.confidence, reading.status)
        with self._lock:
            if self._frame is frame:
                self._annotated = picture
        return picture

    def set_value(self, counter: str, value: Decimal) -> None:
        self._told(counter, "set_value", value)

    def read_now(self, counter: str) -> None:
        self._told(counter, "read_now", None)

    def status(self) -> dict[str, Any]:
        with self._lock:
            taken, readings = self._taken, dict(self._readings)
        return {
            "frame": None if taken is None else taken.isoformat(),
            "fresh": self.fresh(),
            "problems": self._problems(),
            "counters": {name: reading.status.value for name, reading in readings.items()},
        }

    def fresh(self) -> bool:
        now = datetime.datetime.now(datetime.UTC)
        with self._lock:
            times = [self._valid.get(name) for name in self._names]
        return bool(times) and all(time is not None and (now - time).total_seconds() <= self._fresh_within_s for time in times)
