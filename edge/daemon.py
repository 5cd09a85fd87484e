"""The loop: frames in, readings kept and handed on, for years.

Here, and only here, camera, counters, store and outputs meet. A turn takes a frame, reads every counter in it, keeps what came of it,
wakes the outputs, and tells systemd that all is well, in this order: what is told has happened.
"""

import contextlib
import dataclasses
import datetime
import functools
import logging
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import FrameType

from edge import assembly
from edge.assembly import Output
from edge.capture.watching import Watched
from edge.config.load import load
from edge.errors import CameraError, DigitdError, UsageError
from edge.live import Live
from edge.memory import Idle
from edge.notify import Notifier
from edge.outputs.doubtful import Doubtful, beside
from edge.outputs.metrics import Metrics
from edge.outputs.retention import Ages
from edge.outputs.store import Store
from edge.reading import Reading
from edge.recorder import Recorder

SLICE_S = 0.5
"""The longest that is waited at a stretch: the store is looked after in between."""
THIN_EVERY_S = 3600.0
GRACE_S = 20.0
"""What a turn may take besides the camera, before systemd takes it for dead."""

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Parts:
    """All that one configuration asks for, while it runs."""

    recorders: dict[str, Recorder]
    outputs: dict[str, Output]
    live: Live
    metrics: Metrics


class Daemon:
    """Reads what a configuration names until it is stopped.

    Example: `Daemon(Path("/etc/digitd/digitd.toml")).run()`
    """

    def __init__(self, path: Path, *, notifier: Notifier | None = None) -> None:
        """Raises ConfigError where the file is wrong, ModelError or PictureError where what it names is."""
        self._path = path
        self.config = load(path)
        self._kinds = assembly.kinds(self.config)
        self._notifier = notifier or Notifier()
        self._commands: deque[tuple[str, Decimal | None]] = deque()
        self._wake, self._stopping, self._reloading = threading.Event(), False, False
        self._camera: Watched | None = None
        self._ready, self._idle = False, Idle()
        self._due = 0.0
        self._woken_for = 0
        self._thin_at = time.monotonic()

    def run(self) -> int:
        """Until `stop`, or a signal that means it; returns the exit code. Raises StoreError or ConfigError where it cannot begin."""
        kept = self.config.store
        changed_s = 0.0 if kept.commit_changes else kept.commit_interval
        with (
            Store(kept.path, commit_interval_s=kept.commit_interval, changed_interval_s=changed_s) as store,
            contextlib.ExitStack() as stack,
        ):
            stack.callback(self._close_camera)
            while not self._stopping:
                with self._parts(store) as parts:
                    if self._ready:  # the end of a reload; before the first reading, that will say it
                        self._notifier.ready()
                    while not self._stopping and not self._reloading:
                        self._turn(store, parts)
                if self._reloading and not self._stopping:
                    self._read_again()
            self._notifier.stopping()
        log.info("stopped; all that was read is kept")
        return 0

    def stop(self) -> None:
        """End after the turn under way. From any thread, and from a signal."""
        self._stopping = True
        self._wake.set()
        self._close_camera()

    def reload(self) -> None:
        """Read configuration and models again. From any thread, and from a signal."""
        self._reloading = True
        self._wake.set()

    def told(self, counter: str, command: str, value: Decimal | None) -> None:
        """A command from outside, from any thread: it is followed at the next turn, which comes at once. Raises UsageError."""
        kind = self._kinds.get(counter)
        if kind is None:
            raise UsageError(f"no counter {counter}; there are: {', '.join(self._kinds)}")
        if value is not None:
            kind.reader.steps(value)
        self._commands.append((counter, value))
        self._wake.set()

    def listen_to_signals(self) -> None:
        """SIGTERM and SIGINT stop, SIGHUP reloads. From the main thread."""

        def handle(number: int, _: FrameType | None) -> None:
            if number == signal.SIGHUP:
                self.reload()
            else:
                self.stop()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, handle)

    @contextlib.contextmanager
    def _parts(self, store: Store) -> Iterator[Parts]:
        config = self.config
        with contextlib.ExitStack() as stack:
            outputs = assembly.outputs(config, store, self.told)
            store.outputs(outputs.keys())
            for output in outputs.values():
                stack.enter_context(output)
            pictures = config.store.doubtful_pictures
            folder = beside(config.store.path)
            doubtful = Doubtful(folder, count=pictures, megabytes=config.store.doubtful_megabytes) if pictures else None
            every_s = config.mqtt.publish_interval
            recorders = {
                name: Recorder(name, kind.tracker(store.load_state(name)), store, publish_interval_s=every_s, doubtful=doubtful)
                for name, kind in self._kinds.items()
            }
            metrics = Metrics(recorders)
            for name in outputs:
                metrics.queue(name, functools.partial(store.queue_length, name))
            metrics.model({name: kind.reader.recognizer.runtime for name, kind in self._kinds.items()})
            live = Live(recorders, store, self.told, fresh_within_s=config.fresh_within_s, problems=lambda: _problems(store, outputs))
            if config.http.enabled:
                stack.enter_context(assembly.server(config.http, live, metrics.text))
            if self._camera is None:
                self._camera = assembly.camera(config.camera)
            if self._stopping:  # told so before there was a camera to close
                self._camera.close()
            patience_s = 2 * config.camera.interval + config.camera.timeout + config.camera.lamp_warm_up + GRACE_S
            self._notifier.expect(max(self._notifier.watchdog_s or 0.0, patience_s))
            self._due = 0.0
            yield Parts(recorders, outputs, live, metrics)

    def _turn(self, store: Store, parts: Parts) -> None:
        """Wait until it is time, and take one frame all the way."""
        if not self._waited(store, parts):
            return
        self._due = max(self._due + self.config.camera.interval, time.monotonic())
        assert self._camera is not None
        try:
            frame = self._camera.frame()
        except CameraError as error:
            if not self._stopping:
                now = datetime.datetime.now(datetime.UTC)
                parts.live.show_none({name: recorder.without_frame(now) for name, recorder in parts.recorders.items()})
                self._hand_on(store, parts)
                self._notifier.status(f"no frame: {error}")
            return
        parts.metrics.frame_taken(frame.time)
        readings = {}
        for name, recorder in parts.recorders.items():
            readings[name] = recorder.look(frame.picture, frame.time)
            parts.metrics.observe(name, readings[name])
        parts.live.show(frame.picture, frame.time, readings)
        self._hand_on(store, parts)
        self._idle.tick()
        if not self._ready:
            self._ready = True
            self._notifier.ready()
        self._notifier.alive()
        self._notifier.status(", ".join(f"{name} {_shown(reading)}" for name, reading in readings.items()) or "no counters")

    def _waited(self, store: Store, parts: Parts) -> bool:
        """Wait for the next turn, and follow commands meanwhile; whether a frame is to be taken now."""
        while not self._stopping and not self._reloading:
            while self._commands:
                counter, value = self._commands.popleft()
                if value is not None and counter in parts.recorders:
                    parts.recorders[counter].tracker.set_value(value, datetime.datetime.now(datetime.UTC))
                    log.info("%s: set to %s", counter, value)
                self._due = 0.0
            rest_s = self._due - time.monotonic()
            if rest_s <= 0:
                return True
            self._wake.wait(min(rest_s, SLICE_S))
            self._wake.clear()
            self._hand_on(store, parts)
        return False

    def _hand_on(self, store: Store, parts: Parts) -> None:
        store.tick()
        if store.committed != self._woken_for:
            self._woken_for = store.committed
            for output in parts.outputs.values():
                output.wake()
        if time.monotonic() >= self._thin_at:
            self._thin_at = time.monotonic() + THIN_EVERY_S
            kept = self.config.store
            ages = Ages(all=datetime.timedelta(seconds=kept.keep_all), per_minute=datetime.timedelta(seconds=kept.keep_per_minute))
            store.thin(datetime.datetime.now(datetime.UTC), ages)

    def _read_again(self) -> None:
        """Take the configuration as it is now; a wrong one changes nothing."""
        self._reloading = False
        self._notifier.reloading()
        try:
            config = load(self._path)
            kinds = assembly.kinds(config)
        except DigitdError as error:
            for line in str(error).splitlines():
                log.error("%s", line)
            log.error("the configuration is left as it was")
            return
        if config.camera != self.config.camera:
            self._close_camera()
            self._camera = None
        if config.store.path != self.config.store.path:
            log.warning("store.path: a new database is taken at the next start")
        self.config, self._kinds = config, kinds
        log.info("the configuration was read again")

    def _close_camera(self) -> None:
        if self._camera is not None:
            self._camera.close()


def _problems(store: Store, outputs: dict[str, Output]) -> list[str]:
    return [problem for problem in (store.problem, *(output.problem for output in outputs.values())) if problem]


def _shown(reading: Reading) -> str:
    return f"{'–' if reading.value is None else reading.value} ({reading.status})"
