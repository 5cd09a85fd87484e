"""Windows proposed in whole photos."""

from pathlib import Path

import cv2
import numpy as np

from edge.inference.model import load
from edge.vision.find import find
from edge.vision.window import Corners
from tests.edge.frames import frames

RECOGNIZER = load(Path(__file__).parents[2] / "models" / "lenet5-counter.tflite")
FIRST_RIGHT = 19
"""Of 21, with an overlap of 0.6 or more."""


def overlap(one: Corners, other: Corners) -> float:
    """Intersection over union of two convex quadrilaterals."""
    a, b = one.astype(np.float32), other.astype(np.float32)
    shared = cv2.intersectConvexConvex(a, b)[0]
    return shared / (cv2.contourArea(a) + cv2.contourArea(b) - shared)


def test_the_counters_row_comes_first() -> None:
    first = [(frame, find(frame.picture, recognize=RECOGNIZER.read)) for frame in frames()]
    right = [bool(proposals) and overlap(proposals[0].corners, frame.corners) >= 0.6 for frame, proposals in first]
    assert sum(right) >= FIRST_RIGHT


def test_an_upside_down_counter_is_proposed_the_way_it_is_read() -> None:
    frame = next(frame for frame in frames() if frame.meter == "jomjol-ZR-2014")
    best = find(frame.picture, recognize=RECOGNIZER.read)[0]
    assert best.digits == 5
    assert np.linalg.norm(best.corners[0] - frame.corners[0]) < 40


def test_proposals_come_best_first_and_no_more_than_asked_for() -> None:
    proposals = find(frames()[0].picture, limit=2, recognize=RECOGNIZER.read)
    assert len(proposals) <= 2
    assert [p.score for p in proposals] == sorted((p.score for p in proposals), reverse=True)


def test_an_empty_wall_has_no_counter() -> None:
    wall = np.random.default_rng(0).normal(128, 3, (480, 640)).astype(np.uint8)
    assert find(wall, recognize=RECOGNIZER.read) == []
