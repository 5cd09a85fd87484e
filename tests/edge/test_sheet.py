"""The sheet on a desk: its four corners, and none where the page fills the picture. Photos are 640 × 480 pixels."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.vision.sheet import find_sheet, on_sheet

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating]
Corner = tuple[int, int]
WHOLE: tuple[Corner, ...] = ((120, 90), (540, 70), (560, 400), (100, 420))
DARK, PAPER = 45, 225


def lying(corners: tuple[Corner, ...], desk: Image | int = DARK, paper: int = PAPER) -> Image:
    """A photo of a sheet with three rows of strokes and ruled lines, uint8 [480, 640]; the desk is a level or a picture of its own."""
    sheet = np.full((480, 640), paper, np.uint8)
    for y in range(20, 480, 40):
        cv2.line(sheet, (0, y), (640, y), paper - 40, 1)
    for y in (180, 240, 300):
        for x in range(200, 440, 40):
            cv2.line(sheet, (x, y), (x + 8, y + 28), 40 if paper > 128 else 230, 4)
    covered = cv2.fillConvexPoly(np.zeros((480, 640), np.uint8), np.array(corners, np.int32), 1, cv2.LINE_8)
    return np.asarray(np.where(covered > 0, sheet, desk), np.uint8)


def lit(photo: Image, share: Floats) -> Image:
    return np.asarray(np.rint(photo * share), np.uint8)


def shares(photo: Image, corners: tuple[Corner, ...]) -> tuple[float, float]:
    """How much of a sheet is found, and how much of what is found is the sheet."""
    found = find_sheet(photo)
    assert found is not None
    true, seen = (
        cv2.fillConvexPoly(np.zeros((480, 640), np.uint8), np.rint(each).astype(np.int32), 1) for each in (np.array(corners), found)
    )
    both = float((np.asarray(true) & np.asarray(seen)).sum())
    return both / float(true.sum()), both / float(seen.sum())


def is_found(photo: Image, corners: tuple[Corner, ...]) -> bool:
    recall, precision = shares(photo, corners)
    return recall > 0.94 and precision > 0.985


def test_a_sheet_on_a_dark_desk() -> None:
    assert is_found(lying(WHOLE), WHOLE)


def test_under_a_lamp_that_makes_the_desk_here_as_bright_as_the_paper_there() -> None:
    light = np.tile(np.exp(np.linspace(0, -3.2, 640)), (480, 1))
    photo = lit(lying(WHOLE, 110), light)
    assert photo[240, 60] > photo[240, 520]
    assert is_found(photo, WHOLE)


def test_with_the_shadow_of_a_hand_across_two_sides() -> None:
    hand = cv2.GaussianBlur(cv2.circle(np.zeros((480, 640)), (540, 390), 120, 1.0, -1), (0, 0), 6)
    assert is_found(lit(lying(WHOLE), 1 - 0.6 * hand), WHOLE)


def test_on_a_tablecloth_whose_stripes_are_nearly_as_bright() -> None:
    stripes = np.where(np.add.outer(np.arange(480), np.arange(640)) // 40 % 3, 90, 205)
    assert is_found(lying(WHOLE, stripes.astype(np.uint8)), WHOLE)


@pytest.mark.parametrize(
    "corners",
    [((120, 0), (540, 0), (560, 400), (100, 420)), ((0, 90), (540, 70), (560, 400), (0, 420)), ((0, 0), (540, 0), (560, 400), (0, 420))],
    ids=["above", "left", "corner"],
)
def test_the_picture_may_cut_it_off(corners: tuple[Corner, ...]) -> None:
    assert is_found(lying(corners), corners)


def test_the_sheet_and_not_the_clipboard_it_lies_on() -> None:
    board = cv2.fillConvexPoly(np.full((480, 640), DARK, np.uint8), np.array([(80, 40), (580, 20), (600, 450), (60, 470)]), 110)
    assert is_found(lying(WHOLE, np.asarray(board, np.uint8)), WHOLE)


def test_a_board_on_a_bright_wall() -> None:
    assert is_found(lying(WHOLE, 210, paper=60), WHOLE)


def test_a_shadow_on_the_page_is_no_board() -> None:
    page = lying(((0, 0), (639, 0), (639, 479), (0, 479)))
    shadow = cv2.fillConvexPoly(np.zeros((480, 640)), np.array(WHOLE), 1.0)
    assert find_sheet(lit(page, 1 - 0.6 * shadow)) is None


@pytest.mark.parametrize("lamp", [0.0, 0.6])
def test_a_page_that_fills_the_picture_is_none(lamp: float) -> None:
    page = lying(((0, 0), (639, 0), (639, 479), (0, 479)))
    assert find_sheet(lit(page, 1 - lamp * np.tile(np.linspace(0, 1, 640), (480, 1)))) is None


def test_what_a_shadow_leaves_of_the_light_from_side_to_side_is_none() -> None:
    page = lying(((0, 0), (639, 0), (639, 479), (0, 479)))
    light = np.full((480, 640), 0.5)
    light[100:350] = 1.0
    light[350:, 300:] = 0.3  # with an edge down the page, too
    assert find_sheet(lit(page, light)) is None


def test_a_frame_drawn_on_the_page_is_none() -> None:
    page = lying(((0, 0), (639, 0), (639, 479), (0, 479)))
    assert find_sheet(np.asarray(cv2.rectangle(page, (120, 100), (500, 380), 40, 18), np.uint8)) is None


def test_a_label_on_the_page_is_none() -> None:
    page = lying(((0, 0), (639, 0), (639, 479), (0, 479)), paper=170)
    assert find_sheet(np.asarray(cv2.rectangle(page, (480, 300), (590, 420), 235, -1), np.uint8)) is None


@pytest.mark.parametrize("shape", [(1, 1), (2, 3000), (3000, 2), (9, 9, 3)])
def test_pictures_too_small_for_any_have_none(shape: tuple[int, ...]) -> None:
    assert find_sheet(np.full(shape, 128, np.uint8)) is None


def test_what_is_on_it_is_seen_upright_and_as_large() -> None:
    photo = lying(((100, 100), (500, 100), (500, 400), (100, 400)))
    seen = on_sheet(photo, np.array([[120.0, 130], [480, 130], [480, 390], [120, 390]]))
    assert np.array_equal(seen, photo[130:390, 120:480])
    colours = np.dstack([photo, photo // 2, photo // 3])
    assert np.array_equal(on_sheet(colours, np.array([[120.0, 130], [480, 130], [480, 390], [120, 390]])), colours[130:390, 120:480])
