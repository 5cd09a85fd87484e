"""One counter, frame after frame: where its window is, which wheels are new, and the value that comes of all that was seen.

What has not changed is not read again: at thirty frames a second most frames cost their cells and a comparison.
"""

import base64
import dataclasses
import datetime
import zlib
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from edge import novelty
from edge.counter.contest import observe
from edge.counter.history import History, Outcome, Verdict
from edge.counter.hypotheses import Hypothesis
from edge.counter.learning import Learnt, learn, learn_carry
from edge.counter.rate import Changes
from edge.reader import Reader, Seen
from edge.reading import Reading, Status
from edge.stopwatch import Stopwatch
from edge.vision import placement
from edge.vision.align import Alignment
from edge.vision.cells import CELL_SIZE
from edge.vision.reference import Reference
from edge.vision.window import Corners, Image, inside

ALIGN_EVERY_S = 1.0
"""A camera that was nudged is noticed within so long; looking at every frame would cost more than all the rest."""
READ_EVERY_S = 0.1
"""What is new is read in the first frame of each such slot of time: at thirty frames a second a wheel that turns is new in nearly all of
them, and none is missed. Slots are the same for all counters, so that the frames between cost none of them a reading."""
WEIGH_EVERY_S = 1.0
"""A frame on which nothing is new moves the clock of what may have flowed, and this is often enough for that."""
MOVED_PX = 0.7
"""A window that is found nearer than this to where it was is left where it was: its cells would change without a wheel turning."""
TEACHES = 0.95
"""Confidence from which a frame teaches how the wheels stand."""


class Tracker:
    """Follows one counter.

    Example: `Tracker(Reader(load(path), digits=7), corners).look(frame, time).value`
    """

    def __init__(
        self, reader: Reader, corners: Corners, *, reference: Reference | None = None, state: dict[str, Any] | None = None
    ) -> None:
        """state: what `state` gave before a restart; one of another counter, or a damaged one, is left out."""
        self.reader, self.reference = reader, reference
        self._given = corners
        self._window: Corners | None = None
        self._alignment: Alignment | None = None
        self._found: Alignment | None = None
        """The last one that was no other scene: where to look first. While it is not `_alignment`, the window is lost."""
        self._aligned_s = self._weighed_s = -1e12
        self._slot: float | None = None
        self._cells: npt.NDArray[np.uint8] | None = None
        self._packed: str | None = None
        """`_cells` as `state` gives them; None once they have changed, for packing costs more than all else that is kept."""
        self._probabilities: npt.NDArray[np.float32] | None = None
        self._blanks = np.empty(0)
        self.ghosts = False
        """The first places look like those of a display that show nothing, and nobody said what shows the digits."""
        self._flaw: Status | None = None
        self._outcome: Outcome | None = None
        self.history, self.learnt, self.changes = _restored(state, reader.digits) if state else (History(), Learnt(), Changes())
        if state and self.history.hypotheses:
            self._cells = _cells(state.get("cells"), reader.digits)

    def look(self, frame: Image, time: datetime.datetime) -> Reading:
        """What a frame, uint8 [H, W] or [H, W, 3], shows, with all that was seen before. time: UTC, when it was taken."""
        now_s = time.timestamp()
        before, watch, slot = self.history, Stopwatch(), now_s // READ_EVERY_S
        with watch.step("align"):
            lost = not self._aligned(frame, now_s)
        if lost:  # in the dark, and under glare, nothing is found
            light = self.reader.flaw(frame, self._given) if inside(self._given, frame.shape) else None
            flaw = light if light in (Status.TOO_DARK, Status.TOO_BRIGHT) else Status.MISALIGNED
            return self.reader.reading(self._seen(flaw, watch), None, before)
        with watch.step("window"):
            cells = self._cut(frame)
            soon = self._outcome is not None and self._flaw is None and slot == self._slot
            self._slot = slot
            new = np.zeros(len(cells), np.bool_) if soon else novelty.changed(cells, self._cells)
        with watch.step("inference"):
            if new.any() or self._probabilities is None or self._flaw is not None:
                self._read(frame, new)
        if self._flaw is not None:
            return self.reader.reading(self._seen(self._flaw, watch), None, before)
        with watch.step("decode"):
            outcome = self._weighed(cells, new, now_s)
        return self.reader.reading(self._seen(None, watch), outcome, before)

    def set_value(self, value: Decimal, time: datetime.datetime) -> None:
        """Begin anew with what a person read. Raises UsageError for a value that the counter cannot show."""
        self.history = History.known(self.reader.steps(value), time.timestamp())
        self.changes, self._outcome, self._weighed_s = Changes(), None, -1e12

    @property
    def anew(self) -> bool:
        """The value follows from another beginning than the one before: nothing flowed between them."""
        return self._outcome is not None and self._outcome.anew

    def look_anew(self) -> None:
        """Take every wheel of the next frame for new: that none has changed since the last one says nothing, for its time was wrong."""
        self._cells, self._packed, self._outcome = None, None, None

    @property
    def value(self) -> Decimal | None:
        """The last valid value; None before the first."""
        return None if self.history.value is None else Decimal(self.history.value).scaleb(-self.reader.decimals)

    def rate(self, now: datetime.datetime) -> float | None:
        """Units per hour; None before the value has changed once."""
        steps = self.changes.per_second(now.timestamp(), 10**self.reader.digits)
        return None if steps is None else steps * 3600 / 10**self.reader.decimals

    def state(self) -> dict[str, Any]:
        """All that is to outlive a restart, as JSON takes it."""
        if self._packed is None and self._cells is not None:
            self._packed = base64.b85encode(zlib.compress(self._cells.tobytes(), 1)).decode()
        return {
            "digits": self.reader.digits,
            "history": dataclasses.asdict(self.history),
            "learnt": dataclasses.asdict(self.learnt),
            "changes": self.changes.points,
            "cells": self._packed,
        }

    def _aligned(self, frame: Image, now_s: float) -> bool:
        """Whether the window is where it should be, or was found again."""
        if self.reference is None:
            return inside(self._given, frame.shape)
        if self._alignment is self._found and abs(now_s - self._aligned_s) < ALIGN_EVERY_S:
            return True
        self._alignment = found = self.reader.found(frame, self.reference, self._found)
        if not self.reader.is_found(found):
            self._window = None
            return False
        self._found, self._aligned_s = found, now_s
        if self._window is not None and np.abs(found.corners - self._given).max() < MOVED_PX:
            return True
        self._given, self._window = found.corners, None
        return True

    def _cut(self, frame: Image) -> npt.NDArray[np.uint8]:
        if self._window is None:
            self._window = placement.refined(frame, self._given, self.reader.digits, display=self.reader.display == "lcd")
        return placement.cut(frame, self._window, self.reader.digits)

    def _read(self, frame: Image, new: npt.NDArray[np.bool_]) -> None:
        """Judge the picture, and read what is new in it."""
        assert self._window is not None
        self._flaw = self.reader.flaw(frame, self._window)
        if self._flaw is not None:
            self._window = None  # where it was cut by a picture like this says little
            return
        which = new if self._probabilities is not None else np.ones_like(new)
        if not which.any():
            return
        self._blanks = self.reader.blanks(frame, self._window)
        read, _ = self.reader.look(frame, self._window, which)
        if self._probabilities is None:
            self._probabilities = read
        else:
            self._probabilities = self._probabilities.copy()
            self._probabilities[which] = read
        self.ghosts = len(self.reader.ghosts(frame, self._window, self._probabilities)) > 0

    def _weighed(self, cells: npt.NDArray[np.uint8], new: npt.NDArray[np.bool_], now_s: float) -> Outcome:
        if self._outcome is not None and not new.any() and 0 <= now_s - self._weighed_s < WEIGH_EVERY_S:
            return self._outcome
        assert self._probabilities is not None
        probabilities = self.reader.with_blanks(self._probabilities, self._blanks)
        rules = dataclasses.replace(self.reader.rules, mechanism=self.learnt.mechanism(self.reader.rules.mechanism))
        outcome = observe(self.history, probabilities, rules, time_s=now_s, novelty=new.astype(np.float64))
        if outcome.anew:
            self.changes = Changes()
        if self.ghosts:
            outcome = self._withheld(outcome)
        if outcome.verdict is Verdict.OK and outcome.confidence >= TEACHES:
            self.learnt = learn(self.learnt, probabilities, outcome.raw.digits, new)
        if outcome.verdict is Verdict.OK and outcome.value is not None:
            self.learnt = learn_carry(self.learnt, probabilities, f"{outcome.value:0{self.reader.digits}d}", new)
            self.changes = self.changes.then(now_s, outcome.value)
        if self._cells is None or new.any():
            self._cells = cells if self._cells is None else np.where(new[:, None, None, None], cells, self._cells)
            self._packed = None
        self.history, self._outcome, self._weighed_s = outcome.history, outcome, now_s
        return outcome

    def _withheld(self, outcome: Outcome) -> Outcome:
        """The outcome with nothing new to publish, for this may be a display. Wheels that glare makes look like one are followed on."""
        value = self.history.value
        history = self.history if value is None else dataclasses.replace(outcome.history, value=value)
        return dataclasses.replace(outcome, verdict=Verdict.LOW_CONFIDENCE, value=value, history=history)

    def _seen(self, flaw: Status | None, watch: Stopwatch) -> Seen:
        return Seen(
            corners=self._given if self._window is None else self._window,
            probabilities=None if flaw is not None else self._probabilities,
            blanks=self._blanks, flaw=flaw, alignment=self._alignment, timings_ms=watch.timings_ms,
        )  # fmt: skip


def _restored(state: dict[str, Any], digits: int) -> tuple[History, Learnt, Changes]:
    """What `Tracker.state` kept; nothing where it is of another counter, or of another version."""
    try:
        if state["digits"] != digits:
            return History(), Learnt(), Changes()
        known = dict(state["learnt"])
        learnt = Learnt(**known | {name: tuple(known.get(name, ())) for name in ("offsets", "counts", "carry_logs")})
        return restored_history(state["history"]), learnt, Changes(points=tuple((float(at), int(value)) for at, value in state["changes"]))
    except (KeyError, TypeError, ValueError):
        return History(), Learnt(), Changes()


def restored_history(kept: dict[str, Any]) -> History:
    """A history that was stored as JSON. Raises KeyError, TypeError or ValueError for what is none."""
    hypotheses = tuple(Hypothesis(*each) for each in kept["hypotheses"])
    rival = None if kept.get("rival") is None else restored_history(kept["rival"])
    founded = kept.get("founded", kept["value"] is not None)  # was not kept at first
    looks = tuple((float(place), float(time_s)) for place, time_s in kept.get("looks", ()))
    return History(**kept | {"hypotheses": hypotheses, "rival": rival, "founded": founded, "looks": looks})


def _cells(text: object, digits: int) -> npt.NDArray[np.uint8] | None:
    """The pictures that counted last, uint8 [N, 32, 32, 1]."""
    try:
        return np.frombuffer(zlib.decompress(base64.b85decode(str(text))), np.uint8).reshape(digits, CELL_SIZE, CELL_SIZE, 1)
    except (ValueError, zlib.error):
        return None
