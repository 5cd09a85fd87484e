"""A display's window is moved up and down to where its digits are; a counter's wheels keep theirs."""

import cv2
import numpy as np
import pytest

from edge.inference.model import load
from edge.reader import Reader
from edge.vision.placement import FILLED, refined
from edge.vision.window import Corners, Image, grown, rectangle
from tests.edge.displays import CELL, DIGIT, MARGIN_PX, Display, rendered
from tests.edge.frames import frames
from tests.edge.simulation import MODEL
from train import datasets

RECOGNIZER = load(MODEL)
ROWS, ROWS_RIGHT = 150, 119
DRAWN = [(0.0, 0.0), (0.2, 0.2), (0.25, 0.0), (0.0, 0.25), (-0.1, -0.1), (0.1, -0.1)]
"""How much further up and down a window is drawn, in its heights."""
TOP = MARGIN_PX + (CELL[0] - DIGIT[0]) / 2
"""The row at which the digits begin."""


def between_lines(display: Display) -> tuple[Image, Corners]:
    """With a line above and below the digits."""
    frame, corners = rendered(display)
    for y in (TOP - 8, TOP + DIGIT[0] + 8):
        cv2.line(frame, (MARGIN_PX - 20, int(y)), (frame.shape[1] - MARGIN_PX + 20, int(y)), 60, 4)
    return frame, corners


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize(
    "display",
    [
        Display(text="0451796"), Display(text="   1417"), Display(text="208", ground=40, contrast=-4.0, ghost=0.1),
        Display(text="95310", dots=True, slope=0.5),
    ],
    ids=["dark", "blanks", "lit", "dots"],
)  # fmt: skip
def test_digits_fill_the_window_alike_however_it_was_drawn(display: Display, drawn: tuple[float, float]) -> None:
    frame, corners = rendered(display)
    found = refined(frame, grown(corners, top=drawn[0], bottom=drawn[1]), len(display.text), display=True)
    space = DIGIT[0] * (1 / FILLED - 1) / 2
    assert found[0, 1] == pytest.approx(TOP - space, abs=5)
    assert found[3, 1] == pytest.approx(TOP + DIGIT[0] + space, abs=5)


@pytest.mark.parametrize("drawn", DRAWN)
def test_lines_above_and_below_are_no_digits(drawn: tuple[float, float]) -> None:
    frame, corners = between_lines(Display(text="4317249"))
    found = refined(frame, grown(corners, top=drawn[0], bottom=drawn[1]), 7, display=True)
    assert TOP - 6 < found[0, 1] < TOP
    assert TOP + DIGIT[0] < found[3, 1] < TOP + DIGIT[0] + 6


def test_digits_of_a_real_display_between_bars_are_read_in_windows_of_many_heights() -> None:
    """Rows put together from its digits, none of which was learnt, so that each has strangers' edges beside it."""
    digits, rng, right = datasets.meter_digits("test"), np.random.default_rng(77), 0
    known = [i for i, meter in enumerate(digits.meters) if meter == "lcd/lcd2"]
    for _ in range(ROWS):
        chosen = rng.choice(known, int(rng.integers(5, 9)))
        row = np.hstack([cv2.resize(digits.crops[i], (40, 64)) for i in chosen])
        frame = np.asarray(cv2.copyMakeBorder(row, 40, 40, 40, 40, cv2.BORDER_REPLICATE), np.uint8)
        top, bottom = rng.uniform(-0.15, 0.15, 2)
        window = grown(rectangle(64, 40 * len(chosen)) + 40, top=top, bottom=bottom)
        read = Reader(RECOGNIZER, digits=len(chosen), display="lcd").read(frame, window)
        right += read.raw == "".join(str(round(digits.positions[i]) % 10) for i in chosen)
    assert right >= ROWS_RIGHT


def test_where_no_digits_are_plain_to_see_the_window_stays_where_it_was_drawn() -> None:
    rng = np.random.default_rng(0)
    _, corners = rendered(Display(text="12345"))
    noise = rng.integers(90, 110, (140, 280)).astype(np.uint8)
    stripes = np.tile(np.where(np.arange(280) % 12 < 5, 40, 200).astype(np.uint8), (140, 1))
    for frame in (noise, stripes, np.full((140, 280), 128, np.uint8)):
        found = refined(frame, corners, 5, display=True)
        np.testing.assert_allclose(found[:, 1], corners[:, 1])


def test_a_wheel_keeps_its_height_which_tells_where_it_stands() -> None:
    for frame in frames():
        found = refined(frame.picture, frame.corners, len(frame.digits))
        along = frame.corners[1] - frame.corners[0]
        moved = found[0] - frame.corners[0]
        assert abs(along[0] * moved[1] - along[1] * moved[0]) < 1e-6 * (along @ along)
