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
    """Time that passes only when it is waited for, or when the test says so."""

    def __init__(self) -> None:
        self.now, self.waited, self.woken = 1000.0, [0.0], False

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.waited.append(round(seconds, 3))
        self.now += seconds
        return self.woken


class Fake(Camera):
    """Gives what it is told to: a picture, or an error to raise."""

    name = "fake"

    def __init__(self, bench: "Bench") -> None:
        self.bench, self.live, self.number = bench, bench.live, 0

    def frame(self) -> Frame:
        self.number += 1
        if isinstance(gives := self.bench.gives, str):
            raise CameraError(f"fake: {gives}")
        picture = gives if self.bench.still else np.roll(gives, self.number, axis=1)
        return Frame(picture=picture, time=datetime.datetime.now(datetime.UTC), number=1 if self.bench.same_number else self.number)

    def close(self) -> None:
        self.bench.closed += 1


class Bench:
    """A watched fake camera on a clock of its own."""

    def __init__(self) -> None:
        self.gives: Image | str = FINE
        self.opens: str | None = None
        self.live, self.still, self.same_number = True, False, False
        self.opened = self.closed = 0
        self.clock = Clock()
        self.watched = Watched(self.open, name="fake", clock=self.clock, wait=self.clock.wait)

    def open(self) -> Camera:
        if self.opens:
            raise CameraError(f"fake: {self.opens}")
        self.opened += 1
        return Fake(self)

    def fails(self, *, after: float = 0.0) -> str:
        self.clock.now += after
        with pytest.raises(CameraError) as raised:
            self.watched.frame()
        return str(raised.value)

    def works(self, *, after: float = 0.0) -> Frame:
        self.clock.now += after
        return self.watched.frame()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [f"{record.levelname} {record.getMessage()}" for record in caplog.records if record.levelno >= logging.INFO]
