"""A counter that exists nowhere: rendered, running at a settable rate, with its true value known. A camera like any other.

with Simulated.of("?digits=8&decimals=3&rate=2.5") as camera:
    frame = camera.frame()
    camera.truth, camera.windows    # what it shows, and where
"""

import dataclasses
import datetime
import math
import threading
import time
import urllib.parse
from collections.abc import Callable
from decimal import Decimal
from typing import Self

import cv2
import numpy as np

from edge.apart import Apart
from edge.capture.camera import Camera, Frame, now, turned
from edge.errors import CameraError, UsageError
from edge.rendering.plate import places, plate
from edge.rendering.scene import MARGIN_PX, Conditions, Noise, Scene
from edge.vision.window import Corners, Homography, homography, rectangle

LIMITS = {
    "digits": (1, 12), "decimals": (0, 12), "counters": (1, 4), "start": (0, 1e12), "rate": (-1e9, 1e9), "speed": (0, 1e9),
    "step": (0, 1e9), "fps": (0.01, 1000), "width": (64, 10_000), "height": (64, 10_000), "seed": (0, 2**32), "noise": (0, 30),
    "drift": (0, MARGIN_PX),
}  # fmt: skip
DRIFT_PERIOD_S, LIGHT_PERIOD_S = 6 * 3600.0, 24 * 3600.0
LIGHT_SWING = 0.06
"""How far the light goes up and down over a day."""
PLAY_DIGITS = 0.03
"""Standard deviation of each wheel's own place."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What `simulated:?name=value&…` takes."""

    digits: int = 7
    decimals: int = 1
    counters: int = 1
    """Further ones stand higher and run slower: the n-th at n times `start` and an n-th of `rate`."""
    start: float = 1234.5
    rate: float = 1.0
    """Units per hour of the simulated time."""
    speed: float = 1.0
    """How much faster the simulated time runs than the clock."""
    step: float | None = None
    """Seconds of simulated time from each frame to the next, whatever the clock says, and no waiting: years in minutes."""
    fps: float = 30.0
    width: int = 1280
    height: int = 720
    seed: int = 1
    noise: float = 3.0
    """Standard deviation in grey levels."""
    drift: float = 3.0
    """Pixels that the camera creeps to and fro in six hours."""

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            low, high = LIMITS[name]
            if value is not None and not low <= value <= high:
                raise UsageError(f"simulated: {name}={value}; expected {low:g} to {high:g}")
        if self.decimals > self.digits:
            raise UsageError(f"simulated: decimals={self.decimals} of digits={self.digits}; expected no more than there are digits")

    @classmethod
    def parsed(cls, query: str, **given: float | None) -> Self:
        """From "?digits=8&rate=2"; `given` are those from elsewhere, where they are set. Raises UsageError."""
        kinds = {field.name: float if "float" in str(field.type) else int for field in dataclasses.fields(cls)}
        found: dict[str, float] = {}
        for name, value in urllib.parse.parse_qsl(query.removeprefix("?"), keep_blank_values=True):
            if name not in kinds:
                raise UsageError(f"simulated: no option {name}; expected {', '.join(kinds)}")
            try:
                found[name] = kinds[name](value)
            except ValueError as error:
                raise UsageError(
                    f'simulated: {name}="{value}"; expected a {"number" if kinds[name] is float else "whole number"}'
                ) from error
        found |= {name: value for name, value in given.items() if value is not None}
        return cls(**found)  # type: ignore[arg-type]


class Simulated(Camera):
    """Grey frames uint8 [H, W] of a plate with counters."""

    name = "simulated:"

    def __init__(self, options: Options, *, rotation: int = 0, consumed: Callable[[float], float] | None = None) -> None:
        """consumed: units that have run through the counter after so many simulated seconds, instead of `rate`."""
        self.options, self.live = options, options.noise > 0
        self._rotation = rotation
        self._consumed = consumed or (lambda seconds: options.rate * seconds / 3600)
        rng = np.random.default_rng(options.seed)
        size = options.height, options.width
        self._plate = Apart(linger_s=0).done(
            lambda: plate(rng, size=size, counters=options.counters, digits=options.digits, decimals=options.decimals)
        )
        self._tilt, self._glare_at = _tilt(rng, size), (rng.uniform(0.2, 0.8), rng.uniform(0.15, 0.85))
        self._play = rng.normal(0, PLAY_DIGITS, (options.counters, options.digits))
        self._noise = Noise(rng, size, options.noise)
        self._conditions = Conditions()
        self._scene = self._rendered()
        self._closed = threading.Event()
        self._started, self._began, self._number = time.monotonic(), now(), 0
        self._seconds, self._drift = 0.0, (0, 0)

    @classmethod
    def of(cls, query: str = "", *, rotation: int = 0, **given: float | None) -> Self:
        """From the text after `simulated:`. Raises UsageError."""
        return cls(Options.parsed(query, **given), rotation=rotation)

    @property
    def conditions(self) -> Conditions:
        """What lies between camera and plate; set anew for a nudge, a glare or a lamp that fails."""
        return self._conditions

    @conditions.setter
    def conditions(self, conditions: Conditions) -> None:
        anew = dataclasses.replace(conditions, light=self._conditions.light) != self._conditions
        self._conditions = conditions
        if anew:
            self._scene = self._rendered()

    @property
    def values(self) -> tuple[float, ...]:
        """Where each counter stood in the last frame, in units, with the part of a step its last wheel had turned."""
        ring = 10.0 ** (self.options.digits - self.options.decimals)
        run = self._consumed(self._seconds)
        return tuple((self.options.start * n + run / n) % ring for n in range(1, self.options.counters + 1))

    @property
    def truth(self) -> tuple[Decimal, ...]:
        """What each counter showed in the last frame: the last wheel's digit is the one it passed last."""
        return tuple(Decimal(int(self._steps(value))).scaleb(-self.options.decimals) for value in self.values)

    @property
    def windows(self) -> tuple[Corners, ...]:
        """Corners float64 [4, 2] of each counter in the last frame."""
        height, width = self.options.height, self.options.width
        corners = [each + self._drift for each in self._scene.windows]
        match self._rotation:
            case 90:
                return tuple(np.column_stack([height - each[:, 1], each[:, 0]]) for each in corners)
            case 180:
                return tuple(np.array([width, height]) - each for each in corners)
            case 270:
                return tuple(np.column_stack([each[:, 1], width - each[:, 0]]) for each in corners)
        return tuple(corners)

    def frame(self) -> Frame:
        options = self.options
        if options.step is None:
            while not self._closed.is_set() and (early := (self._number + 1) / options.fps - (time.monotonic() - self._started)) > 0:
                self._closed.wait(early)
            self._number = max(self._number + 1, int((time.monotonic() - self._started) * options.fps))
            self._seconds = self._number / options.fps * options.speed
        else:
            self._number += 1
            self._seconds = self._number * options.step
        if self._closed.is_set():
            raise CameraError(f"{self.name} closed")
        way = 2 * math.pi * self._seconds / DRIFT_PERIOD_S
        self._drift = round(options.drift * math.sin(way)), round(options.drift * math.sin(1.3 * way))
        for counter, value in enumerate(self.values):
            stands = np.array(places(self._steps(value), options.digits)) + self._play[counter]
            self._scene.turn(counter, stands.tolist(), options.decimals)
        day = 1 + LIGHT_SWING * math.sin(2 * math.pi * self._seconds / LIGHT_PERIOD_S)
        picture = self._scene.picture(self._noise, drift=self._drift, light=self._conditions.light * day)
        taken = self._began + datetime.timedelta(seconds=self._seconds)
        return Frame(picture=turned(picture, self._rotation), time=taken, number=self._number)

    def close(self) -> None:
        self._closed.set()

    def _steps(self, value: float) -> float:
        """A value in steps of the last wheel; a hair below a whole one is that one."""
        steps = float(value * 10**self.options.decimals)
        return round(steps) if abs(steps - round(steps)) < 1e-6 else steps

    def _rendered(self) -> Scene:
        return Scene(self._plate, self._tilt, self._conditions, self._glare_at)


def _tilt(rng: np.random.Generator, size: tuple[int, int]) -> Homography:
    """How somebody has screwed the camera to the wall: a few degrees off in every direction."""
    height, width = size
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-4, 4), 1.0), [0, 0, 1]])
    seen = rectangle(height, width) + rng.uniform(-0.025, 0.025, (4, 2)) * (width, height)
    return np.asarray(homography(rectangle(height, width), seen) @ turn, np.float64)
