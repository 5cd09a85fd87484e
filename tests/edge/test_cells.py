"""What the one preprocessing does to a cut-out digit."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge.vision.cells import CHANNEL_MIXES, separation, stretch, to_cell, to_cells, to_grey

Image = npt.NDArray[np.uint8]
RED, WHITE, BLACK = (40, 40, 200), (230, 230, 230), (20, 20, 20)
"""Blue, green, red."""
crops = st.one_of(
    arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=80)),
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 80), st.integers(1, 80), st.just(3))),
)


def digit(ink: tuple[int, int, int], ground: tuple[int, int, int], size: tuple[int, int] = (48, 32)) -> Image:
    """A seven in `ink` on `ground`, uint8 [H, W, 3]."""
    picture = np.full((*size, 3), ground, np.uint8)
    cv2.putText(picture, "7", (4, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.3, ink, 4)
    return picture


def in_frame(picture: Image, depth: tuple[int, int], colour: tuple[int, int, int]) -> Image:
    """With so many rows above and below and columns at both sides in `colour`."""
    rows, columns = depth
    return np.asarray(cv2.copyMakeBorder(picture, rows, rows, columns, columns, cv2.BORDER_CONSTANT, value=colour), np.uint8)


def contrast(part: Image) -> tuple[int, int]:
    """Grey level of the dark and of the light tenth of pixels."""
    ranked = np.sort(part, axis=None)
    return int(ranked[len(ranked) // 10]), int(ranked[-len(ranked) // 10])


def luminance(picture: Image) -> Image:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def ink_is_darker(cell: Image) -> bool:
    return bool(np.median(cell) > 127)


@given(crops)
@settings(deadline=None)
def test_any_crop_becomes_a_cell(crop: Image) -> None:
    cell = to_cell(crop)
    assert cell.shape == (32, 32)
    assert cell.dtype == np.uint8


@given(crops)
@settings(deadline=None)
def test_a_crop_is_left_as_it_was_and_read_twice_alike(crop: Image) -> None:
    before = crop.copy()
    first, second = to_cell(crop), to_cell(crop)
    assert (crop == before).all()
    assert (first == second).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (1, 200), (200, 1, 3), (2000, 1500, 3), (33, 2), (32, 32)])
def test_tiny_huge_and_thin_crops(shape: tuple[int, ...]) -> None:
    assert to_cell(np.full(shape, 90, np.uint8)).shape == (32, 32)


@pytest.mark.parametrize("shape", [(0, 10), (10, 0, 3)])
def test_an_empty_crop_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected at least one pixel"):
        to_cell(np.zeros(shape, np.uint8))


def test_many_crops_become_one_array() -> None:
    several = [digit(BLACK, WHITE), luminance(digit(WHITE, BLACK)), np.zeros((3, 5), np.uint8)]
    cells = to_cells(several)
    assert cells.shape == (3, 32, 32, 1)
    for cell, crop in zip(cells, several, strict=True):
        assert (cell[:, :, 0] == to_cell(crop)).all()
    assert to_cells([]).shape == (0, 32, 32, 1)


@pytest.mark.parametrize("level", [0, 4, 128, 251, 255])
def test_a_blank_picture_stays_blank(level: int) -> None:
    assert np.unique(to_cell(np.full((40, 30, 3), level, np.uint8))).size == 1


def test_the_noise_of_a_blank_picture_is_not_blown_up() -> None:
    noise = np.random.default_rng(0).normal(120, 1.0, (32, 32)).round().astype(np.uint8)
    assert to_cell(noise).std() < 20
    assert to_cell(noise).mean() == pytest.approx(127.5, abs=10)


@pytest.mark.parametrize(("ink", "ground"), [(RED, WHITE), (WHITE, RED)])
def test_red_print_and_red_ground_separate_better_than_in_luminance(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    picture = digit(ink, ground)
    assert separation(to_grey(picture)) >= separation(luminance(picture))


@pytest.mark.parametrize(("ink", "ground"), [((40, 40, 240), (110, 110, 110)), ((110, 110, 110), (40, 40, 240))])
def test_red_of_the_same_luminance_as_grey_becomes_visible(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    picture = digit(ink, ground)
    assert separation(luminance(picture)) < 10
    assert separation(to_grey(picture)) > 3 * separation(luminance(picture))


def test_a_red_frame_takes_no_contrast_from_the_digit_inside() -> None:
    inside = digit((150, 160, 165), (45, 50, 45))
    framed = in_frame(inside, (4, 6), (55, 60, 230))
    assert (to_grey(framed) == luminance(framed)).all()
    ground, ink = contrast(to_cell(framed)[6:-6, 10:-10])
    assert ink - ground > 230


def test_a_dark_frame_does_not_hide_pale_print_on_red() -> None:
    inside = digit((150, 150, 240), (40, 40, 220))
    framed = in_frame(inside, (6, 3), BLACK)
    ground, ink = contrast(to_cell(framed)[6:-6, 6:-6])
    assert ink - ground > 100


@pytest.mark.parametrize(("ink", "ground"), [(BLACK, WHITE), (RED, WHITE)])
def test_dark_print_stays_dark(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    assert ink_is_darker(to_cell(digit(ink, ground)))


@pytest.mark.parametrize(("ink", "ground"), [(WHITE, BLACK), (WHITE, RED)])
def test_light_print_stays_light(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    assert not ink_is_darker(to_cell(digit(ink, ground)))


def test_a_picture_without_colour_is_its_luminance() -> None:
    grey = np.random.default_rng(1).integers(0, 256, (40, 30), dtype=np.uint8)
    assert np.abs(to_grey(np.dstack([grey] * 3)).astype(int) - grey).max() <= 1


def test_grey_is_returned_as_it_is() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert to_grey(grey) is grey


def test_each_mix_of_channels_keeps_white_white() -> None:
    np.testing.assert_allclose(CHANNEL_MIXES.sum(1), 1.0, atol=1e-6)


def test_separation_is_the_deviation_between_two_levels() -> None:
    halves = np.repeat(np.array([[50, 150]], np.uint8), 10, axis=0).repeat(5, axis=1)
    assert separation(halves) == pytest.approx(50.0)
    assert separation(np.full((5, 5), 80, np.uint8)) == 0.0


def test_stretch_takes_the_2nd_percentile_to_0_and_the_98th_to_255() -> None:
    ramp = np.arange(50, 150, dtype=np.uint8).reshape(10, 10)
    stretched = stretch(ramp)
    low, high = 52, 147
    np.testing.assert_array_equal(stretched, np.clip(np.rint((ramp.astype(float) - low) * 255 / (high - low)), 0, 255))


def test_stretch_ignores_a_few_glaring_pixels() -> None:
    cell = np.full((32, 32), 60, np.uint8)
    cell[8:24, 8:24] = 120
    glaring = cell.copy()
    glaring[0, :10] = 255
    np.testing.assert_array_equal(stretch(glaring)[1:], stretch(cell)[1:])


def test_cells_stretched_together_come_out_as_each_alone() -> None:
    rng = np.random.default_rng(0)
    cells = np.stack([rng.integers(low, low + spread, (32, 32)) for low, spread in ((0, 256), (90, 40), (200, 3), (0, 2))]).astype(np.uint8)
    np.testing.assert_array_equal(stretch(cells), [stretch(cell) for cell in cells])


@given(arrays.arrays(np.uint8, (32, 32)))
def test_stretch_keeps_the_order_of_grey_levels(cell: Image) -> None:
    order = np.argsort(cell.ravel(), kind="stable")
    assert (np.diff(stretch(cell).ravel()[order].astype(int)) >= 0).all()


@given(st.integers(0, 60), st.sampled_from([0.5, 0.75, 1.0]))
@settings(deadline=None)
def test_brightness_and_contrast_of_the_light_do_not_reach_the_network(brightness: int, contrast: float) -> None:
    plain = luminance(digit((10, 10, 10), (190, 190, 190)))
    lit = np.rint(plain * contrast + brightness).astype(np.uint8)
    assert np.abs(to_cell(lit).astype(int) - to_cell(plain)).max() <= 4
