"""The picture with the result."""

import numpy as np
import pytest

from edge.vision.annotate import LOST, SURE, Mark, annotate
from edge.vision.window import rectangle


def count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((picture == np.array(colour)).all(-1).sum())


@pytest.mark.parametrize("size", [(120, 160), (480, 640), (1500, 2000)])
def test_boxes_and_digits_take_the_colour_of_their_confidence(size: tuple[int, int]) -> None:
    box = rectangle(size[0] / 4, size[1] / 8) + np.array([size[1] / 2, size[0] / 2])
    frame = np.full(size, 128, np.uint8)
    sure = annotate(frame, [Mark(box, "7", 0.99)], "7", 0.99, "ok")
    lost = annotate(frame, [Mark(box, "7", 0.1)], "7", 0.1, "low_confidence")
    assert sure.shape[2] == 3
    assert count(sure, SURE) > 100 > count(sure, LOST) == 0
    assert count(lost, LOST) > 100 > count(lost, SURE) == 0


def test_the_frame_itself_stays_as_it_was() -> None:
    frame = np.full((480, 640, 3), 9, np.uint8)
    annotate(frame, [Mark(rectangle(10, 10), "1", 1.0)], "1", 1.0, "ok")
    assert (frame == 9).all()


def test_small_frames_are_enlarged() -> None:
    assert annotate(np.zeros((60, 100), np.uint8), [], "5", 1.0, "ok").shape == (240, 400, 3)
