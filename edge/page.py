"""From a page of handwriting to its numbers: layout `free`."""

import dataclasses
from decimal import Decimal

import numpy as np

from edge.counter.history import Rules
from edge.inference.model import Cells, Probabilities, Recognizer
from edge.reader import UNREADABLE
from edge.reading import Reading, Status, Wheel
from edge.stopwatch import Stopwatch
from edge.vision.segment import Line, Recognize, lines
from edge.vision.window import Image


def read_page(recognizer: Recognizer, judge: Recognizer, page: Image) -> list[Reading]:
    """Layout `free`: one reading for each line of handwriting on a page, uint8 [H, W] or [H, W, 3], from top to bottom.

    recognizer: of single digits (K = 10); judge: of what is one, and which (K = 11). A page without any has one reading, of nothing. The
    timings are the whole page's.
    """
    watch = Stopwatch()

    def timed(network: Recognizer, name: str) -> Recognize:
        def read(cells: Cells) -> Probabilities:
            with watch.step(name):
                return network.read(cells)

        return read

    with watch.step("segment"):
        found = lines(page, timed(recognizer, "inference"), timed(judge, "judge"))
    taken = watch.timings_ms
    inference = round(taken.pop("inference", 0.0) + taken.pop("judge", 0.0), 3)
    timings_ms = {"segment": round(taken["segment"] - inference, 3), "inference": inference}
    readings = [reading_of(line) for line in found] or [Reading.of_nothing(Status.NO_WINDOW)]
    return [dataclasses.replace(reading, timings_ms=timings_ms) for reading in readings]


def reading_of(line: Line) -> Reading:
    """A line as read: `?` where a digit is not certain at all, and no value unless all of them are certain enough."""
    wheels = tuple(
        Wheel(position=float(digit), digit=str(digit), confidence=float(sure), corners=corners)
        if sure >= UNREADABLE
        else Wheel(position=None, digit="?", confidence=float(sure), corners=corners)
        for digit, sure, corners in zip(line.digits, line.certainty, line.corners, strict=True)
    )
    raw = "".join(wheel.digit for wheel in wheels)
    certain_enough = line.confidence >= Rules().min_confidence
    around = line.corners.reshape(-1, 2)
    (left, top), (right, bottom) = around.min(0), around.max(0)
    return Reading(
        value=Decimal(raw) if certain_enough else None,
        raw=raw,
        confidence=line.confidence,
        status=Status.OK if certain_enough else Status.LOW_CONFIDENCE,
        wheels=wheels,
        window=np.array([[left, top], [right, top], [right, bottom], [left, bottom]]),
        alignment=None,
        timings_ms={},
    )
