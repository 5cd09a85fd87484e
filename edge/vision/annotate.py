"""The picture people look at: the result at the upper left of each digit, boxes coloured by confidence, the value on top (the paper's
figure of results, section 4).
"""

import dataclasses

import cv2
import numpy as np

from edge.vision.window import Corners, Image

SURE, UNSURE, LOST = (178, 114, 0), (0, 159, 230), (0, 94, 213)
"""Blue, orange, vermilion (blue, green, red): told apart by colour-blind eyes. Source: Okabe, Ito, "Color universal design", 2008."""
SURE_FROM, UNSURE_FROM = 0.9, 0.5
SMALLEST_PX = 400
"""Frames with a shorter longer side are enlarged, so that letters can be read."""
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclasses.dataclass(frozen=True)
class Mark:
    """One digit in a frame: its corners float64 [4, 2], what was read, and how certain that is, 0 to 1."""

    corners: Corners
    text: str
    confidence: float


def annotate(frame: Image, marks: list[Mark], value: str, confidence: float, status: str) -> Image:
    """The frame, uint8 [H, W] or [H, W, 3], with what was read: uint8 [H, W, 3], small frames enlarged.

    The value stands on top, or below where digits stand on top.
    """
    colour = cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR) if frame.ndim == 2 else frame
    enlarged = max(1, -(-SMALLEST_PX // max(colour.shape[:2])))
    picture = np.asarray(cv2.resize(colour, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC), np.uint8).copy()
    height, width = picture.shape[:2]
    line, highest = max(1, round(max(height, width) / 500)), float(height)
    for mark in marks:
        corners = mark.corners * enlarged
        tint = colour_of(mark.confidence)
        cv2.polylines(picture, [np.rint(corners).astype(np.int32)], isClosed=True, color=tint, thickness=line, lineType=cv2.LINE_AA)
        side = float(np.linalg.norm(corners[1] - corners[0]))
        left, top = corners[corners.sum(1).argmin()].tolist()  # of the picture, however the camera hangs
        _write(picture, mark.text, (left, top), side * 0.6, tint, line)
        highest = min(highest, top - side * 0.6)
    title = f"{value}  {confidence:.0%}  {status}"
    size = max(14.0, min(height / 12, width / len(title) * 1.6))
    below = size + 6 * line
    at = (line * 3.0, below - 3 * line if highest >= below else height - 3.0 * line)
    _write(picture, title, at, size, colour_of(confidence if status == "ok" else 0.0), line)
    return picture


def colour_of(confidence: float) -> tuple[int, int, int]:
    """Blue, green, red."""
    return SURE if confidence >= SURE_FROM else UNSURE if confidence >= UNSURE_FROM else LOST


def _write(picture: Image, text: str, at: tuple[float, float], size_px: float, colour: tuple[int, int, int], line: int) -> None:
    """Letters of that height, `at` their lower left, white around them so that any ground will do."""
    scale = size_px / cv2.getTextSize("8", FONT, 1.0, 1)[0][1]
    origin = (round(at[0]), max(round(at[1]), round(size_px)))
    cv2.putText(picture, text, origin, FONT, scale, (255, 255, 255), 3 * line + 2, cv2.LINE_AA)
    cv2.putText(picture, text, origin, FONT, scale, colour, line + 1, cv2.LINE_AA)
