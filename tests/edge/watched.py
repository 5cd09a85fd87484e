"""A camera that gives and fails as it is told to, and one that is looked after on a clock of its own."""

import datetime
import logging

import numpy as np
import pytest

from edge.capture.camera import Camera, Frame
from edge.capture.pictures import Image
from edge.capture.watching import Watched
from edge.errors import CameraError

RNG = np.random.default_rng(0)
FINE = RNG.integers(60, 200, (480, 640), np.uint8)


class Clock:
    """Time that passes only when the test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Fake(Camera):
    """Gives what it is told to: a picture, or an error to raise."""

    name = "fake"

    def __init__(self, bench: "Bench") -> None:
        self.bench, self.live, self.number = bench, bench.live, 0

    def frame(self) -> Frame:
        self.number += 1
        self.bench.asked += 1
        if isinstance(gives := self.bench.gives, str):
            raise CameraError(f"fake: {gives}")
        if isinstance(gives, Exception):
            raise gives
        picture = gives if self.bench.still else np.roll(gives, self.number, axis=1)
        return Frame(picture=picture, time=datetime.datetime.now(datetime.UTC), number=1 if self.bench.same_number else self.number)

    def close(self) -> None:
        self.bench.closed += 1


class Bench:
    """A watched fake camera on a clock of its own, which is asked when it is due."""

    def __init__(self) -> None:
        self.gives: Image | str | Exception = FINE
        self.opens: str | Exception | None = None
        self.live, self.still, self.same_number = True, False, False
        self.tried = self.opened = self.asked = self.closed = 0
        self.clock, self.rests = Clock(), [0.0]
        self.watched = Watched(self.open, name="fake", clock=self.clock)

    def open(self) -> Camera:
        self.tried += 1
        if isinstance(self.opens, Exception):
            raise self.opens
        if self.opens:
            raise CameraError(f"fake: {self.opens}")
        self.opened += 1
        return Fake(self)

    def fails(self, *, after: float = 0.0) -> str:
        self.rest(after)
        with pytest.raises(CameraError) as raised:
            self.watched.frame()
        return str(raised.value)

    def works(self, *, after: float = 0.0) -> Frame:
        self.rest(after)
        return self.watched.frame()

    def rest(self, after: float) -> None:
        """Let so much time pass, and then what is left until the camera is due."""
        self.clock.now += after
        if rest_s := self.watched.rest_s:
            self.rests.append(round(rest_s, 3))
            self.clock.now += rest_s


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [f"{record.levelname} {record.getMessage()}" for record in caplog.records if record.levelno >= logging.INFO]
