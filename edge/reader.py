"""From a frame to a reading: the one place where vision, the network and the counter meet.

frame → window → cells → probabilities → wheels → reading
"""

import dataclasses
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from edge.counter.history import History, Outcome, Rules, Verdict
from edge.counter.plausibility import follow
from edge.counter.wheels import Display, mixed, softness
from edge.errors import UsageError
from edge.inference.model import Cells, Probabilities, Recognizer
from edge.reading import Reading, Status, Wheel
from edge.stopwatch import Stopwatch
from edge.vision import placement
from edge.vision.align import MIN_SCORE, Alignment, align
from edge.vision.binarize import quality
from edge.vision.blanks import ghosts, leading_blanks
from edge.vision.circle import position
from edge.vision.reference import Reference
from edge.vision.window import Corners, Image, grown, inside, luminance, strip

Certainties = npt.NDArray[np.float64]

QUALITY_SIZE = (48, 32)
"""Rows of the picture that is judged, and columns for each digit."""
CLEAR = 0.03
"""`softness` of a wheel that needs no other look: three in four windows of real counters have none above, however they are drawn, and are
read in one look as they are in three."""
UNREADABLE = 0.25
"""A digit less probable than this is not one."""
CUT_OFF = 0.1
"""Share of the window's height and width that may lie beyond the frame on each side once it is found again."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seen:
    """What one frame shows of a counter, with nothing known of before."""

    corners: Corners
    """The window as it was cut; where it stood in the reference if it was not found again."""
    probabilities: Probabilities | None
    """float32 [N, K] of the wheels; None where the window was not found again."""
    blanks: Certainties
    """How certain each leading place shows nothing, [blanks]; empty on wheels, and on what is taken for them."""
    flaw: Status | None
    """What is wrong with the picture, if anything: then it says nothing of the counter."""
    alignment: Alignment | None
    """None without a reference."""
    timings_ms: dict[str, float]
    once: Probabilities | None = None
    """What one look told, before `blanks`; None where it was not clear, and there were more."""


class Reader:
    """Reads one kind of counter: so many digits, so many of them decimals, wheels or an LCD.

    Example: `Reader(load(path), digits=7, decimals=1).read(frame, corners).value`
    """

    def __init__(
        self,
        recognizer: Recognizer,
        *,
        digits: int,
        decimals: int = 0,
        display: Display | None = None,
        rules: Rules | None = None,
    ) -> None:
        """display: None where nobody said: wheels, unless a picture tells otherwise. rules: what else is known of its way through time."""
        self.recognizer = recognizer
        self.digits, self.decimals, self.display = digits, decimals, display
        self.rules = _of(rules or Rules(), display or "wheels")

    def read(
        self,
        frame: Image,
        corners: Corners,
        *,
        reference: Reference | None = None,
        previous: Decimal | None = None,
    ) -> Reading:
        """What one picture, uint8 [H, W] or [H, W, 3], shows in the window with these corners, cut at one height, or at three where one
        leaves a doubt.

        reference: as `see` takes it. previous: the value that it showed before, which it cannot fall below. Raises UsageError where that
        has more digits.
        """
        before = History() if previous is None else History.known(self.steps(previous))
        seen = self.see(frame, corners, reference=reference)
        if seen.probabilities is None:
            return self.reading(seen, None, before)
        watch, rules = Stopwatch(seen.timings_ms), _of(self.rules, "lcd") if len(seen.blanks) else self.rules
        with watch.step("decode"):
            outcome = follow(before, seen.probabilities, rules)
        if seen.once is not None and seen.flaw is None and outcome.confidence < rules.min_confidence:
            with watch.step("inference"):
                read = self.with_blanks(self._closer(seen.once, frame, seen.corners), seen.blanks)
            with watch.step("decode"):
                seen, outcome = dataclasses.replace(seen, probabilities=read), follow(before, read, rules)
        return self.reading(seen, outcome, before)

    def see(self, frame: Image, corners: Corners, *, reference: Reference | None = None) -> Seen:
        """Everything up to the wheels' probabilities.

        reference: what the window and its surroundings looked like; the window is then looked for in the frame, and `corners` are only
        where it is said to be if it is not found. Its frame must be as large as this one, or nothing is found.
        """
        watch = Stopwatch()
        found = None
        if reference is not None:
            with watch.step("align"):
                found = self.found(frame, reference)
            if not self.is_found(found):
                return Seen(
                    corners=corners, probabilities=None, blanks=np.empty(0), flaw=Status.MISALIGNED, alignment=found,
                    timings_ms=watch.timings_ms,
                )  # fmt: skip
            corners = found.corners
        with watch.step("window"):
            flaw = self.flaw(frame, corners)
            drawn, corners = corners, placement.refined(frame, corners, self.digits, display=self.display == "lcd")
            blanks = self.blanks(frame, corners)
        with watch.step("inference"):
            read, clear = self.look(frame, corners)
            if self.display is None and len(self.ghosts(frame, corners, read)):
                corners = placement.refined(frame, drawn, self.digits, display=True)
                read, clear = self.look(frame, corners)
                blanks = self.ghosts(frame, corners, read)
            probabilities = self.with_blanks(read, blanks)
        return Seen(
            corners=corners, probabilities=probabilities, blanks=blanks, flaw=flaw, alignment=found, timings_ms=watch.timings_ms,
            once=read if clear else None,
        )  # fmt: skip

    def found(self, frame: Image, reference: Reference, near: Alignment | None = None) -> Alignment:
        """The window in the frame; with a score of 0 where the frame has another size, or where too much of the window lies beyond it."""
        if reference.frame_shape != frame.shape[:2]:
            return Alignment(reference.corners, 0.0, (0.0, 0.0), 0.0)
        found = align(reference, frame, near)
        kept = grown(found.corners, top=-CUT_OFF, right=-CUT_OFF, bottom=-CUT_OFF, left=-CUT_OFF)
        return found if inside(kept, frame.shape) else dataclasses.replace(found, score=0.0)

    def is_found(self, found: Alignment) -> bool:
        """Whether that is the window, or only what looks most like it."""
        return found.score >= MIN_SCORE

    def blanks(self, frame: Image, corners: Corners) -> Certainties:
        """How certain each leading place of an LCD shows nothing, [blanks]; empty on wheels."""
        return leading_blanks(frame, corners, self.digits, self.decimals) if self.display == "lcd" else np.empty(0)

    def ghosts(self, frame: Image, corners: Corners, probabilities: Probabilities) -> Certainties:
        """`blanks` where nobody said what shows the digits, from the probabilities [N, K] as they were read; empty where anybody did."""
        return ghosts(frame, corners, position(probabilities), self.decimals) if self.display is None else np.empty(0)

    def look(self, frame: Image, corners: Corners, which: npt.NDArray[np.bool_] | None = None) -> tuple[Probabilities, bool]:
        """Probabilities float32 [N, K] of the wheels, or of some of them, from one call of the network, and whether all are `CLEAR`; where
        one is not, `mixed` from that and another call, on windows that reach less far and farther.
        """
        first = self.recognizer.read(self._cells(frame, corners, (placement.MARGIN,), which))
        clear = bool(softness(first).max() < CLEAR)
        return first if clear else self._closer(first, frame, corners, which), clear

    def _closer(self, first: Probabilities, frame: Image, corners: Corners, which: npt.NDArray[np.bool_] | None = None) -> Probabilities:
        others = self.recognizer.read(self._cells(frame, corners, placement.OTHER_MARGINS, which))
        return mixed(np.concatenate([first, others]).reshape(-1, *first.shape))

    def _cells(self, frame: Image, corners: Corners, margins: tuple[float, ...], which: npt.NDArray[np.bool_] | None) -> Cells:
        places = None if which is None else np.flatnonzero(which).tolist()
        cut = [placement.cut(frame, corners, self.digits, margin, places) for margin in margins]
        return cut[0] if len(cut) == 1 else np.concatenate(cut)

    def with_blanks(self, probabilities: Probabilities, blanks: Certainties) -> Probabilities:
        """Probabilities [N, K] where a leading place that shows nothing stands at 0, as surely as it shows nothing."""
        if not len(blanks):
            return probabilities
        shown = probabilities.copy()
        shown[: len(blanks)] *= 1 - blanks[:, None]
        shown[: len(blanks), 0] += blanks
        return shown

    def flaw(self, frame: Image, corners: Corners) -> Status | None:
        """What is wrong with the window's picture, if anything."""
        rows, columns = QUALITY_SIZE
        picture = strip(frame, corners, size=(rows, columns * self.digits))
        judged = quality(luminance(picture))
        if judged.too_dark:
            return Status.TOO_DARK
        if judged.too_bright:
            return Status.TOO_BRIGHT
        return Status.BLURRED if judged.blurred else None

    def reading(self, seen: Seen, outcome: Outcome | None, before: History) -> Reading:
        """What was seen, and what came of it, as the world sees it.

        outcome: None where there was nothing to weigh. before: what was known, and stays so where the picture has a flaw.
        """
        wheels = () if outcome is None or seen.probabilities is None else self._wheels(seen, outcome, seen.probabilities)
        value = before.value if outcome is None or seen.flaw is not None else outcome.value
        return Reading(
            value=None if value is None else Decimal(value).scaleb(-self.decimals),
            raw="".join(wheel.digit for wheel in wheels).replace(" ", "0"),
            confidence=0.0 if outcome is None else outcome.confidence,
            status=seen.flaw or Status((outcome.verdict if outcome else Verdict.LOW_CONFIDENCE).value),
            wheels=wheels,
            window=seen.corners,
            alignment=None if seen.alignment is None else round(seen.alignment.score, 4),
            timings_ms=seen.timings_ms,
        )

    def steps(self, value: Decimal) -> int:
        """A value in steps of the last wheel. Raises UsageError where the counter cannot show it."""
        # The size first: what has billions of digits cannot be written out.
        if value < 0 or value >= Decimal(10**self.digits).scaleb(-self.decimals):
            raise UsageError(
                f"value {value}: a counter of {self.digits} digits, {self.decimals} of them decimals, shows 0 to "
                f"{Decimal(10**self.digits - 1).scaleb(-self.decimals)}"
            )
        whole = int(value.scaleb(self.decimals))
        if value != (shown := Decimal(whole).scaleb(-self.decimals)):
            raise UsageError(f"value {value}: the counter has {self.decimals} decimals; expected no more of them, such as {shown}")
        return whole

    def _wheels(self, seen: Seen, outcome: Outcome, probabilities: Probabilities) -> tuple[Wheel, ...]:
        places = position(probabilities).tolist()
        wheels = []
        for i, outline in enumerate(placement.outlines(seen.corners, self.digits)):
            digit, certain = outcome.raw.digits[i], outcome.raw.confidences[i]
            if i < len(seen.blanks) and digit == "0":
                digit = " "
            elif certain < UNREADABLE:
                digit = "?"
            wheels.append(
                Wheel(position=round(places[i], 2) % 10 if digit.isdigit() else None, digit=digit, confidence=certain, corners=outline)
            )  # fmt: skip
        return tuple(wheels)


def _of(rules: Rules, display: Display) -> Rules:
    return dataclasses.replace(rules, mechanism=dataclasses.replace(rules.mechanism, display=display))
