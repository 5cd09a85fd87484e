"""Cuts and joins: every digit that the strokes of a line could be is among the hypotheses."""

import numpy as np
import numpy.typing as npt

from edge.vision.strokes import find_strokes
from edge.vision.touching import Digit, hypotheses

Floats = npt.NDArray[np.float32]


def rings(*lefts: int) -> Floats:
    """Absorbance of a page with lozenges drawn with a pen, 40 pixels high and 31 wide, at these columns: 31 apart, corners touch."""
    page = np.zeros((120, 300), np.float32)
    y, x = np.mgrid[0:40, 0:31]
    away = abs(y - 19.5) / 20 + abs(x - 15) / 15.5
    for left in lefts:
        place = page[40:80, left : left + 31]
        np.maximum(place, ((away <= 1) & (away > 0.6)) * np.float32(0.8), out=place)
    return page


def found(page: Floats) -> list[Digit]:
    strokes = find_strokes((page > 0.3).astype(np.uint8))
    return hypotheses(strokes, strokes.lines[0], page)


def like(digits: list[Digit], page: Floats) -> list[Digit]:
    """The hypotheses that are this picture's ink, but for a pixel in ten at most."""
    alike = []
    for digit in digits:
        own = np.zeros_like(page)
        own[digit.top : digit.top + digit.ink.shape[0], digit.left : digit.left + digit.ink.shape[1]] = digit.ink
        if np.count_nonzero((own > 0.3) != (page > 0.3)) <= 0.1 * np.count_nonzero(page):
            alike.append(digit)
    return alike


def test_two_that_touch_are_each_a_hypothesis_and_so_is_the_whole() -> None:
    digits = found(rings(50, 80))
    assert like(digits, rings(50))
    assert like(digits, rings(80))
    assert like(digits, rings(50, 80))


def test_three_in_a_chain_are_cut_twice() -> None:
    digits = found(rings(50, 80, 110))
    assert all(like(digits, rings(left)) for left in (50, 80, 110))


def test_a_broken_one_is_whole_in_a_hypothesis_that_joins() -> None:
    page = rings(50)
    page[:, 64:68] = 0
    digits = found(page)
    assert any(digit.joins == 1 for digit in like(digits, page))


def test_what_stands_apart_is_never_joined() -> None:
    assert all(digit.joins == 0 for digit in found(rings(50, 120)))


def test_a_cut_between_two_crosses_the_pen_once_and_one_through_a_ring_twice() -> None:
    digits = found(rings(50, 80))
    assert {digit.cut.pens for digit in like(digits, rings(80))} == {1}
    assert {digit.cut.pens for digit in digits if digit.cut.ink_px > 0 and 60 < digit.left < 70} == {2}


def test_a_line_is_a_chain_of_places_that_every_stroke_alone_leads_along() -> None:
    digits = found(rings(50, 80, 150))
    assert min(digit.first for digit in digits) == 0
    assert all(digit.first < digit.last for digit in digits)
    (alone,) = like(digits, rings(150))
    assert alone.last == max(digit.last for digit in digits)
    (pair,) = like(digits, rings(50, 80))
    assert (pair.first, pair.last) == (0, alone.first)


def test_two_that_touch_along_a_stretch_part_there_though_across_the_pen_is_shorter() -> None:
    one, other = np.zeros((120, 300), np.float32), np.zeros((120, 300), np.float32)
    y, x = (np.mgrid[0:40, 0:25] - np.array([19.5, 12])[:, None, None]) / np.array([20, 12])[:, None, None]
    away = np.max([abs(x), abs(y), (abs(x) + abs(y)) / 1.5], axis=0)
    one[40:80, 100:125] = ((away > 0.55) & (away <= 1)) * np.float32(0.8)
    other[40:80, 125:131] = 0.8
    digits = found(np.maximum(one, other))
    assert like(digits, one)
    assert like(digits, other)
