"""What is known of one counter: its rules, what was seen of it so far, and what one more frame makes of that."""

import dataclasses
import enum
import math

from edge.counter.hypotheses import Hypotheses, Hypothesis
from edge.counter.odometer import Decoded
from edge.counter.progress import TENTHS
from edge.counter.repeats import Looks
from edge.counter.wheels import Mechanism


class Verdict(enum.StrEnum):
    """What became of a frame's value."""

    OK = "ok"
    LOW_CONFIDENCE = "low_confidence"
    DECREASED = "decreased"
    TOO_FAST = "too_fast"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """What is known of one counter's way through time."""

    mechanism: Mechanism = dataclasses.field(default_factory=Mechanism)
    decreases: bool = False
    """It may run backwards, as with a roof that feeds in."""
    max_rate: float | None = None
    """Steps of the last wheel per second; None: any."""
    min_confidence: float = 0.9
    """Probability from which a value is published that no frame before can bear out."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class History:
    """All that is kept between frames: numbers alone, to be stored as JSON. Values in steps of the last wheel."""

    hypotheses: Hypotheses = ()
    """The most likely first."""
    time_s: float | None = None
    """Of the last frame that showed the counter."""
    value: int | None = None
    """The last that was published."""
    value_s: float | None = None
    """When a frame bore that out last."""
    shown_s: float | None = None
    """When a frame last showed it with no wheel taken for misread, or a step on from the one before."""
    blind: bool = False
    """The last picture that was new showed nothing of the counter. While it does not change, no time passes in which a wheel was seen not
    to turn."""
    placed: bool = False
    """The hypotheses' tenths were seen, and are not the start of a value that was told."""
    looks: Looks = ()
    """Where each wheel was last read to be, and when its last new picture was taken (`repeats`)."""
    founded: bool = False
    """No other beginning comes into question any more (`contest`). Until then:"""
    began_s: float | None = None
    """When a frame first showed the value itself."""
    borne: int = 0
    """How many did."""
    rival: "History | None" = None
    """One that began with a frame that this one cannot explain."""

    @classmethod
    def known(cls, value: int, time_s: float | None = None) -> "History":
        """A history that begins with a value that is certain."""
        return cls(hypotheses=(Hypothesis(value * TENTHS, 0.0),), time_s=time_s, value=value, value_s=time_s, shown_s=time_s, founded=True)

    def shares(self) -> dict[int, float]:
        """Probability of each value that may be the true one."""
        shares: dict[int, float] = {}
        for tenths, log, _ in self.hypotheses:
            shares[tenths // TENTHS] = shares.get(tenths // TENTHS, 0.0) + math.exp(log)
        return shares


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one frame comes to, with all that was known before."""

    verdict: Verdict
    value: int | None
    """The last valid value in steps of the last wheel; None before the first."""
    raw: Decoded
    """What the frame alone says."""
    confidence: float
    """Probability that what the frame shows is `raw.digits`, the past considered."""
    history: History
    shown: bool = True
    """The value is what the frame shows, or what a last wheel on the brink makes of it: no wheel is taken for misread."""
    anew: bool = False
    """Another beginning is believed from here on: between the values before and after, nothing flowed."""
