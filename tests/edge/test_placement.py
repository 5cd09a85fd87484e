"""The layout `counter`: cells are cut where the digits are."""

import cv2
import numpy as np
import pytest

from edge.vision.placement import cut, outlines, refined
from edge.vision.window import Corners, Image, grown, rectangle

HEIGHT, WIDTH = 48, 36


def row(text: str) -> tuple[Image, Corners]:
    """A frame with digits that fill their cells from side to side, and their window."""
    frame = np.full((120, WIDTH * (len(text) + 4)), 20, np.uint8)
    for i, digit in enumerate(text, 2):
        (width, height), _ = cv2.getTextSize(digit, cv2.FONT_HERSHEY_DUPLEX, 1.6, 3)
        cv2.putText(frame, digit, (i * WIDTH + (WIDTH - width) // 2, 60 + height // 2), cv2.FONT_HERSHEY_DUPLEX, 1.6, 240, 3, cv2.LINE_AA)
    return frame, rectangle(HEIGHT, WIDTH * len(text)) + np.array([2 * WIDTH, 36])


@pytest.mark.parametrize(("left", "right"), [(0.1, 0.1), (-0.1, 0.1), (0.1, -0.1), (-0.1, -0.1)])
def test_a_window_a_tenth_of_a_cell_off_is_put_right(left: float, right: float) -> None:
    frame, corners = row("45682390")
    drawn = grown(corners, left=left / 8, right=right / 8)
    before, after = (float(np.abs(window - corners)[:, 0].max()) for window in (drawn, refined(frame, drawn, 8)))
    assert before == pytest.approx(0.1 * WIDTH)
    assert after < 0.07 * WIDTH


def test_cells_are_the_digits_in_reading_order() -> None:
    frame, corners = row("17")
    one, seven = cut(frame, corners, 2)[..., 0]
    assert one[:, :8].mean() < 40  # the 1 is narrow
    assert seven[4:10].mean() > one[4:10].mean()


def test_outlines_share_the_window_evenly() -> None:
    boxes = outlines(rectangle(10, 30), 3)
    assert [box[0].tolist() for box in boxes] == [[0, 0], [10, 0], [20, 0]]
    assert boxes[2][2].tolist() == [30, 10]


def test_a_blank_window_stays_where_it_was_drawn() -> None:
    flat = np.full((60, 200), 90, np.uint8)
    corners = rectangle(30, 120) + np.array([40, 10])
    assert np.allclose(refined(flat, corners, 5), corners)


@pytest.mark.parametrize("digits", [1, 5, 8])
def test_outlines_are_the_windows_parts_however_it_is_seen(digits: int) -> None:
    corners = np.array([[100.0, 50.0], [420.0, 90.0], [400.0, 160.0], [90.0, 140.0]])
    for i, outline in enumerate(outlines(corners, digits)):
        np.testing.assert_allclose(outline, grown(corners, left=-i / digits, right=-(digits - 1 - i) / digits), atol=1e-6)
