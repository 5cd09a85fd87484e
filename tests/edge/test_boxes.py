"""Printed boxes and combs are not read; what is written in them, and across them, is."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.inference.model import load
from edge.page import read_page
from edge.vision.boxes import find_boxes, without_boxes
from train.datasets import mnist

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
RECOGNIZER, JUDGE = (load(Path(__file__).parents[2] / "models" / f"{name}.tflite") for name in ("lenet5-handwritten", "lenet5-segments"))
IMAGES, LABELS = mnist("train")
BOX = 70
"""Side of a box; digits are 40 pixels high."""


def form(*lines: str, thick: int, gap: int, printed: float = 0.8, turn: float = 0.0) -> Image:
    """Training digits, each in a box, so many pixels apart, on white paper; a blank stands for an empty box."""
    pitch = BOX + gap
    pen, box = np.zeros((2, 60 + 110 * len(lines), 80 + pitch * max(map(len, lines))), np.float32)
    for i, line in enumerate(lines):
        for k, digit in enumerate(line):
            x, y = 40 + pitch * k, 40 + 110 * i
            cv2.rectangle(box, (x, y), (x + BOX, y + BOX), printed, thick)
            if digit != " ":
                cover = cv2.resize(IMAGES[np.flatnonzero(int(digit) == LABELS)[k]].astype(np.float32) / 255, (56, 56))
                pen[y + 7 : y + 63, x + 7 : x + 63] = 0.8 * cover
    cover = np.maximum(pen, box)
    turned = cv2.warpAffine(cover, cv2.getRotationMatrix2D((cover.shape[1] / 2, cover.shape[0] / 2), turn, 1.0), cover.shape[::-1])
    return np.rint(240 * (1 - cv2.GaussianBlur(turned, (0, 0), 0.6))).astype(np.uint8)


def read(picture: Image) -> list[str]:
    return [reading.raw for reading in read_page(RECOGNIZER, JUDGE, picture)]


@pytest.mark.parametrize("thick", [1, 2, 5])
@pytest.mark.parametrize("gap", [0, 14])
def test_digits_in_boxes_are_read_and_the_boxes_are_not(thick: int, gap: int) -> None:
    assert read(form("30741", "2865", thick=thick, gap=gap)) == ["30741", "2865"]


@pytest.mark.parametrize("turn", [-3.0, 3.0])
def test_pale_boxes_that_hang_are_not_read_either(turn: float) -> None:
    assert read(form("30741", "2865", thick=1, gap=14, printed=0.4, turn=turn)) == ["30741", "2865"]


def test_boxes_on_a_grainy_photo_are_not_read() -> None:
    grain = np.random.default_rng(0).normal(0, 12, form("30741", thick=2, gap=14).shape)
    assert read(np.clip(form("30741", thick=2, gap=14) + grain, 0, 255).astype(np.uint8)) == ["30741"]


def test_white_boxes_on_black_are_not_read() -> None:
    assert read(255 - form("3074", thick=2, gap=14)) == ["3074"]


def test_one_digit_in_one_box_is_one_digit() -> None:
    assert read(form("7", thick=2, gap=0)) == ["7"]


def test_empty_boxes_are_nothing() -> None:
    assert read(form("3 74 ", " 86 5", thick=2, gap=14)) == ["374", "865"]
    assert read(form("   ", thick=2, gap=14)) == [""]


def test_boxes_that_cover_a_page_are_taken_for_no_squared_paper() -> None:
    picture = form("3074", "2865", "1957", "6028", thick=3, gap=6)
    assert read(picture[32:-30, 32:-38]) == ["3074", "2865", "1957", "6028"]


@pytest.mark.parametrize("high", [20, 40, BOX])
def test_a_comb_is_one_long_box_with_ticks_of_any_height(high: int) -> None:
    assert read(comb("30741", high)) == ["30741"]


def test_ones_that_stand_on_the_line_of_a_long_box_are_no_ticks() -> None:
    assert read(comb("11171", 0, down=14)) == ["11171"]


@pytest.mark.parametrize(
    ("heights", "wide", "left"),
    [((30, 30, 30), 3, 0), ((30, 36, 42), 3, 3), ((30, 30, 30), 8, 3), ((30, 42), 3, 2), ((30,), 3, 1)],
)
def test_ticks_are_thin_and_of_one_height_and_no_ones(heights: tuple[int, ...], wide: int, left: int) -> None:
    page = np.zeros((120, 240), np.float32)
    cv2.rectangle(page, (20, 20), (220, 80), 0.8, 3)
    for k, high in enumerate(heights):
        page[80 - high : 80, 70 + 50 * k : 70 + 50 * k + wide] = 0.8
    assert cv2.connectedComponents((cleared(page) > 0.3).astype(np.uint8))[0] - 1 == left


def comb(digits: str, high: int, down: int = 0) -> Image:
    """Training digits in one long box with ticks so high between them, so many pixels lower than its middle."""
    page = form(digits, thick=2, gap=0, printed=0.0).astype(np.float32)
    page = np.roll(page, down, axis=0)
    cv2.rectangle(page, (40, 40), (40 + BOX * len(digits), 40 + BOX), 50, 2)
    for x in range(40 + BOX, 40 + BOX * len(digits), BOX):
        cv2.line(page, (x, 40 + BOX - high), (x, 40 + BOX), 50, 2)
    return page.astype(np.uint8)


def boxed(thick: int = 3) -> Floats:
    """Absorbance of an empty box, its walls around rows 20 to 80 and columns 20 to 70."""
    page = np.zeros((120, 100), np.float32)
    cv2.rectangle(page, (20, 20), (70, 80), 0.8, thick)
    return page


def cleared(page: Floats) -> Floats:
    ink = (page > 0.3).astype(np.uint8)
    return without_boxes(page, ink, find_boxes(ink))


@pytest.mark.parametrize("thick", [1, 3, 5])
def test_nothing_is_left_of_a_wall(thick: int) -> None:
    assert not cleared(boxed(thick)).any()
    blurred = np.asarray(cv2.GaussianBlur(boxed(thick), (0, 0), 0.5), np.float32)
    assert cleared(blurred).max() < 0.02


@pytest.mark.filterwarnings("error")
def test_a_box_that_ends_with_the_picture_is_one() -> None:
    page = np.ascontiguousarray(boxed()[19:82, 19:72])
    page[20:40, 24:28] = 0.8
    left = cleared(page)
    assert (left[20:40, 24:28] > 0.7).all()
    assert left[:18].max() == left[42:].max() == left[:, :22].max() == left[:, 30:].max() == 0


def test_a_stroke_that_crosses_a_wall_keeps_its_ink_there() -> None:
    page = boxed()
    page[5:50, 42:48] = 0.8
    left = cleared(page)
    assert (left[5:50, 42:48] > 0.7).all()
    assert left[:, :36].max() == left[:, 54:].max() == left[60:].max() == 0


def test_a_stroke_that_touches_a_wall_keeps_what_is_inside() -> None:
    page = boxed()
    page[40:46, 40:72] = 0.8
    left = cleared(page)
    assert (left[40:46, 40:65] > 0.7).all()
    assert left[:36].max() == left[50:].max() == 0


def test_walls_side_by_side_are_two_thin_ones_and_no_thick_one() -> None:
    page = np.zeros((120, 250), np.float32)
    for x in (20, 53, 86, 119):
        cv2.rectangle(page, (x, 20), (x + 30, 80), 0.8, 3)
    assert not cleared(page).any()


def test_the_neighbours_wall_is_no_stroke_that_crosses() -> None:
    page = np.zeros((120, 200), np.float32)
    for x in (20, 76):
        cv2.rectangle(page, (x, 20), (x + 50, 80), 0.8, 3)
    page[40:46, 40:72] = 0.8  # touches the wall between
    left = cleared(page)
    assert left[:, 72:].max() == 0


@pytest.mark.parametrize("size", [34, 112])
def test_what_is_written_is_no_box(size: int) -> None:
    for image in IMAGES[:2000]:
        cover = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)
        assert find_boxes((np.pad(cover, 4) > 100).astype(np.uint8)) == []


def test_a_zero_around_a_speck_is_a_zero_and_ones_stay_ones() -> None:
    page = form("0", thick=1, gap=0, printed=0.0)
    page[73:76, 74:77] = 60
    assert read(page) == ["0"]
    assert read(form("1111", thick=1, gap=0, printed=0.0)) == ["1111"]


def test_digits_on_squared_paper_are_read() -> None:
    page = form("11110", "74147", thick=1, gap=0, printed=0.0).astype(np.float32)
    page[8::33] *= 0.8
    page[:, 8::33] *= 0.8
    assert read(np.rint(page).astype(np.uint8)) == ["11110", "74147"]


def test_what_goes_with_the_ruling_and_is_pale_is_squared_paper() -> None:
    pale = np.asarray(boxed() / 4, np.float32)
    ink = (pale > 0.1).astype(np.uint8)
    (box,) = find_boxes(ink)
    uprights = ink.copy()
    uprights[:, 30:60] = 0
    assert not box.is_printed(pale, np.zeros_like(ink))
    assert box.is_printed(pale, uprights)
    assert box.is_printed(boxed(), np.zeros_like(ink))


def test_ones_that_stand_between_two_ruled_lines_make_no_box_of_them() -> None:
    page = np.asarray(boxed() / 4, np.float32)
    page[20:81, 19:22] = page[20:81, 69:72] = 0.8
    (box,) = find_boxes((page > 0.1).astype(np.uint8))
    assert not box.is_printed(page, (page > 0.5).astype(np.uint8))
