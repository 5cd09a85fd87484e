"""What flows out of a frame: one reading, with all that a person or a script may want to know of it."""

import dataclasses
import enum
from decimal import Decimal

import numpy as np

from edge.vision.window import Corners


class Status(enum.StrEnum):
    """Whether the value can be taken, and if not, why."""

    OK = "ok"
    LOW_CONFIDENCE = "low_confidence"
    """The digits are not certain enough."""
    DECREASED = "decreased"
    """The digits show less than before, and this counter does not run backwards."""
    TOO_FAST = "too_fast"
    """The digits show more than can have flowed since."""
    MISALIGNED = "misaligned"
    """The window is not where it was, nor near."""
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    NO_FRAME = "no_frame"
    """The camera gave no picture."""
    NO_WINDOW = "no_window"
    """No counter was found in the picture."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wheel:
    """One digit of the window."""

    position: float | None
    """Digits, 0 to 10; None on a blank, and where nothing can be read."""
    digit: str
    """`0` to `9`, a blank where the display shows none, `?` where it is unreadable."""
    confidence: float
    corners: Corners


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """What one frame says."""

    value: Decimal | None
    """The last valid value; None before the first."""
    raw: str
    """What the wheels show now: leading zeros kept, those that an LCD leaves out too (`Wheel.digit` tells), `?` where unreadable."""
    confidence: float
    """Probability that `raw` is right, 0 to 1."""
    status: Status
    wheels: tuple[Wheel, ...]
    window: Corners
    alignment: float | None
    """How well the window's surroundings fit the reference, 0 to 1; None where there is none."""
    timings_ms: dict[str, float]

    @classmethod
    def of_nothing(cls, status: Status, value: Decimal | None = None) -> "Reading":
        """Where there was nothing to read, and why; value: the last valid one."""
        return cls(
            value=value, raw="", confidence=0.0, status=status, wheels=(), window=np.empty((0, 2)), alignment=None, timings_ms={}
        )  # fmt: skip
