"""An LCD's leading zeros that are not shown: told as blanks, counted as zeros, and never seen where a digit is."""

from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.inference.model import load
from edge.reader import Reader
from edge.reading import Status
from edge.vision.blanks import leading_blanks
from edge.vision.placement import refined
from edge.vision.window import Image, rectangle
from tests.edge.displays import Display, rendered
from tests.edge.frames import Frame, frames
from train import datasets

COUNTER = load(Path(__file__).parents[2] / "models" / "lenet5-counter.tflite")
CONTRASTS = {"faint": (120.0, 0.15), "usual": (170.0, 0.6), "strong": (200.0, 0.85), "light on dark": (40.0, -3.0)}
TEXTS = ["      42", "   30517", "       7", "12345678", "10000000", " 1111111"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("contrast", CONTRASTS)
@pytest.mark.parametrize("ghost", [0.0, 0.15])
@pytest.mark.parametrize("slope", [0.0, 0.4])
def test_as_many_places_are_blank_as_show_nothing(text: str, contrast: str, ghost: float, slope: float) -> None:
    ground, share = CONTRASTS[contrast]
    for dots in (False, True):
        frame, corners = rendered(Display(text=text, ground=ground, contrast=share, ghost=ghost, slope=slope, dots=dots))
        blanks = leading_blanks(frame, refined(frame, corners, 8), 8)
        assert len(blanks) == len(text) - len(text.lstrip())
        assert (blanks > (0.5 if contrast == "faint" else 0.9)).all()


def test_a_reading_tells_blanks_and_counts_them_as_zeros() -> None:
    frame, corners = rendered(Display(text="   30517"))
    reading = Reader(COUNTER, digits=8, decimals=2, display="lcd").read(frame, corners)
    assert (reading.raw, reading.value, reading.status) == ("00030517", Decimal("305.17"), Status.OK)
    assert [wheel.digit for wheel in reading.wheels] == list("   30517")
    assert [wheel.position is None for wheel in reading.wheels] == [True] * 3 + [False] * 5
    assert all(wheel.confidence > 0.95 for wheel in reading.wheels[:3])


def test_mechanical_wheels_have_no_blanks() -> None:
    frame, corners = rendered(Display(text="   30517"))
    assert " " not in [wheel.digit for wheel in Reader(COUNTER, digits=8, display="wheels").read(frame, corners).wheels]


def test_a_display_that_shows_nothing_keeps_the_place_before_its_point() -> None:
    frame, corners = rendered(Display(text="        ", noise=1.0))
    assert len(leading_blanks(frame, corners, 8, decimals=3)) <= 4


def test_zeros_that_are_shown_are_no_blanks() -> None:
    frame, corners = rendered(Display(text="00000042"))
    assert Reader(COUNTER, digits=8, display="lcd").read(frame, corners).raw == "00000042"


@pytest.mark.parametrize("frame", frames(), ids=lambda frame: frame.name)
def test_no_digit_of_a_real_frame_is_a_blank(frame: Frame) -> None:
    assert len(leading_blanks(frame.picture, frame.corners, len(frame.digits))) == 0


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_digits_of_real_displays_side_by_side_are_no_blanks(split: str) -> None:
    """Ten of one meter in a row, whatever light each was taken in."""
    digits = datasets.meter_digits(split)
    wrong = rows = 0
    for meter in {digits.meters[i] for i, display in enumerate(digits.displays) if display == "lcd"}:
        shown = [i for i, name in enumerate(digits.meters) if name == meter and not (meter.endswith("lcd_pb") and digits.positions[i] == 0)]
        for first in range(0, len(shown) - 9, 10):
            row = np.hstack([_cell(digits.crops[i]) for i in shown[first : first + 10]])
            rows, wrong = rows + 1, wrong + (len(leading_blanks(row, rectangle(80, 480), 10)) > 0)
    assert rows > 0
    assert wrong == 0, f"{wrong} of {rows}"


def _cell(crop: Image) -> Image:
    colour = crop if crop.ndim == 3 else cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR)
    return np.asarray(cv2.resize(colour, (48, 80)), np.uint8)
