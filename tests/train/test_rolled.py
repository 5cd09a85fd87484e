"""Real digits put together in mid-roll: each stands where its position says, and beside the one that follows it on the same meter."""

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest

from train import rolled as module
from train.rolled import rolled
from train.synthetic import SIZE

HEIGHT, WIDTH = SIZE
GROUND, STEP = 40, 20


@dataclasses.dataclass(frozen=True)
class Digits:
    positions: npt.NDArray[np.float64]
    kinds: list[str]
    displays: list[str]
    meters: list[str]


def wheels(positions: list[float], meters: str, *, pitch: float = 1.0, kind: str = "tenths") -> tuple[npt.NDArray[np.uint8], Digits]:
    """Wheels whose digits are bars, two rows high, the brighter the higher the digit; one letter a meter."""
    pictures = np.full((len(positions), HEIGHT, WIDTH, 3), GROUND, np.uint8)
    for picture, position in zip(pictures, positions, strict=True):
        digit = round(position)
        row = round(HEIGHT / 2 + (digit - position) * pitch * HEIGHT)
        picture[row - 1 : row + 1] = GROUND + STEP * (1 + digit % 10)
    count = len(positions)
    return pictures, Digits(np.array(positions) % 10, [kind] * count, ["roller"] * count, list(meters))


def bars(picture: npt.NDArray[np.uint8]) -> dict[int, float]:
    """The row of each digit's bar, in pixels from the top, by digit; without those at the edge."""
    rows = picture[:, WIDTH // 2, 0].astype(float) - GROUND
    found = {}
    for start in 1 + np.flatnonzero((rows[1:-4] > STEP / 2) & (rows[:-5] <= STEP / 2)):
        run = rows[start : start + 4]
        found[round(run.sum() / 2 / STEP) - 1] = float((np.arange(start, start + len(run)) * run).sum() / run.sum()) + 0.5
    return found


def test_both_digits_stand_where_the_position_and_the_pitch_put_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PITCHES", (0.7, 0.7))
    monkeypatch.setattr(module, "MOST_GAIN", 1.0)
    pictures, digits = wheels([3.0, 4.1, 3.9], "aaa", pitch=0.7)
    made, positions = rolled(pictures, digits, 40, seed=0)
    assert made.shape == (40, HEIGHT, WIDTH, 3)
    seen = 0
    for picture, position in zip(made, positions, strict=True):
        for digit, row in bars(picture).items():
            assert row == pytest.approx(HEIGHT / 2 + (digit - position) * 0.7 * HEIGHT, abs=1.2)
            seen += 1
        assert set(bars(picture)) <= {3, 4}
    assert seen > 50


def test_positions_lie_between_two_digits_over_the_whole_way_and_past_nine() -> None:
    pictures, digits = wheels([9.0, 10.0], "aa")
    positions = rolled(pictures, digits, 200, seed=1)[1]
    assert ((positions > 9) & (positions < 10)).all()
    assert np.ptp(positions) > 0.7


def test_the_next_digit_is_of_the_same_meter_and_none_is_made_of_what_does_not_roll() -> None:
    for positions, meters, kind in (
        ([3.0, 4.0], "ab", "tenths"),
        ([3.0, 5.0], "aa", "tenths"),
        ([3.0, 4.0], "aa", "integer"),
        ([3.5, 4.4], "aa", "tenths"),
    ):
        pictures, digits = wheels(positions, meters, kind=kind)
        made, where = rolled(pictures, digits, 5, seed=0)
        assert made.shape == (0, HEIGHT, WIDTH, 3)
        assert not len(where)
    pictures, digits = wheels([3.0, 4.0], "aa")
    assert not len(rolled(pictures, dataclasses.replace(digits, displays=["lcd", "lcd"]), 5, seed=0)[0])


def test_unreadable_digits_are_left_out() -> None:
    pictures, digits = wheels([3.0, 4.0, 5.0], "aaa")
    digits.positions[2], digits.kinds[2] = np.nan, "nan"
    assert ((rolled(pictures, digits, 20, seed=0)[1] // 1) == 3).all()


def test_the_second_picture_takes_the_light_of_the_first() -> None:
    pictures, digits = wheels([3.0, 4.0], "aa")
    darker = np.stack([pictures[0], (pictures[1] * 0.75).astype(np.uint8)])
    made, _ = rolled(darker, digits, 20, seed=0)
    above, below = (np.median(rows, axis=(1, 2, 3)) for rows in (made[:, :9], made[:, -9:]))
    assert abs(above - below).max() < 6


def test_the_same_seed_makes_the_same() -> None:
    pictures, digits = wheels([3.0, 4.0, 5.0], "aaa")
    first, again, other = (rolled(pictures, digits, 10, seed=seed) for seed in (5, 5, 6))
    assert (first[0] == again[0]).all()
    assert (first[1] == again[1]).all()
    assert (first[1] != other[1]).any()
