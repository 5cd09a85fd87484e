"""The rules by which a reading counts as right."""

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest

from edge.vision.handwritten import NO_DIGIT
from train import metrics


@dataclasses.dataclass
class Digits:
    positions: npt.NDArray[np.float64]
    kinds: list[str]
    meters: list[str]


def reading(*positions: float, classes: int = 100) -> npt.NDArray[np.float32]:
    probabilities = np.zeros((len(positions), classes), np.float32)
    for row, position in zip(probabilities, positions, strict=True):
        row[round(position * classes / 10) % classes] = 1.0
    return probabilities


def one(read: float, label: float, kind: str = "tenths") -> dict[str, object]:
    return metrics.counter(reading(read), Digits(np.array([label]), [kind], ["a"]))


def test_handwritten_counts_the_most_likely_class() -> None:
    result = metrics.handwritten(reading(3, 4, 5, 6, classes=10), np.array([3, 4, 5, 7]))

    assert result == {"n": 4, "error": 0.25, "right_digit": 0.75}


def test_a_network_of_tenths_reads_handwriting_by_the_nearest_digit() -> None:
    assert metrics.handwritten(reading(3.4, 9.6, 4.6), np.array([3, 0, 4]))["right_digit"] == pytest.approx(2 / 3)


def test_of_eleven_classes_the_likeliest_counts_and_the_last_is_no_digit() -> None:
    between = np.zeros((2, 11), np.float32)
    between[:, [0, 9, NO_DIGIT]] = [[0.4, 0.35, 0.25], [0.2, 0.3, 0.5]]
    read = np.concatenate([np.eye(11, dtype=np.float32)[[0, 9, NO_DIGIT]], between])
    assert metrics.nearest_digit(read).tolist() == metrics.places(read).tolist() == [0, 9, NO_DIGIT, 0, NO_DIGIT]
    assert metrics.handwritten(read, np.array([0, 9, NO_DIGIT, 9, 0])) == {"n": 5, "error": pytest.approx(0.4), "right_digit": 0.6}


def test_ten_and_a_hundred_classes_lie_on_the_circle() -> None:
    assert [metrics.figures(np.zeros((1, classes), np.float32)) for classes in (10, 11, 100)] == [10, 11, 10]
    assert metrics.places(reading(3.4, 9.9)).tolist() == pytest.approx([3.4, 9.9])
    assert metrics.nearest_digit(reading(3.4, 9.9)).tolist() == [3, 0]
    assert metrics.nearest_digit(reading(0, 9, classes=10)).tolist() == [0, 9]


@pytest.mark.parametrize(
    ("read", "label", "right", "tenth", "fifth"),
    [
        (9.9, 0.0, 1.0, 1.0, 1.0),
        (0.1, 9.9, 1.0, 0.0, 1.0),
        (0.3, 0.2, 1.0, 1.0, 1.0),
        (4.5, 5.0, 1.0, 0.0, 0.0),
        (4.4, 5.0, 0.0, 0.0, 0.0),
        (5.0, 4.85, 1.0, 0.0, 1.0),
    ],
)
def test_tenths_are_measured_round_the_circle(read: float, label: float, right: float, tenth: float, fifth: float) -> None:
    result = one(read, label)

    assert (result["right_digit"], result["within_0_1"], result["within_0_2"]) == (right, tenth, fifth)


@pytest.mark.parametrize(("read", "label", "right"), [(7.4, 7, 1.0), (7.6, 7, 0.0), (9.6, 0, 1.0), (6.6, 7, 1.0)])
def test_where_only_the_digit_is_known_the_rounded_position_must_be_it(read: float, label: float, right: float) -> None:
    result = one(read, label, "integer")

    assert result["right_digit"] == right
    assert result["within_0_1"] is None
    assert result["within_0_1_meter_mean"] is None


def test_unreadable_rows_are_left_out() -> None:
    digits = Digits(np.array([1.0, np.nan, 2.0]), ["tenths", "nan", "integer"], ["a", "a", "b"])

    result = metrics.counter(reading(1.0, 5.0, 2.0), digits)

    assert (result["n"], result["right_digit"], result["error"]) == (2, 1.0, 0.0)


def test_the_mean_over_meters_counts_each_meter_once() -> None:
    digits = Digits(np.array([1.0, 1.0, 1.0, 2.0]), ["tenths"] * 4, ["a", "a", "a", "b"])

    result = metrics.counter(reading(1.0, 1.0, 1.0, 9.0), digits)

    assert result["right_digit"] == 0.75
    assert result["right_digit_meter_mean"] == 0.5
    assert result["meters"] == {
        "a": {"n": 3, "right_digit": 1.0, "within_0_1": 1.0, "within_0_2": 1.0},
        "b": {"n": 1, "right_digit": 0.0, "within_0_1": 0.0, "within_0_2": 0.0},
    }


def test_no_readable_row_gives_no_share() -> None:
    result = metrics.counter(reading(1.0), Digits(np.array([np.nan]), ["nan"], ["a"]))

    assert (result["n"], result["right_digit"], result["error"]) == (0, None, None)
