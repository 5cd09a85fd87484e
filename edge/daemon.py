"""The loop: frames in, readings kept and handed on, for years.

Here, and only here, camera, counters, store and outputs meet. A turn takes a frame, reads every counter in it, keeps what came of it,
wakes the outputs, and tells systemd that all is well, in this order: what is told has happened.
"""

import contextlib
import datetime
import logging
import queue
import signal
import time
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import FrameType

from edge import assembly
from edge.assembly import Kind
from edge.capture.watching import Watched
from edge.config.load import load
from edge.config.schema import Config
from edge.errors import CameraError, DigitdError, UsageError
from edge.memory import Idle
from edge.notify import Notifier
from edge.outputs.retention import Ages
from edge.outputs.store import Store
from edge.parts import Parts
from edge.reading import Reading

SLICE_S = 0.5
"""The longest that is waited at a stretch: the store is looked after in between."""
THIN_EVERY_S = 3600.0
GRACE_S = 20.0
"""What a turn may take besides the camera, before systemd takes it for dead."""

log = logging.getLogger(__name__)


class Daemon:
    """Reads what a configuration names until it is stopped.

    Example: `Daemon(Path("/etc/digitd/digitd.toml")).run()`
    """

    def __init__(self, path: Path, *, notifier: Notifier | None = None) -> None:
        """Raises ConfigError where the file is wrong, ModelError or PictureError where what it names is."""
        self._path = path
        self.config = load(path, files=True)
        self._kinds: Mapping[str, Kind] = assembly.kinds(self.config)
        self._notifier = notifier or Notifier()
        self._commands: deque[tuple[str, str, Decimal | None]] = deque()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()  # a signal may put while the loop gets: no Event bears that
        self._stopping = self._reloading = False
        self._camera: Watched | None = None
        self._ready, self._idle = False, Idle()
        self._due = 0.0
        self._woken_for = 0
        self._thin_at = time.monotonic()

    def run(self) -> int:
        """Until `stop`, or a signal that means it; returns the exit code. Raises StoreError or ConfigError where it cannot begin."""
        with Store(self.config.store.path) as store, contextlib.ExitStack() as stack:
            stack.callback(self._close_camera)
            parts = self._started(store)
            stack.callback(lambda: parts.close())
            while not self._stopping:
                if self._reloading:
                    parts = self._reloaded(store, parts)
                else:
                    self._turn(store, parts)
            self._follow(store, parts)
            self._notifier.stopping()
        if not store.lost:
            log.info("stopped; all that was read is kept")
        return 0

    def stop(self) -> None:
        """End after the turn under way. From any thread, and from a signal."""
        self._stopping = True
        self._wake.put(None)
        self._close_camera()

    def reload(self) -> None:
        """Read configuration and models again. From any thread, and from a signal."""
        self._reloading = True
        self._wake.put(None)

    def told(self, counter: str, command: str, value: Decimal | None) -> None:
        """A command from outside, from any thread: it is followed between two frames. Raises UsageError."""
        kind = self._kinds.get(counter)
        if kind is None:
            raise UsageError(f"no counter {counter}; there are: {', '.join(self._kinds)}")
        if value is not None:
            kind.reader.steps(value)
        self._commands.append((counter, command, value))
        self._wake.put(None)

    def listen_to_signals(self) -> None:
        """SIGTERM and SIGINT stop, SIGHUP reloads. From the main thread."""

        def handle(number: int, _: FrameType | None) -> None:
            if number == signal.SIGHUP:
                self.reload()
            else:
                self.stop()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, handle)

    def _started(self, store: Store) -> Parts:
        """What the configuration asks for, running. Raises what keeps it from that, and nothing runs then."""
        config = self.config
        store.commit_interval_s = config.store.commit_interval
        store.changed_interval_s = 0.0 if config.store.commit_changes else config.store.commit_interval
        parts = Parts.of(config, self._kinds, store, self.told, self._camera)
        self._camera = parts.camera
        if self._stopping:  # told so before there was a camera to close
            self._camera.close()
        patience_s = 2 * config.camera.interval + config.camera.timeout + config.camera.lamp_warm_up + GRACE_S
        self._notifier.expect(patience_s)
        self._due = 0.0
        return parts

    def _reloaded(self, store: Store, parts: Parts) -> Parts:
        """The configuration as it is now, running; a wrong one changes nothing."""
        self._reloading = False
        self._notifier.reloading()
        try:
            config = load(self._path, files=True)
            kinds = assembly.kinds(config)
        except DigitdError as error:
            _refuse(error)
        else:
            parts.close()
            try:
                self._take(config, kinds)
                parts = self._started(store)
                log.info("the configuration was read again")
            # Whatever it is, what ran before goes on.
            except Exception as error:
                _refuse(error)
                self._take(parts.config, parts.kinds)
                parts = self._started(store)
        if self._ready:  # before the first reading, that will say it
            self._notifier.ready()
        return parts

    def _take(self, config: Config, kinds: Mapping[str, Kind]) -> None:
        if config.camera != self.config.camera:
            self._close_camera()
            self._camera = None
        if config.store.path != self.config.store.path:
            log.warning("store.path: a new database is taken at the next start")
        self.config, self._kinds = config, kinds

    def _turn(self, store: Store, parts: Parts) -> None:
        """Wait until it is time, and take one frame all the way."""
        if not self._waited(store, parts):
            return
        self._due = max(self._due + self.config.camera.interval, time.monotonic())
        try:
            frame = parts.camera.frame()
        except CameraError as error:
            if not self._stopping:
                self._due = 0.0  # the camera itself tells when to ask again
                now = datetime.datetime.now(datetime.UTC)
                readings = {name: recorder.without_frame(now) for name, recorder in parts.recorders.items()}
                parts.live.show_none(readings)
                self._told_of(store, parts, readings)
                self._notifier.status(f"no frame: {error}")
            return
        parts.metrics.frame_taken(frame.time)
        readings = {name: recorder.look(frame.picture, frame.time) for name, recorder in parts.recorders.items()}
        parts.live.show(frame.picture, frame.time, readings)
        self._told_of(store, parts, readings)
        self._idle.tick()
        if not self._ready:
            self._ready = True
            self._notifier.ready()
        self._notifier.alive()
        units = {counter.name: counter.unit for counter in self.config.counter}
        self._notifier.status(", ".join(f"{name} {_shown(each, units[name])}" for name, each in readings.items()) or "no counters")

    def _told_of(self, store: Store, parts: Parts, readings: dict[str, Reading]) -> None:
        for name, reading in readings.items():
            parts.metrics.observe(name, reading)
        self._hand_on(store, parts)

    def _waited(self, store: Store, parts: Parts) -> bool:
        """Wait for the next turn, and follow commands meanwhile; whether a frame is to be taken now."""
        while not self._stopping and not self._reloading:
            self._follow(store, parts)
            rest_s = max(self._due - time.monotonic(), parts.camera.rest_s)
            if rest_s <= 0:
                return True
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=min(rest_s, SLICE_S))
            self._hand_on(store, parts)
        return False

    def _follow(self, store: Store, parts: Parts) -> None:
        """Do what was commanded; the next reading tells of it, at once."""
        while self._commands:
            counter, _, value = self._commands.popleft()
            if (recorder := parts.recorders.get(counter)) is None:
                continue
            if value is not None:
                recorder.set_value(value, datetime.datetime.now(datetime.UTC))
                store.commit()
                log.info("%s: set to %s", counter, value)
            recorder.tell()
            self._due = 0.0

    def _hand_on(self, store: Store, parts: Parts) -> None:
        store.tick()
        if store.visible != self._woken_for:
            self._woken_for = store.visible
            parts.wake()
        if time.monotonic() >= self._thin_at:
            self._thin_at = time.monotonic() + THIN_EVERY_S
            kept = self.config.store
            ages = Ages(all=datetime.timedelta(seconds=kept.keep_all), per_minute=datetime.timedelta(seconds=kept.keep_per_minute))
            store.thin(datetime.datetime.now(datetime.UTC), ages)

    def _close_camera(self) -> None:
        if self._camera is not None:
            self._camera.close()


def _refuse(error: Exception) -> None:
    for line in (str(error) or type(error).__name__).splitlines():
        log.error("%s", line)
    log.debug("what was refused", exc_info=error)
    log.error("the configuration is left as it was")


def _shown(reading: Reading, unit: str | None) -> str:
    value = "–" if reading.value is None else f"{reading.value}{f' {unit}' if unit else ''}"
    return f"{value} ({reading.status})"
