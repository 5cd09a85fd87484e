"""The loop: frames in, readings kept and handed on, for years.

Here, and only here, camera, counters, store and outputs meet. A turn takes a frame, reads every counter in it, keeps what came of it,
wakes the outputs, and tells systemd that all is well, in this order: what is told has happened.
"""

import contextlib
import datetime
import logging
import math
import queue
import time
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from edge import assembly
from edge.assembly import Kind
from edge.capture.watching import Watched
from edge.config.load import load
from edge.config.schema import Config
from edge.errors import CameraError, DigitdError, UsageError
from edge.journal import ANSWER
from edge.memory import Idle
from edge.notify import Notifier
from edge.outputs.store import Store
from edge.parts import Parts
from edge.reading import Reading

SLICE_S = 0.5
"""The longest that is waited at a stretch: the store is looked after in between."""
THIN_EVERY_S = 3600.0
AGAIN_S = 60.0
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
        self._commands: deque[tuple[str, Decimal | None]] = deque()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()  # a signal may put while the loop gets: no Event bears that
        self._stopping = self._reloading = False
        self._camera: Watched | None = None
        self._ready = False
        self._due, self._again_at = 0.0, math.inf
        """When the next frame is to be taken, on the monotonic clock (0: at once), and when the configuration is tried again."""
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
                elif time.monotonic() >= self._again_at:
                    parts.close()
                    parts = self._as_before(store)
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
        self._commands.append((counter, value))
        self._wake.put(None)

    def _started(self, store: Store, *, bare: bool = False) -> Parts:
        """What the configuration asks for, running. Raises what keeps it from that, and nothing runs then. bare: see Parts."""
        config = self.config
        self._camera = self._camera or assembly.camera(config.camera)
        parts = Parts.of(config, self._kinds, store, self.told, bare=bare)
        store.commit_interval_s = config.store.commit_interval
        store.changed_interval_s = 0.0 if config.store.commit_changes else config.store.commit_interval
        self._camera.stale_s = max(config.fresh_within_s, config.expire_after_s)
        if self._stopping:  # told so before there was a camera to close
            self._camera.close()
        self._notifier.expect(2 * config.camera.interval + config.camera.timeout + config.camera.lamp_warm_up + GRACE_S)
        self._due, self._again_at = 0.0, time.monotonic() + AGAIN_S if bare else math.inf
        self._idle = Idle()
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
            camera = self._camera
            try:
                self._take(config, kinds)
                parts = self._started(store)
                log.info("the configuration was read again")
            # Whatever it is, what ran before goes on.
            except Exception as error:
                _refuse(error)
                self.config, self._kinds = parts.config, parts.kinds
                if camera is not None and self._camera is not camera:
                    self._camera = camera.anew()
                parts = self._as_before(store)
        if self._ready:  # before the first reading, that will say it
            self._notifier.ready()
        return parts

    def _as_before(self, store: Store) -> Parts:
        try:
            return self._started(store)
        except Exception as error:
            log.error("%s; so nobody is told for now, and readings wait in the database. It is tried again every minute", error)
            return self._started(store, bare=True)

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
        now_s = time.monotonic()
        self._due = max((self._due or now_s) + self.config.camera.interval, now_s)
        assert self._camera is not None
        try:
            frame = self._camera.frame(lambda: self._meanwhile(store, parts))
        except CameraError as error:
            if self._reloading:
                self._camera.close()
                self._camera = self._camera.anew()
            elif not self._stopping:
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
        self._notifier.status(parts.in_words(readings))

    def _told_of(self, store: Store, parts: Parts, readings: dict[str, Reading]) -> None:
        for name, reading in readings.items():
            parts.metrics.observe(name, reading)
        self._hand_on(store, parts)

    def _meanwhile(self, store: Store, parts: Parts) -> None:
        """What does not wait for a camera that takes its time."""
        self._follow(store, parts)
        self._hand_on(store, parts)
        if self._reloading:  # it may name another one
            self._close_camera()

    def _waited(self, store: Store, parts: Parts) -> bool:
        """Wait for the next turn, and follow commands meanwhile; whether a frame is to be taken now."""
        assert self._camera is not None
        while not (self._stopping or self._reloading or time.monotonic() >= self._again_at):
            self._follow(store, parts)
            rest_s = max(self._due - time.monotonic(), self._camera.rest_s)
            if rest_s <= 0:
                return True
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=min(rest_s, SLICE_S))
            self._hand_on(store, parts)
        return False

    def _follow(self, store: Store, parts: Parts) -> None:
        """Do what was commanded; the next reading tells of it, at once."""
        while self._commands:
            counter, value = self._commands.popleft()
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
            store.thin(datetime.datetime.now(datetime.UTC), assembly.ages(self.config))

    def _close_camera(self) -> None:
        if self._camera is not None:
            self._camera.close()


def _refuse(error: Exception) -> None:
    for line in (str(error) or type(error).__name__).splitlines():
        log.error("%s", line, extra=ANSWER)
    log.debug("what was refused", exc_info=error)
    log.error("the configuration is left as it was", extra=ANSWER)
