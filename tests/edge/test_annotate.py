"""The picture with the result."""

import numpy as np
import pytest

from edge.vision.annotate import LOST, SURE, Mark, annotate
from edge.vision.window import Corners, rectangle


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


def where(one: np.ndarray, other: np.ndarray) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what differs between two pictures."""
    rows, columns = np.nonzero((one != other).any(-1))
    return columns.min(), rows.min(), columns.max(), rows.max()


@pytest.mark.parametrize("turns", range(4))
def test_each_digit_stands_at_the_upper_left_of_its_box_however_the_camera_hangs(turns: int) -> None:
    frame, box = np.full((480, 640), 128, np.uint8), rectangle(60, 60) + np.array([300, 240])
    turned: Corners = np.roll(box, turns, axis=0)
    left, top, right, bottom = where(*(annotate(frame, [Mark(turned, text, 0.99)], "7", 0.99, "ok") for text in ("7", "")))
    at = box.min(0)
    assert abs(left - at[0]) < 8
    assert abs(bottom - at[1]) < 8
    assert 20 < bottom - top < 60
    assert right - left < 60


@pytest.mark.parametrize(("y", "top"), [(240, True), (40, False)])
def test_the_value_stands_on_top_unless_digits_do(y: int, top: bool) -> None:
    frame, box = np.full((480, 640), 128, np.uint8), rectangle(60, 60) + np.array([300, y])
    _, highest, _, lowest = where(*(annotate(frame, [Mark(box, "7", 0.99)], value, 0.99, "ok") for value in ("01189", "")))
    assert bool(lowest < 60) is top
    assert bool(highest > 400) is not top
