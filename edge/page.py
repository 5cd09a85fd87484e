"""From a page of handwriting to its numbers: layout `free`."""

from decimal import Decimal

import numpy as np

from edge.counter.plausibility import Rules
from edge.inference.model import Recognizer
from edge.reading import Reading, Status, Wheel
from edge.vision.segment import lines
from edge.vision.window import Image


def read_page(recognizer: Recognizer, page: Image) -> list[Reading]:
    """Layout `free`: one reading for each line of handwriting on a page, uint8 [H, W] or [H, W, 3], from top to bottom.

    recognizer: of single digits (K = 10).
    """
    readings = []
    for line in lines(page, recognizer.read):
        raw = "".join(map(str, line.digits))
        confidence = float(np.prod(line.certainty))
        wheels = tuple(
            Wheel(position=float(digit), digit=str(digit), confidence=float(sure), corners=corners)
            for digit, sure, corners in zip(line.digits, line.certainty, line.corners, strict=True)
        )
        around = line.corners.reshape(-1, 2)
        (left, top), (right, bottom) = around.min(0), around.max(0)
        window = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        certain_enough = confidence >= Rules().min_confidence
        status = Status.OK if certain_enough else Status.LOW_CONFIDENCE
        value = Decimal(raw) if certain_enough else None
        readings.append(
            Reading(
                value=value, raw=raw, confidence=confidence, status=status, wheels=wheels, window=window, alignment=None, timings_ms={}
            )
        )  # fmt: skip
    return readings
