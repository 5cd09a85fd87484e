"""Strokes and the lines they stand in. Digits are drawn as bars 40 pixels high."""

import numpy as np
import numpy.typing as npt

from edge.vision.strokes import find_strokes

Image = npt.NDArray[np.uint8]


def bars(*places: tuple[int, int]) -> Image:
    """A page with a bar of 40 × 8 pixels at each (row, column)."""
    page = np.zeros((300, 400), np.uint8)
    for y, x in places:
        page[y : y + 40, x : x + 8] = 1
    return page


def test_a_blank_page_has_no_line() -> None:
    assert find_strokes(np.zeros((100, 200), np.uint8)).lines == ()


def test_lines_are_read_from_top_to_bottom_and_strokes_from_left_to_right() -> None:
    strokes = find_strokes(bars((200, 300), (40, 200), (200, 100), (40, 100), (40, 300)))
    assert strokes.lines == (range(1, 4), range(4, 6))
    assert [strokes.labels[60, x + 4] for x in (100, 200, 300)] == [1, 2, 3]
    assert [strokes.labels[220, x + 4] for x in (100, 300)] == [4, 5]
    assert strokes.height == 40


def test_digits_may_dance_on_a_slanted_line() -> None:
    strokes = find_strokes(bars((40, 50), (58, 120), (50, 190), (66, 260), (60, 330)))
    assert strokes.lines == (range(1, 6),)


def test_specks_are_dropped() -> None:
    page = bars((40, 100), (40, 200))
    page[60:63, 150:153] = 1
    assert find_strokes(page).lines == (range(1, 3),)


def test_the_many_dots_of_dotted_paper_do_not_make_the_writing_low() -> None:
    page = bars((40, 100), (40, 200), (40, 300))
    for y in range(10, 300, 20):
        for x in range(10, 400, 20):
            page[y : y + 4, x + 1 : x + 3] = page[y + 1 : y + 3, x : x + 4] = 1
    strokes = find_strokes(page)
    assert strokes.height == 40
    assert strokes.lines == (range(1, 4),)


def test_a_comma_is_dropped_and_a_broken_digit_joined() -> None:
    page = bars((40, 100), (40, 200), (40, 280), (40, 320), (40, 360))
    page[54:58, 100:108] = 0  # the first digit is broken
    page[74:88, 214:218] = 1  # a comma hangs beside the second
    strokes = find_strokes(page)
    assert strokes.lines == (range(1, 6),)
    assert strokes.labels[45, 104] == strokes.labels[75, 104] == 1
    assert strokes.labels[82, 216] == 0


def test_a_frame_and_what_the_sides_of_the_picture_cut_off_are_dropped() -> None:
    page = bars((120, 100), (120, 200), (120, 300))
    page[60:240, 30:33] = page[60:240, 370:373] = 1
    page[60:63, 30:373] = page[237:240, 30:373] = 1
    page[120:160, 0:5] = 1
    strokes = find_strokes(page)
    assert strokes.lines == (range(1, 4),)
    assert strokes.labels[60, 200] == strokes.labels[140, 2] == 0


def test_the_dark_corners_of_a_page_that_was_turned_are_no_digits() -> None:
    page = bars((120, 60), (120, 160), (120, 260))
    for row in range(40):
        page[row, 5 * row + 200 :] = page[299 - row, : 200 - 5 * row] = 1
    assert find_strokes(page).lines == (range(1, 4),)


def test_a_digit_at_the_side_of_the_picture_is_one() -> None:
    page = bars((0, 100), (0, 200))
    page[0:40, 300:330] = 1
    assert find_strokes(page).lines == (range(1, 4),)


def test_a_digit_broken_into_pieces_none_of_which_is_high_enough_alone_is_one_stroke() -> None:
    page = bars((40, 100), (40, 200), (40, 300))
    page[57:60, 200:208] = page[76:80, 200:208] = 0  # 17 and 16 pixels of 40 are left
    strokes = find_strokes(page)
    assert strokes.lines == (range(1, 4),)
    assert strokes.labels[45, 204] == strokes.labels[70, 204] == 2


def test_noise_and_a_page_of_print_are_no_handwriting() -> None:
    rng = np.random.default_rng(0)
    noise = (rng.random((600, 800)) < 0.25).astype(np.uint8)
    letter = np.pad(np.ones((12, 8), np.uint8), 4)
    letters = np.asarray(np.kron(rng.random((60, 80)) < 0.3, letter), np.uint8)
    assert find_strokes(noise).lines == find_strokes(letters).lines == ()


def test_a_full_page_with_a_thousand_pieces_between_its_lines_is_read() -> None:
    page = np.zeros((1400, 1400), np.uint8)
    for y in range(20, 1400, 140):
        for x in range(20, 1400, 28):
            page[y : y + 60, x : x + 12] = 1
            page[y + 75 : y + 99, x : x + 3] = page[y + 75 : y + 99, x + 13 : x + 16] = 1
    assert find_strokes(page).lines == tuple(range(first, first + 49) for first in range(1, 491, 49))


FLAT = np.zeros((17, 36), np.uint8)
"""As a 2 that lies flat: 36 pixels wide and 17 high."""
FLAT[:3, :18] = FLAT[-3:, 18:] = FLAT[:, 16:20] = 1
RISING = np.asarray(np.abs(np.arange(17)[:, None] + np.arange(36)[None] / 3 - 14) < 3, np.uint8)


def with_piece(piece: Image, y: int) -> Image:
    """A line of four bars, their middles in row 60, and a piece between them whose top is in row y."""
    page = bars((40, 60), (40, 100), (40, 220), (40, 260))
    page[y : y + piece.shape[0], 150 : 150 + piece.shape[1]] = piece
    return page


def test_a_flat_digit_is_kept() -> None:
    strokes = find_strokes(with_piece(FLAT, 54))
    assert strokes.lines == (range(1, 6),)
    assert strokes.labels[56, 155] == strokes.labels[69, 180] == 3


def test_dashes_equals_signs_and_what_lies_under_a_line_are_no_flat_digits() -> None:
    equals = np.ones((17, 36), np.uint8)
    equals[6:-6] = 0
    for page in (with_piece(RISING, 52), with_piece(equals, 52), with_piece(FLAT[:, ::2], 52), with_piece(FLAT, 72)):
        assert find_strokes(page).lines == (range(1, 5),)


def test_a_flat_piece_under_another_stroke_is_no_digit() -> None:
    page = with_piece(FLAT, 60)
    page[32:50, 160:168] = 1
    strokes = find_strokes(page)
    assert strokes.lines == (range(1, 6),)
    assert strokes.labels[62, 155] == 0


def test_a_flat_piece_alone_beside_what_the_side_of_the_picture_cut_off_is_no_line() -> None:
    page = np.zeros((100, 200), np.uint8)
    page[30:70, :5] = 1
    page[42:59, 100:136] = FLAT
    assert find_strokes(page).lines == ()
