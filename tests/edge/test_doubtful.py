"""Pictures of doubtful readings: which are kept, how many, and what they turn out to have shown."""

import dataclasses
import json
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import StoreError
from edge.outputs.doubtful import Doubtful
from edge.outputs.labels import Label, labels
from edge.reading import Reading, Status, Wheel
from tests.edge.stored import Clock, reading

WINDOW = np.array([[20.0, 10.0], [140.0, 10.0], [140.0, 50.0], [20.0, 50.0]])


def frame() -> np.ndarray:
    """Four cells of 30 × 40 pixels, each of its own colour, on grey."""
    picture = np.full((60, 160, 3), 128, np.uint8)
    for i, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]):
        picture[6:54, 20 + 30 * i : 50 + 30 * i] = colour
    return picture


def doubted(raw: str = "12?4", status: Status = Status.LOW_CONFIDENCE) -> Reading:
    wheels = tuple(
        Wheel(position=None if digit == "?" else float(digit), digit=digit, confidence=0.5, corners=WINDOW) for digit in raw
    )  # fmt: skip
    return dataclasses.replace(reading("12.00", status, raw=raw), wheels=wheels, window=WINDOW)


def test_the_window_is_kept_cell_by_cell_with_what_was_read(tmp_path: Path) -> None:
    assert Doubtful(tmp_path / "doubtful").keep(17, "water", frame(), doubted())
    told = json.loads((tmp_path / "doubtful" / "17.json").read_text())
    assert (told["counter"], told["status"], told["raw"], told["display"]) == ("water", "low_confidence", "12?4", "wheels")
    assert [wheel["position"] for wheel in told["wheels"]] == [1.0, 2.0, None, 4.0]
    picture = cv2.imread(str(tmp_path / "doubtful" / "17.png"))
    assert picture is not None
    assert picture.shape == (48, 120, 3)
    assert [picture[24, 15 + 30 * i].tolist() for i in range(4)] == [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]


def test_a_grey_frame_stays_grey(tmp_path: Path) -> None:
    assert Doubtful(tmp_path).keep(1, "water", frame()[:, :, 0], doubted())
    picture = cv2.imread(str(tmp_path / "1.png"), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (48, 120)


@pytest.mark.parametrize("status", [Status.OK, Status.NO_FRAME, Status.NO_WINDOW, Status.MISALIGNED, Status.TOO_DARK])
def test_what_is_certain_or_shows_no_digits_is_not_kept(tmp_path: Path, status: Status) -> None:
    assert not Doubtful(tmp_path).keep(1, "water", frame(), doubted(status=status))
    assert not Doubtful(tmp_path).keep(1, "water", frame(), reading("1", Status.LOW_CONFIDENCE))
    assert list(tmp_path.iterdir()) == []


def test_a_misread_that_lasts_is_kept_once_a_minute_for_each_counter(tmp_path: Path) -> None:
    clock = Clock()
    ring = Doubtful(tmp_path, clock=clock)
    kept = []
    for second in range(0, 130, 10):
        clock.now_s = float(second)
        if ring.keep(second, "water", frame(), doubted()):
            kept.append(second)
    assert kept == [0, 60, 120]
    assert ring.keep(500, "gas", frame(), doubted())


def numbers(folder: Path) -> list[int]:
    assert {path.stem for path in folder.glob("*.png")} == {path.stem for path in folder.glob("*.json")}
    return sorted(int(path.stem) for path in folder.glob("*.png"))


def test_the_oldest_go_where_there_are_too_many_also_after_a_restart(tmp_path: Path) -> None:
    ring = Doubtful(tmp_path, count=3, spacing_s=0)
    for number in (8, 9, 10, 11):
        ring.keep(number, "water", frame(), doubted())
    assert numbers(tmp_path) == [9, 10, 11]
    (tmp_path / "12.part").write_bytes(b"killed while writing")
    ring = Doubtful(tmp_path, count=2, spacing_s=0)
    ring.keep(12, "water", frame(), doubted())
    assert numbers(tmp_path) == [11, 12]
    assert list(tmp_path.glob("*.part")) == []


def test_they_take_no_more_room_than_they_may(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 160, 3), np.uint8)
    ring = Doubtful(tmp_path, megabytes=0.1, spacing_s=0)
    for number in range(30):
        assert ring.keep(number, "water", noise, doubted())
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert 50_000 < size <= 100_000
    assert numbers(tmp_path)[-1] == 29


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file.*expected a folder for pictures that digitd may write to"):
        Doubtful(tmp_path / "file")


def test_a_folder_that_went_away_costs_the_picture_and_no_more(tmp_path: Path) -> None:
    folder = tmp_path / "doubtful"
    ring = Doubtful(folder, spacing_s=0)
    folder.rmdir()
    assert not ring.keep(1, "water", frame(), doubted())
    folder.mkdir()
    assert ring.keep(2, "water", frame(), doubted())
    assert numbers(folder) == [2]


def told(positions: list[float | None], before: str | None, after: str | None, display: str = "wheels") -> list[object]:
    found = labels(positions, "lcd" if display == "lcd" else "wheels", *(None if v is None else Decimal(v) for v in (before, after)))
    return [None if label is None else (label.position, label.kind, label.told_by) for label in found]


def test_where_the_trusted_values_agree_they_tell_the_digits() -> None:
    assert told([1.0, 7.1, 3.1, 4.6], "12.34", "12.34") == [
        (1.0, "tenths", "later"),
        (2.0, "integer", "later"),  # read as 7.1, which it cannot have been
        (3.1, "tenths", "later"),  # a little askew
        (4.6, "tenths", "later"),  # the last wheel, on its way to 5
    ]


def test_where_a_wheel_in_motion_was_misread_nobody_knows_its_position() -> None:
    # 0097: the second wheel may have begun to move, since the third shows 9; the last may be anywhere between 7 and 8.
    assert told([0.0, 5.0, 9.2, 2.0], "0.097", "0.097") == [(0.0, "tenths", "later"), None, (9.2, "tenths", "later"), None]
    assert told([0.0, 0.4, 9.5, 7.9], "0.097", "0.097")[1] == (0.4, "tenths", "later")


def test_a_wheel_carries_over_the_zero() -> None:
    assert told([9.9, 0.4], "0", "0") == [(9.9, "tenths", "later"), (0.4, "tenths", "later")]
    assert told([0.5, 9.6], "9", "9") == [(0.5, "tenths", "later"), (9.6, "tenths", "later")]
    assert told([0.5, 3.6], "3", "3") == [(0.0, "integer", "later"), (3.6, "tenths", "later")]


def test_what_changed_between_them_stays_as_it_was_read() -> None:
    assert told([1.0, 9.0, 7.26, None], "1234", "1240") == [(1.0, "tenths", "later"), None, (7.3, "tenths", "read"), None]
    assert told([1.0, 2.0], None, "12") == [(1.0, "tenths", "read"), (2.0, "tenths", "read")]
    assert told([1.0, 2.0], "12", None) == [(1.0, "tenths", "read"), (2.0, "tenths", "read")]
    assert told([9.97, 2.0], None, None) == [(0.0, "tenths", "read"), (2.0, "tenths", "read")]


def test_a_display_shows_whole_digits_and_may_leave_leading_zeros_out() -> None:
    assert told([None, 8.0, None, 3.2], "0.43", "0.43", "lcd") == [
        None, (0.0, "integer", "later"), (4.0, "integer", "later"), (3.0, "integer", "later"),
    ]  # fmt: skip


def test_a_label_is_one_that_training_takes() -> None:
    for position in np.arange(0, 10.001, 0.01):
        label = labels([float(position)], "wheels", None, None)[0]
        assert isinstance(label, Label)
        assert 0 <= label.position < 10
