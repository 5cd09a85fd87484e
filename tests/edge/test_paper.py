"""Paper: light, ruling and slope are taken away, ink stays."""

import cv2
import numpy as np
import pytest

from edge.vision.paper import absorbance, slope, without_ruling


def test_ink_takes_the_same_share_of_light_in_the_shade_as_in_the_sun() -> None:
    light = np.tile(np.linspace(90, 240, 300), (200, 1))
    page = light.copy()
    page[90:110, [40, 41, 42, 43, 250, 251, 252, 253]] *= 0.5
    absorbed = absorbance(page.astype(np.uint8))
    assert absorbed[100, 41] == pytest.approx(0.5, abs=0.06)
    assert absorbed[100, 251] == pytest.approx(0.5, abs=0.06)
    assert absorbed[30, 150] == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("degrees", [-6.0, -1.5, 0.0, 2.0, 7.0])
def test_the_slope_of_a_line_is_found(degrees: float) -> None:
    page, rise = np.zeros((200, 400), np.float32), np.tan(np.deg2rad(degrees))
    cv2.line(page, (20, round(100 - 180 * rise)), (380, round(100 + 180 * rise)), 1.0, 2)
    assert slope(page) == pytest.approx(rise, abs=0.01)


def test_ruled_lines_go_and_a_stroke_across_them_keeps_its_ink() -> None:
    page = np.zeros((200, 400), np.float32)
    for y in (50, 100, 150):
        page[y : y + 2] = 0.25
    page[80:130, 200:206] = 0.8
    absorbed = without_ruling(page)
    assert absorbed[50:52].max() < 0.05
    assert absorbed[100:102, :190].max() < 0.05
    assert absorbed[80:130, 201:205].min() > 0.6


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("thick", [3, 5])
def test_ruled_lines_that_take_all_light_leave_numbers(thick: int) -> None:
    page = np.zeros((200, 400), np.float32)
    page[100 : 100 + thick] = 1.0
    page[60:90, 200:206] = 0.8
    absorbed = without_ruling(page)
    assert ((absorbed >= 0) & (absorbed <= 1)).all()
    assert absorbed[60:90, 201:205].min() > 0.6


def test_squares_go_too() -> None:
    page = np.zeros((240, 240), np.float32)
    page[20::40] = 0.25
    page[:, 10::40] = 0.25
    assert without_ruling(page).max() < 0.1


def test_paper_without_ruling_stays_as_it_is() -> None:
    page = np.zeros((100, 200), np.float32)
    page[30:70, 50:55] = 0.7
    page[30:70, 120:125] = 0.7
    assert np.array_equal(without_ruling(page), page)


@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize("upright", [True, False])
def test_a_slanted_rule_goes_where_it_leaves_the_picture_half_way(upright: bool, mirrored: bool) -> None:
    fine = np.zeros((1440, 1600), np.float32)
    for x in range(160, 1680, 240):
        cv2.line(fine, (x + 24, 0), (x - 24, 1439), 0.25, 8)
    page = np.asarray(cv2.resize(fine, (400, 360), interpolation=cv2.INTER_AREA), np.float32)
    page[100:150, 200:206] = 0.8
    if mirrored:
        page = page[:, ::-1]
    absorbed = without_ruling(page) if upright else without_ruling(page.T).T
    assert page.max(0)[0 if mirrored else -1] > 0.2
    assert page[:100].max(0)[0 if mirrored else -1] == 0.0
    written = np.s_[100:150, 194:200] if mirrored else np.s_[100:150, 200:206]
    assert absorbed[written].min() > 0.6
    absorbed[95:155, 185:215] = 0.0
    assert absorbed.max() < 0.1


def test_a_stroke_that_leaves_the_picture_along_the_rules_is_none() -> None:
    page = np.zeros((360, 400), np.float32)
    for x in range(40, 400, 60):
        cv2.line(page, (x + 30, 0), (x - 30, 359), 0.25, 2)
    cv2.line(page, (399, 0), (393, 80), 0.8, 4)
    assert without_ruling(page)[10:60, 393:].max() > 0.6
