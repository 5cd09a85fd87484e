"""From a frame to a reading: the one place where vision, the network and the counter meet.

frame → window → cells → probabilities → wheels → reading
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import cv2
import numpy as np
import numpy.typing as npt

from edge.counter.plausibility import History, Outcome, Rules, Verdict, observe
from edge.counter.wheels import Display, Mechanism
from edge.errors import UsageError
from edge.inference.model import Probabilities, Recognizer
from edge.reading import Reading, Status, Wheel
from edge.vision import placement
from edge.vision.binarize import quality
from edge.vision.circle import position
from edge.vision.window import Corners, Image, strip

QUALITY_SIZE = (48, 32)
"""Rows of the picture that is judged, and columns for each digit."""
UNREADABLE = 0.25
"""A digit less probable than this is not one."""


class Stopwatch:
    """Milliseconds that each step of a reading took."""

    def __init__(self) -> None:
        self.timings_ms: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        started = time.perf_counter()
        yield
        self.timings_ms[name] = round((time.perf_counter() - started) * 1e3, 3)


class Reader:
    """Reads one kind of counter: so many digits, so many of them decimals, wheels or an LCD.

    Example: `Reader(load(path), digits=7, decimals=1).read(frame, corners).value`
    """

    def __init__(self, recognizer: Recognizer, *, digits: int, decimals: int = 0, display: Display = "wheels") -> None:
        self.recognizer = recognizer
        self.digits, self.decimals = digits, decimals
        self.rules = Rules(mechanism=Mechanism(display=display))

    def read(self, frame: Image, corners: Corners, *, previous: Decimal | None = None) -> Reading:
        """What one picture, uint8 [H, W] or [H, W, 3], shows in the window with these corners, with no time to look twice.

        previous: the value that it showed before, which it cannot fall below. Raises UsageError where that has more digits.
        """
        history = History() if previous is None else History.known(self.steps(previous))
        watch = Stopwatch()
        with watch.step("window"):
            flaw = self.flaw(frame, corners)
            corners = placement.refined(frame, corners, self.digits)
        with watch.step("inference"):
            probabilities = self.look(frame, corners, placement.MARGINS)
        with watch.step("decode"):
            outcome = observe(history, probabilities, self.rules)
        return self.reading(outcome, probabilities, corners, flaw=flaw, timings_ms=watch.timings_ms)

    def look(self, frame: Image, corners: Corners, margins: tuple[float, ...] = (placement.MARGIN,)) -> Probabilities:
        """Probabilities float32 [N, K] of the wheels: the mean over the margins, all of them read in one call."""
        cells = np.concatenate([placement.cut(frame, corners, self.digits, margin) for margin in margins])
        probabilities = self.recognizer.read(cells).reshape(len(margins), self.digits, -1)
        return np.asarray(probabilities.mean(0), np.float32)

    def flaw(self, frame: Image, corners: Corners) -> Status | None:
        """What is wrong with the window's picture, if anything."""
        rows, columns = QUALITY_SIZE
        picture = strip(frame, corners, size=(rows, columns * self.digits))
        judged = quality(picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8))
        if judged.too_dark:
            return Status.TOO_DARK
        if judged.too_bright:
            return Status.TOO_BRIGHT
        return Status.BLURRED if judged.blurred else None

    def reading(
        self,
        outcome: Outcome,
        probabilities: npt.NDArray[np.floating],
        corners: Corners,
        *,
        flaw: Status | None = None,
        alignment: float | None = None,
        timings_ms: dict[str, float],
    ) -> Reading:
        """An outcome as the world sees it."""
        certain = outcome.raw.confidences
        places = position(probabilities).tolist()
        shown = [digit if sure >= UNREADABLE else "?" for digit, sure in zip(outcome.raw.digits, certain, strict=True)]
        wheels = tuple(
            Wheel(position=None if digit == "?" else round(place, 2), digit=digit, confidence=sure, corners=outline)
            for digit, place, sure, outline in zip(shown, places, certain, placement.outlines(corners, self.digits), strict=True)
        )
        taken = outcome.verdict is Verdict.OK and flaw is None
        value = outcome.value if taken else outcome.history.value if flaw is None else None
        return Reading(
            value=None if value is None else Decimal(value).scaleb(-self.decimals),
            raw="".join(shown),
            confidence=outcome.confidence,
            status=flaw or Status(outcome.verdict.value),
            wheels=wheels,
            window=corners,
            alignment=alignment,
            timings_ms=timings_ms,
        )

    def steps(self, value: Decimal) -> int:
        """A value in steps of the last wheel. Raises UsageError where the counter cannot show it."""
        steps = value.scaleb(self.decimals)
        whole = int(steps)
        if steps < 0 or whole >= 10**self.digits:
            raise UsageError(
                f"value {value}: a counter of {self.digits} digits, {self.decimals} of them decimals, shows 0 to "
                f"{Decimal(10**self.digits - 1).scaleb(-self.decimals)}"
            )
        return whole
