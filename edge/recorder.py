"""What is kept of a counter's readings, and which of them are published."""

import datetime
import logging
import math
import time as clocks
from collections.abc import Callable
from decimal import Decimal

from edge.outputs.doubtful import Doubtful
from edge.outputs.store import Store
from edge.reading import Reading, Status
from edge.sizes import misfit
from edge.tracker import Tracker
from edge.vision.window import Image

KEEP_EVERY_S = 1.0
"""Readings that say the same come in one a second at most: thirty a second would fill the database with nothing."""
LEAP_S = 60.0
"""A clock that is set forward by more was wrong."""

log = logging.getLogger(__name__)


class Recorder:
    """Follows one counter into the store.

    A reading is published when its value or status is another one, and `publish_interval_s` after the last at the latest.
    """

    def __init__(
        self, name: str, tracker: Tracker, store: Store, *, publish_interval_s: float, doubtful: Doubtful | None = None,
        clock: Callable[[], float] = clocks.monotonic, wall: Callable[[], float] = clocks.time,
    ) -> None:  # fmt: skip
        """clock: in seconds. It counts besides the frames' own times, which stand still where a picture stays the newest.
        wall: the time of day, in seconds, which may be set meanwhile."""
        self.name, self.tracker = name, tracker
        self._store, self._publish_interval_s, self._doubtful = store, publish_interval_s, doubtful
        self._last: Reading | None = None
        self._kept_at = self._published_at = datetime.datetime.min.replace(tzinfo=datetime.UTC)
        self._clock, self._published_clock = clock, -math.inf
        self._wall, self._ahead = wall, math.inf
        self._tell = self._warned = False
        self.problem: str | None = None
        """Why no reading can come of the camera's frames, in words, where none ever can."""

    def look(self, frame: Image, time: datetime.datetime) -> Reading:
        """Read a frame that was taken at a time (UTC), and keep what it says."""
        if self._was_set_forward():
            log.info("%s: the clock was set forward, every wheel is read anew", self.name)
            self.tracker.look_anew()
        reading = self.tracker.look(frame, time)
        self.problem = self._never_found(frame, reading) if reading.status is Status.MISALIGNED else None
        if self.tracker.ghosts and not self._warned:
            self._warned = True
            log.warning('%s: not published, for it looks like a display; set display = "lcd", or "wheels" if it has wheels', self.name)
        number = self._keep(reading, time)
        if number is not None and self._doubtful is not None and not self.tracker.ghosts:
            self._doubtful.keep(number, self.name, frame, reading, display=self.tracker.reader.rules.mechanism.display)
        log.debug("%s: %s %s %.3f", self.name, reading.raw, reading.status, reading.confidence)
        return reading

    def without_frame(self, time: datetime.datetime) -> Reading:
        """Keep that there was no frame to read."""
        reading = Reading.of_nothing(Status.NO_FRAME, self.tracker.value)
        self._keep(reading, time)
        return reading

    def tell(self) -> None:
        """Somebody asked: the next reading is published, whatever it says."""
        self._tell = True

    def set_value(self, value: Decimal, time: datetime.datetime) -> None:
        """Begin anew with what a person read at a time (UTC). Raises UsageError for a value that the counter cannot show."""
        self.tracker.set_value(value, time)
        self._store.save_state(self.name, self.tracker.state())

    def _was_set_forward(self) -> bool:
        """Whether the time of day has leapt since the last frame: a machine without a clock of its own has the time before a power cut
        until the network tells it, and what flowed meanwhile would be more than can have."""
        ahead = self._wall() - self._clock()
        leapt, self._ahead = ahead - self._ahead, ahead
        return leapt > LEAP_S

    def _never_found(self, frame: Image, reading: Reading) -> str | None:
        if (why := misfit(reading.window, self.tracker.reference, frame.shape)) is None:
            return None
        told = f"{self.name}: never found: {why}"
        log.error("%s", told)
        return told

    def _keep(self, reading: Reading, time: datetime.datetime) -> int | None:
        """The reading's id, if it was kept."""
        last = self._last
        changed = last is None or reading.value != last.value
        told = changed or last is None or reading.status != last.status
        silent_s = max(abs((time - self._published_at).total_seconds()), self._clock() - self._published_clock)
        publish = told or self._tell or silent_s >= self._publish_interval_s
        if not publish and last is not None and reading.raw == last.raw and abs((time - self._kept_at).total_seconds()) < KEEP_EVERY_S:
            return None
        self._store.save_state(self.name, self.tracker.state(), anew=self.tracker.anew)
        number = self._store.add(
            self.name, reading, time=time, rate=self.tracker.rate(time), publish=publish,
            changed=self._tell or (changed and reading.value is not None),
        )  # fmt: skip
        if last is not None and reading.status != last.status:
            self._say(reading, last)
        elif changed and reading.value is not None:
            log.info("%s: %s", self.name, reading.value)
        self._last, self._kept_at = reading, time
        if publish:
            self._published_at, self._published_clock, self._tell = time, self._clock(), False
        return number

    def _say(self, reading: Reading, last: Reading) -> None:
        if reading.status is Status.OK:
            log.info("%s: %s, ok again after %s", self.name, reading.value, last.status)
        else:
            log.info("%s: %s; it shows %s, the last valid value is %s", self.name, reading.status, reading.raw or "nothing", reading.value)
