"""`digitd read --find`: the counter's window is looked for in each picture."""

import argparse
import dataclasses

from edge.commands.reading_text import Shown, notes
from edge.commands.targets import check_previous, previous_value
from edge.counter.wheels import Display
from edge.errors import UsageError
from edge.inference.model import Recognizer
from edge.reader import Reader
from edge.reading import Reading, Status
from edge.stopwatch import Stopwatch
from edge.vision.find import SURE_CERTAINTY, SURE_SCORE, Doubt, Proposal, find
from edge.vision.runs import MAX_DIGITS
from edge.vision.window import Image


class Search:
    """Reads the likeliest window of a picture."""

    def __init__(self, args: argparse.Namespace, recognizer: Recognizer) -> None:
        """Raises UsageError where no counter that could be found shows `--previous`."""
        self._recognizer, self._digits = recognizer, args.digits
        self._decimals = args.decimals or 0
        self._display: Display | None = args.display
        self._previous = previous_value(args.previous)
        check_previous(self._reader(self._digits or MAX_DIGITS), self._previous)

    def read(self, frame: Image) -> Shown:
        """What the frame, uint8 [H, W] or [H, W, 3], shows. Raises UsageError where the window that is found does not fit the options."""
        watch = Stopwatch()
        with watch.step("find"):
            found = find(frame, recognize=self._recognizer.read, digits=self._digits)
        if not found:
            reading = dataclasses.replace(Reading.of_nothing(Status.NO_WINDOW, self._previous), timings_ms=watch.timings_ms)
            return Shown(reading, proposals=[], note=self._none_of(frame))
        best = found[0]
        if self._decimals > best.digits:
            raise UsageError(
                f"--decimals {self._decimals}: the window that was found has {best.digits} digits; name the right one by --window"
            )
        reader = self._reader(best.digits)
        check_previous(reader, self._previous)
        reading = reader.read(frame, best.corners, previous=self._previous)
        reading = dataclasses.replace(
            reading, confidence=reading.confidence * best.certainty, timings_ms=watch.timings_ms | reading.timings_ms
        )  # fmt: skip
        doubt = self._doubt(best)
        if doubt and reading.status is Status.OK:
            reading = dataclasses.replace(reading, status=Status.LOW_CONFIDENCE, value=self._previous)
        told = notes(reading, reader, self._previous)
        return Shown(reading, proposals=found, note=f"window found, score {best.score:.2f}{doubt}{told and '; '}{told}")

    def _doubt(self, best: Proposal) -> str:
        """What speaks against the window, and what to do; empty where it is sure."""
        if best.score < SURE_SCORE:
            return ", which may be no counter; name it by --window"
        if best.certainty >= SURE_CERTAINTY:
            return ""
        digits = best.rival.digits
        match best.rival.doubt:
            case Doubt.TURNED:
                return ", but it may be read the other way round; name it by --window"
            case Doubt.PITCH:
                return f", but the row may have {digits} digits; name the window by --window"
            case Doubt.ELSEWHERE:
                return f", but another row has {digits} digits; name the right one by --window"
        if self._digits is None:
            return ", but the row may be longer or shorter; say how many digits it has by --digits"
        return ", but it may begin elsewhere in its row; name it by --window"

    def _reader(self, digits: int) -> Reader:
        return Reader(self._recognizer, digits=digits, decimals=self._decimals, display=self._display)

    def _none_of(self, frame: Image) -> str:
        found = [] if self._digits is None else find(frame, recognize=self._recognizer.read)
        counts = [str(count) for count in sorted({proposal.digits for proposal in found})]
        return f"found rows of {' and '.join(counts)} digits, none of {self._digits}" if counts else "no counter found; name it by --window"
