"""Several looks at the same wheels: the clear ones count more, and none decides alone what all of them say otherwise."""

from typing import Any

import cv2
import numpy as np
import pytest

from edge.counter.wheels import mixed, softness
from edge.inference.model import Cells, Probabilities, load
from edge.reader import CLEAR, Reader
from edge.reading import Status
from edge.rendering import lcd
from edge.vision.circle import position
from edge.vision.placement import outlines
from edge.vision.window import rectangle
from tests.edge.frames import frames
from tests.edge.simulation import MODEL, ideal

SURE = ideal(np.array([5.0, 3.0, 0.1])).astype(np.float32)
OTHER = ideal(np.array([5.0, 8.0, 0.1])).astype(np.float32)
NOTHING = np.full_like(SURE, 1 / SURE.shape[1])


def test_one_look_is_what_it_is_and_alike_ones_are_none_more() -> None:
    np.testing.assert_allclose(mixed(SURE[None]), SURE, atol=1e-6)
    np.testing.assert_allclose(mixed(np.stack([SURE, SURE, SURE])), SURE, atol=1e-6)


def test_what_comes_of_it_are_probabilities() -> None:
    looks = np.stack([SURE, OTHER, 0.5 * SURE + 0.5 * NOTHING, NOTHING]).astype(np.float32)
    assert mixed(looks).shape == SURE.shape
    np.testing.assert_allclose(mixed(looks).sum(1), 1.0, atol=1e-5)


def test_a_clear_look_outweighs_two_that_tell_nothing() -> None:
    assert mixed(np.stack([NOTHING, SURE, NOTHING]))[1].reshape(10, 10)[3].sum() > 0.5
    np.testing.assert_allclose(position(mixed(np.stack([NOTHING, SURE, NOTHING]))), [5.0, 3.0, 0.1], atol=0.02)


def test_one_wheel_that_a_look_does_not_know_takes_its_weight_in_all_of_them() -> None:
    half = SURE.copy()
    half[0] = NOTHING[0]
    told = mixed(np.stack([half, OTHER]))
    assert position(told)[1] == pytest.approx(8.0, abs=0.02)
    assert position(told)[0] == pytest.approx(5.0, abs=0.02)


def test_of_looks_that_are_equally_clear_the_most_decide() -> None:
    assert position(mixed(np.stack([SURE, OTHER, SURE])))[1] == pytest.approx(3.0, abs=0.02)


class Counted:
    """The network that ships, and how many cells it was given in each call."""

    def __init__(self) -> None:
        self.model = load(MODEL)
        self.cells: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def read(self, cells: Cells) -> Probabilities:
        self.cells.append(len(cells))
        return self.model.read(cells)


def test_a_clear_window_is_read_by_one_call_and_one_that_is_not_by_another_on_both_other_heights() -> None:
    clear = next(frame for frame in frames() if frame.name.endswith("530.48435.jpg"))
    network = Counted()
    reading = Reader(network, digits=5).read(clear.picture, clear.corners)
    assert (network.cells, reading.raw) == ([5], clear.digits)
    covered = clear.picture.copy()
    cv2.fillConvexPoly(covered, np.rint(outlines(clear.corners, 5)[2]).astype(np.int32), (120, 120, 120))
    network.cells.clear()
    Reader(network, digits=5).look(covered, clear.corners)
    assert network.cells == [5, 10]


def test_one_wheel_that_is_not_clear_is_enough_to_look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = next(frame for frame in frames() if frame.name.endswith("530.48435.jpg"))
    network = Counted()
    reader = Reader(network, digits=5)
    first, clear = reader.look(frame.picture, frame.corners)
    monkeypatch.setattr("edge.reader.CLEAR", float(softness(first).max()))
    assert (clear, reader.look(frame.picture, frame.corners)[1]) == (True, False)
    assert network.cells == [5, 5, 10]


def test_a_picture_that_is_too_dark_is_not_looked_at_again() -> None:
    frame = frames()[0]
    network = Counted()
    reading = Reader(network, digits=5).read(np.asarray(frame.picture // 128, np.uint8), frame.corners)
    assert (reading.status, reading.confidence < 0.9) == (Status.TOO_DARK, True)
    assert network.cells == [5, 10]


def test_a_clear_window_whose_digits_do_not_fit_together_is_looked_at_again() -> None:
    """Between two digits, and no wheel to its right says why."""
    frame = next(frame for frame in frames() if frame.name.endswith("531.10877.jpg"))
    network = Counted()
    first, clear = Reader(network, digits=5).look(frame.picture, frame.corners)
    assert clear
    assert softness(first).max() < CLEAR
    network.cells.clear()
    reading = Reader(network, digits=5).read(frame.picture, frame.corners)
    assert network.cells == [5, 10]
    assert reading.raw == frame.digits


@pytest.mark.parametrize("height", [44, 48, 52])
def test_a_display_is_read_in_a_window_that_cuts_its_digits_off_nearly(height: int) -> None:
    """The margins that reach beyond such a window show the digits whole."""
    frame = np.full((120, 420), 190, np.uint8)
    for i, digit in enumerate((4, 2, 1, 7, 9, 6)):
        lit, _ = lcd.seven_segments(digit, height=60, width=38, thickness=0.13)
        frame[30:90, 40 + 58 * i : 78 + 58 * i] = 190 - (150 * lit).astype(np.uint8)
    read = Reader(load(MODEL), digits=6, display="lcd").read(frame, rectangle(height, 348) + np.array([30, 60 - height / 2]))
    assert read.raw == "421796"
