"""From real frames to readings, with the models that ship."""

from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.pages import pages
from edge.errors import UsageError
from edge.inference.model import Cells, Probabilities, load
from edge.page import read_page
from edge.reader import Reader
from edge.reading import Status
from edge.vision.circle import position
from edge.vision.reference import Reference
from edge.vision.window import moved, size_px
from tests.edge.frames import Frame, frames, sequence
from tests.edge.test_align import farthest, nudged

MODELS = Path(__file__).parents[2] / "models"
COUNTER = load(MODELS / "lenet5-counter.tflite")
HANDWRITTEN, JUDGE = load(MODELS / "lenet5-handwritten.tflite"), load(MODELS / "lenet5-segments.tflite")
ROUND = next(frame for frame in frames() if frame.name.endswith("round-01189/7.jpg"))
JITTERS, JITTERED_RIGHT = 100, 0.99
CERTAIN, TURNED_RIGHT = 0.9, 18
PAGES, DIGITS_RIGHT, LINES_RIGHT = 100, 0.987, 0.92


def reader(frame: Frame, decimals: int = 0) -> Reader:
    return Reader(COUNTER, digits=len(frame.digits), decimals=decimals)


@pytest.mark.parametrize("frame", frames(), ids=lambda frame: frame.name)
def test_every_real_frame_is_read_right(frame: Frame) -> None:
    reading = reader(frame).read(frame.picture, frame.corners)
    assert frame.shows(reading.raw), f"{reading.raw} for {frame.digits}"


def test_windows_drawn_a_tenth_of_a_cell_off_read_nearly_as_well() -> None:
    rng = np.random.default_rng(0)
    right = []
    for frame in frames():
        cell = size_px(frame.corners)[1] / len(frame.digits)
        for _ in range(JITTERS):
            corners = frame.corners + rng.uniform(-0.1, 0.1, (4, 2)) * cell
            right.append(frame.shows(reader(frame).read(frame.picture, corners).raw))
    assert np.mean(right) >= JITTERED_RIGHT


@pytest.mark.parametrize("degrees", [-11, -8, -5, 5, 9, 12])
def test_a_window_turned_by_a_careless_hand_is_not_read_wrong_with_certainty(degrees: float) -> None:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    right, wrong = 0, []
    for frame in frames():
        middle = frame.corners.mean(0)
        reading = reader(frame).read(frame.picture, (frame.corners - middle) @ turn + middle)
        right += frame.shows(reading.raw)
        if not frame.shows(reading.raw) and reading.confidence >= CERTAIN:
            wrong.append((frame.name, reading.raw, reading.confidence))
    assert not wrong
    assert right >= TURNED_RIGHT or abs(degrees) > 9


def test_wheels_caught_while_they_carry_are_told_with_their_positions() -> None:
    reading = reader(ROUND, decimals=2).read(ROUND.picture, ROUND.corners)
    assert (reading.raw, reading.value, reading.status) == ("01189", Decimal("11.89"), Status.OK)
    assert reading.wheels[3].position == pytest.approx(8.35, abs=0.15)
    assert reading.wheels[4].position == pytest.approx(9.4, abs=0.15)
    assert [wheel.digit for wheel in reading.wheels] == list("01189")


class JustBelowZero:
    """Reads every cell as a hair below a resting 0."""

    classes, runtime, quantized = COUNTER.classes, COUNTER.runtime, COUNTER.quantized
    name, sha256 = COUNTER.name, COUNTER.sha256

    def read(self, cells: Cells) -> Probabilities:
        probabilities = np.zeros((len(cells), 100), np.float32)
        probabilities[:, [98, 99, 0, 1]] = 0.002, 0.032, 0.94, 0.026
        return probabilities


def test_a_wheel_a_hair_below_zero_stands_at_zero_and_not_at_ten() -> None:
    assert round(float(position(JustBelowZero().read(np.zeros((1, 32, 32, 1), np.uint8)))[0]), 2) == 10.0
    wheels = Reader(JustBelowZero(), digits=5).read(ROUND.picture, ROUND.corners).wheels
    assert [wheel.position for wheel in wheels] == [0.0] * 5


def test_a_value_before_that_was_higher_makes_it_decreased() -> None:
    reading = reader(ROUND).read(ROUND.picture, ROUND.corners, previous=Decimal(1250))
    assert (reading.status, reading.value, reading.raw) == (Status.DECREASED, Decimal(1250), "01189")


def test_a_value_that_the_counter_cannot_show_is_refused() -> None:
    with pytest.raises(UsageError, match="shows 0 to 99999"):
        reader(ROUND).read(ROUND.picture, ROUND.corners, previous=Decimal(123456))
    with pytest.raises(UsageError, match="shows 0 to 99999"):
        reader(ROUND).steps(Decimal("-0.5"))
    with pytest.raises(UsageError, match=r"value 1E\+999999999: .* shows 0 to 99999"):
        reader(ROUND).steps(Decimal("1e999999999"))


@pytest.mark.parametrize(
    ("decimals", "value", "shown"), [(1, "1234.56", "1234.5"), (0, "1189.9", "1189"), (2, "118.9" + "0" * 30 + "1", "118.90")]
)
def test_a_value_with_more_decimals_than_the_counter_is_refused_and_not_cut(decimals: int, value: str, shown: str) -> None:
    with pytest.raises(UsageError, match=f"value {value}: the counter has {decimals} decimals; expected no more of them, such as {shown}$"):
        reader(ROUND, decimals).read(ROUND.picture, ROUND.corners, previous=Decimal(value))


def test_zeros_behind_the_decimals_of_the_counter_are_fine() -> None:
    assert reader(ROUND, 1).steps(Decimal("1234.50")) == reader(ROUND, 1).steps(Decimal("1234.5")) == 12345
    assert reader(ROUND).steps(Decimal("1189.000")) == 1189


@pytest.mark.parametrize(("gain", "added", "status"), [(0.01, 0, Status.TOO_DARK), (6.0, 120, Status.TOO_BRIGHT)])
def test_a_picture_without_light_or_with_too_much_gives_no_value(gain: float, added: int, status: Status) -> None:
    spoilt = np.minimum(ROUND.picture * gain + added, 255).astype(np.uint8)
    reading = reader(ROUND).read(spoilt, ROUND.corners)
    assert (reading.status, reading.value) == (status, None)


def test_a_picture_out_of_focus_gives_no_value() -> None:
    soft = np.asarray(cv2.GaussianBlur(ROUND.picture, (0, 0), 12), np.uint8)
    reading = reader(ROUND).read(soft, ROUND.corners)
    assert (reading.status, reading.value) == (Status.BLURRED, None)


class OneWheelHidden(JustBelowZero):
    """Of five wheels, it cannot tell the second."""

    def read(self, cells: Cells) -> Probabilities:
        probabilities = super().read(cells)
        probabilities[np.arange(len(cells)) % 5 == 1] = 0.01
        return probabilities


def test_a_wheel_that_cannot_be_read_is_a_question_mark_and_its_neighbours_are_digits() -> None:
    reading = Reader(OneWheelHidden(), digits=5).read(ROUND.picture, ROUND.corners)
    assert (reading.raw, reading.value, reading.status) == ("0?000", None, Status.LOW_CONFIDENCE)
    assert reading.wheels[1].position is None


def test_a_flawed_picture_leaves_the_value_that_was_known() -> None:
    dark = (ROUND.picture * 0.01).astype(np.uint8)
    reading = reader(ROUND).read(dark, ROUND.corners, previous=Decimal(1180))
    assert (reading.status, reading.value) == (Status.TOO_DARK, Decimal(1180))


@pytest.mark.parametrize("frame", sequence(), ids=lambda frame: frame.name)
@pytest.mark.parametrize("x", [25.0, -25.0])
@pytest.mark.parametrize("y", [25.0, -25.0])
@pytest.mark.parametrize("degrees", [4.0, -4.0])
def test_a_nudged_camera_is_read_by_the_reference_it_was_set_up_with(frame: Frame, x: float, y: float, degrees: float) -> None:
    set_up = sequence()[0]
    now, motion = nudged(frame.picture, shift=(x, y), degrees=degrees)
    reading = reader(frame).read(now, set_up.corners, reference=Reference.of(set_up.picture, set_up.corners))
    assert frame.shows(reading.raw), f"{reading.raw} for {frame.digits}"
    assert reading.status is Status.OK
    assert reading.alignment is not None
    assert 0.8 < reading.alignment <= 1.0
    cell = size_px(set_up.corners)[1] / len(frame.digits)
    assert farthest(reading.window, moved(set_up.corners, motion)) < 0.25 * cell
    assert "align" in reading.timings_ms


@pytest.mark.parametrize("previous", [None, Decimal(531)])
def test_another_scene_is_misaligned_and_leaves_the_value_as_it_was(previous: Decimal | None) -> None:
    set_up = sequence()[0]
    other = np.asarray(cv2.resize(ROUND.picture, (640, 480)), np.uint8)
    reference = Reference.of(set_up.picture, set_up.corners)
    reading = reader(set_up).read(other, set_up.corners, reference=reference, previous=previous)
    assert (reading.status, reading.value, reading.raw, reading.confidence) == (Status.MISALIGNED, previous, "", 0.0)
    assert reading.alignment is not None
    assert 0.0 <= reading.alignment < 0.5


def test_a_window_that_slid_out_of_the_picture_is_misaligned() -> None:
    shot = sequence()[0]
    at_the_top = np.array([0.0, shot.corners[:, 1].min()])
    set_up, corners = shot.picture[int(at_the_top[1]) :], shot.corners - at_the_top
    out, _ = nudged(set_up, shift=(0.0, -45.0), degrees=0.0)
    assert reader(shot).read(out, corners, reference=Reference.of(set_up, corners)).status is Status.MISALIGNED


def test_a_frame_of_another_size_than_the_reference_is_misaligned() -> None:
    set_up = sequence()[0]
    reference = Reference.of(set_up.picture, set_up.corners)
    assert reader(set_up).read(set_up.picture[:-1], set_up.corners, reference=reference).status is Status.MISALIGNED


def test_a_grey_plane_reads_as_the_colour_does() -> None:
    frame = frames()[4]
    grey = frame.picture[..., 1].copy()
    assert frame.shows(reader(frame).read(grey, frame.corners).raw)


def test_pages_of_handwriting_are_read_above_the_floor() -> None:
    digits = wrong = lines = whole = 0
    for page in pages("test", PAGES, 2026):
        read = [reading.raw for reading in read_page(HANDWRITTEN, JUDGE, page.picture)]
        for i, written in enumerate(page.lines):
            raw = read[i] if i < len(read) else ""
            digits, lines = digits + len(written), lines + 1
            wrong, whole = wrong + edits(written, raw), whole + (raw == written)
    assert 1 - wrong / digits >= DIGITS_RIGHT
    assert whole / lines >= LINES_RIGHT


def test_a_blank_page_is_one_reading_of_nothing() -> None:
    (reading,) = read_page(HANDWRITTEN, JUDGE, np.full((300, 200), 230, np.uint8))
    assert (reading.raw, reading.value, reading.status) == ("", None, Status.NO_WINDOW)
    assert set(reading.timings_ms) == {"segment", "inference"}


def edits(one: str, other: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]
