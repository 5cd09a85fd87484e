"""Pages of handwriting to digits, with the model that ships; and cells that lie as MNIST's do."""

import dataclasses
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.inference.model import load
from edge.page import read_page, reading_of
from edge.reading import Status
from edge.vision.handwritten import NO_DIGIT, shape, to_mnist_cell
from edge.vision.segment import Line, likelihoods, lines, propose, together
from edge.vision.touching import Digit
from train.datasets import mnist

Image = npt.NDArray[np.uint8]
RECOGNIZER, JUDGE = (load(Path(__file__).parents[2] / "models" / f"{name}.tflite") for name in ("lenet5-handwritten", "lenet5-segments"))
IMAGES, LABELS = mnist("train")


def page(*written: str, gap: int = 12, ruled: bool = False) -> Image:
    """Training digits, 42 pixels high, so far apart, on white paper."""
    sheet = np.full((100 + 90 * len(written), 520), 240, np.float64)
    if ruled:
        sheet[45::45] -= 40
    for i, line in enumerate(written):
        x = 60
        for k, digit in enumerate(line):
            cover = IMAGES[np.flatnonzero(int(digit) == LABELS)[k]].astype(np.float32) / 255
            cover = cover[:, np.flatnonzero(cover.max(0) > 0.3)[0] : np.flatnonzero(cover.max(0) > 0.3)[-1] + 1]
            cover = cv2.resize(cover, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC).clip(0, 1)
            sheet[60 + 90 * i : 116 + 90 * i, x : x + cover.shape[1]] *= 1 - 0.8 * cover
            x += cover.shape[1] + gap
    return np.rint(sheet).astype(np.uint8)


def read(picture: Image) -> list[str]:
    return [reading.raw for reading in read_page(RECOGNIZER, JUDGE, picture)]


@pytest.mark.parametrize("shade", [0, 240, 255])
def test_an_empty_page_has_no_line(shade: int) -> None:
    assert lines(np.full((200, 300, 3), shade, np.uint8), RECOGNIZER.read, JUDGE.read) == []


def test_a_digit_that_could_be_any_is_unreadable() -> None:
    corners = np.tile([[0.0, 0], [9, 0], [9, 9], [0, 9]], (2, 1, 1))
    line = Line(corners, np.zeros((2, 32, 32, 1), np.uint8), (4, 7), np.array([0.9, 0.2]), 0.15)
    reading = reading_of(line)
    assert (reading.raw, reading.value) == ("4?", None)
    assert [wheel.position for wheel in reading.wheels] == [4.0, None]


def test_lines_are_read_from_top_to_bottom() -> None:
    assert read(page("0123456789", "31415926", "27182")) == ["0123456789", "31415926", "27182"]


def test_ruled_paper_reads_as_plain_paper_does() -> None:
    assert read(page("0123456789", "31415926", ruled=True)) == ["0123456789", "31415926"]


def test_a_grainy_picture_reads_as_a_clean_one_does() -> None:
    grain = np.random.default_rng(2).normal(0, 24, page("31415926").shape)
    assert read(np.clip(page("31415926") - 20 + grain, 0, 255).astype(np.uint8)) == ["31415926"]


def test_white_ink_on_black_reads_as_black_on_white_does() -> None:
    assert read(255 - page("2718", "1414")) == ["2718", "1414"]


def on_desk(sheet: Image, degrees: float = 0.0, desk: int = 45) -> Image:
    """A photo of a sheet that lies turned on a desk, twice as wide and high."""
    height, width = sheet.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turn[:, 2] += width / 2, height / 2
    photo = cv2.warpAffine(sheet, turn, (2 * width, 2 * height), flags=cv2.INTER_LINEAR, borderValue=desk)
    return np.asarray(photo, np.uint8)


@pytest.mark.parametrize("degrees", [0.0, 4.0, -13.0])
def test_a_sheet_on_a_dark_desk_reads_as_the_page_alone_does(degrees: float) -> None:
    assert read(on_desk(page("0123456789", "31415926", ruled=True), degrees)) == ["0123456789", "31415926"]


def test_a_board_on_a_bright_wall_reads_as_the_page_alone_does() -> None:
    assert read(on_desk(255 - page("2718", "1414"), 3.0, desk=210)) == ["2718", "1414"]


def test_boxes_on_a_sheet_stand_where_the_photo_has_the_digits() -> None:
    photo = on_desk(page("205"), -10.0)
    (line,) = lines(photo, RECOGNIZER.read, JUDGE.read)
    (alone,) = lines(page("205"), RECOGNIZER.read, JUDGE.read)
    turn = cv2.getRotationMatrix2D((260, 95), -10.0, 1.0)
    turn[:, 2] += 260, 95
    expected = alone.corners.mean(1) @ turn[:, :2].T + turn[:, 2]
    assert line.digits == (2, 0, 5)
    assert line.corners.mean(1) == pytest.approx(expected, abs=3)


def test_digits_that_touch_are_split() -> None:
    assert read(page("2050837", gap=-2)) == ["2050837"]


def test_a_single_digit_is_a_line() -> None:
    assert read(page("5")) == ["5"]


def test_boxes_stand_around_the_digits_in_order() -> None:
    (line,) = lines(page("205"), RECOGNIZER.read, JUDGE.read)
    assert line.digits == (2, 0, 5)
    assert line.cells.shape == (3, 32, 32, 1)
    assert line.corners.shape == (3, 4, 2)
    assert (np.diff(line.corners[:, 0, 0]) > 20).all()
    assert (line.certainty > 0.9).all()


@pytest.mark.parametrize(("written", "gap"), [("53", -8), ("35", -10), ("117", 0)])
def test_a_reading_is_as_certain_as_all_ways_that_read_so_are_among_all_there_are(written: str, gap: int) -> None:
    (line,) = lines(page(written, gap=gap), RECOGNIZER.read, JUDGE.read)
    (proposed,) = propose(page(written, gap=gap), RECOGNIZER.read, JUDGE.read)
    logs = likelihoods(proposed.measured(), proposed.probabilities)
    ways = weights(proposed.digits, logs)
    assert line.digits == tuple(map(int, written))
    assert line.confidence == pytest.approx(ways[written] / sum(ways.values()))
    assert line.confidence < 0.995
    for cell, digit, certainty in zip(line.cells, line.digits, line.certainty, strict=True):
        others = logs.copy()
        others[(proposed.cells == cell).all((1, 2, 3)), digit] = -np.inf
        by_it = 1 - sum(weights(proposed.digits, others).values()) / sum(ways.values())
        assert certainty == pytest.approx(max(by_it, line.confidence))


def weights(digits: list[Digit], logs: npt.NDArray[np.float64]) -> dict[str, float]:
    """The weight of each number that a line may be read as: of all ways that read so."""
    at: list[dict[str, float]] = [{"": 1.0}, *({} for _ in range(max(each.last for each in digits)))]
    for each, row in sorted(zip(digits, logs.tolist(), strict=True), key=lambda it: it[0].last):
        for before, weight in at[each.first].items():
            for digit, log in enumerate(row):
                text = f"{before}{digit}"
                at[each.last][text] = at[each.last].get(text, 0.0) + weight * float(np.exp(log))
    return at[-1]


def test_digits_that_may_be_one_more_are_taken_with_no_certainty() -> None:
    corners = np.tile([[0.0, 0], [9, 0], [9, 9], [0, 9]], (2, 1, 1))
    sure = Line(corners, np.zeros((2, 32, 32, 1), np.uint8), (4, 7), np.array([0.99, 0.98]), 0.95)
    doubtful = dataclasses.replace(sure, confidence=0.85)
    assert (reading_of(sure).value, reading_of(sure).confidence, reading_of(sure).status) == (Decimal(47), 0.95, Status.OK)
    assert (reading_of(doubtful).value, reading_of(doubtful).status) == (None, Status.LOW_CONFIDENCE)


@pytest.mark.parametrize(("rows", "columns"), [(60, 30), (30, 60), (7, 3)])
def test_a_cell_holds_its_digit_in_a_box_of_20_with_the_centre_of_mass_in_the_middle(rows: int, columns: int) -> None:
    digit = np.zeros((rows + 10, columns + 20), np.float32)
    digit[5 : 5 + rows, 5 : 5 + columns] = 0.6
    digit[5 : 5 + rows // 2, 5 : 5 + columns // 2] = 0.2  # one corner is faint: the middle of the ink is not that of the box
    cell = to_mnist_cell(digit).astype(float)
    inked = np.argwhere(cell > 0)
    assert max(np.ptp(inked, axis=0) + 1) == 20
    assert cell.max() == 255
    centre = [(cell.sum(1 - axis) @ np.arange(32)) / cell.sum() for axis in (0, 1)]
    assert centre == pytest.approx([15.5, 15.5], abs=0.51)


def test_no_ink_makes_a_black_cell() -> None:
    assert not to_mnist_cell(np.zeros((20, 10), np.float32)).any()


def test_the_shape_of_a_ring() -> None:
    ring = np.zeros((44, 34), np.float32)
    cv2.ellipse(ring, (16, 21), (14, 19), 0, 0, 360, 0.8, 3)
    high, wide, across = shape(ring)
    assert (high, wide) == pytest.approx((41, 31), abs=2)
    assert 1.6 < across < 2.0


def test_a_digit_is_as_likely_as_both_networks_find_it() -> None:
    read, judged = np.zeros((3, 10), np.float32), np.zeros((3, 11), np.float32)
    read[:, :2], judged[0, [0, 1, NO_DIGIT]] = (0.9, 0.1), (0.2, 0.6, 0.2)  # of one that is whole: 0.25 and 0.75
    judged[1, [0, 1, NO_DIGIT]] = 0.01, 0.09, 0.9
    judged[2, NO_DIGIT] = 1.0  # no opinion on which
    both = together(read, judged)
    assert both.sum(1) == pytest.approx(1.0)
    assert both[0, :2] == pytest.approx([0.634, 0.366], abs=2e-3)
    assert both[1, 0] == pytest.approx(both[1, 1], abs=2e-3)
    assert both[2, 0] == pytest.approx(3 * both[2, 1], rel=1e-3), "the root of 0.9 to 0.1"
    assert together(read[:0], judged[:0]).shape == (0, 10)
