"""Windows: corners from text, and the upright picture between them."""

import json

import cv2
import numpy as np
import pytest

from edge.errors import UsageError
from edge.vision.window import check, corners_from, grown, inside, moved, rectangle, size_px, strip

PICTURE = np.random.default_rng(1).integers(0, 256, (40, 60), np.uint8)


def test_the_whole_frame_as_a_window_is_the_frame() -> None:
    assert np.array_equal(strip(PICTURE, rectangle(40, 60), size=(40, 60)), PICTURE)


def test_an_upside_down_window_is_read_the_right_way_up() -> None:
    corners = np.array([[60.0, 40], [0, 40], [0, 0], [60, 0]])
    assert np.array_equal(strip(PICTURE, corners, size=(40, 60)), PICTURE[::-1, ::-1])


def test_a_window_turned_by_a_quarter_reads_along_its_own_direction() -> None:
    corners = np.array([[0.0, 40], [0, 0], [60, 0], [60, 40]])
    assert np.array_equal(strip(PICTURE, corners, size=(60, 40)), np.rot90(PICTURE, -1))


def test_what_shrinks_is_averaged_and_not_sampled() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (40, 30))
    assert np.abs(strip(stripes, rectangle(40, 60), size=(10, 15)).astype(int) - 127).max() <= 1


def test_beyond_the_border_the_borders_pixels_go_on() -> None:
    flat = np.full((20, 20), 200, np.uint8)
    assert strip(flat, np.array([[-10.0, -10], [30, -10], [30, 30], [-10, 30]]), size=(20, 20)).min() == 200


def test_colour_stays_colour() -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[..., 2] = 90
    assert strip(picture, rectangle(20, 20), size=(8, 8))[0, 0].tolist() == [0, 0, 90]


def test_growing_adds_shares_of_height_and_width_along_the_edges() -> None:
    assert grown(rectangle(10, 20), top=0.1, right=0.5, left=-0.25).tolist() == [[5, -1], [30, -1], [30, 10], [5, 10]]


def test_size_is_the_mean_of_opposite_edges() -> None:
    assert size_px(np.array([[0.0, 0], [10, 0], [13, 4], [0, 4]])) == (4.5, 11.5)


def test_moved_follows_a_homography() -> None:
    turn = np.vstack([cv2.getRotationMatrix2D((0, 0), 90, 1.0), [0, 0, 1]])
    assert np.allclose(moved(np.array([[1.0, 0], [0, 1]]), turn), [[0, -1], [1, 0]])


def test_inside_tells_windows_that_leave_the_frame() -> None:
    assert inside(rectangle(40, 60), PICTURE.shape)
    assert not inside(rectangle(40, 61), PICTURE.shape)


def test_a_window_seen_from_the_side_is_none_to_refuse() -> None:
    check(np.array([[10.0, 20], [90, 35], [90, 65], [10, 80]]))


def test_corners_are_read_from_text() -> None:
    assert corners_from("1,2 30,2 30,20.5 1,20").tolist() == [[1, 2], [30, 2], [30, 20.5], [1, 20]]


@pytest.mark.parametrize("separators", [(", ", ": "), (",", ":")])
def test_corners_are_read_as_json_has_them(separators: tuple[str, str]) -> None:
    corners = [[1.0, 2.0], [30.0, 2.0], [30.0, 20.5], [1.0, 20.0]]
    assert corners_from(json.dumps(corners, separators=separators)).tolist() == corners


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2 30,2 30,20", "3 corners"),
        ("1,2 30,2 30,20 1", "4 corners of 2/2/2/1"),
        ("[[1,2],[30,2],[30,20]]", "3 corners"),
        ("[[1,2],[30,2],[30,20],[1]]", "4 corners of 2/2/2/1"),
        ("a,2 30,2 30,20 1,20", "a coordinate that is no number"),
        ("nan,2 30,2 30,20 1,20", "not finite"),
        ("1,2 1,2 30,20 1,20", "Are two corners the same"),
        ("1,20 30,20 30,2 1,2", "mirror"),
        ("1,2 30,20 30,2 1,20", "cross"),
        ("0,0 10,0 20,0 0,10", "on one line"),
        ("622,61 544,272 518,291 21,471", "times as large"),
        ("10,10 90,40 90,60 10,90", "4.0 times as large"),
    ],
)
def test_what_is_no_window_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        corners_from(text)
