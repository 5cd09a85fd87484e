"""Rendered digits show the position that they claim."""

import numpy as np
import pytest

from edge.inference.model import load
from edge.inference.models import shipped
from edge.rendering import lcd, wheel
from edge.rendering.glyphs import GLYPH_HEIGHT_PX, font_glyphs, installed_fonts
from edge.rendering.strokes import Strokes, stroke_glyphs
from edge.vision.cells import to_cells
from edge.vision.circle import distance, position
from train import synthetic

SIZE = (96, 64)


def bars() -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """Ten "digits", each a full block: where it stands is plain to measure."""
    return [np.ones((GLYPH_HEIGHT_PX, 40), np.float32) for _ in range(10)]


@pytest.mark.parametrize("position", [0.0, 0.1, 2.4, 4.7, 9.9])
def test_the_nearest_digit_stands_where_its_position_says(position: float) -> None:
    strip = wheel.unrolled(bars(), digit_height=0.5)
    ink, _ = wheel.window(strip, position, size=SIZE, pitch=0.6)
    edges = np.diff(np.pad(ink[:, 32] > 0.5, 1).astype(int))
    middles = [(top + bottom) / 2 for top, bottom in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)]
    expected = 48 - (position - round(position)) * 96 * 0.6
    assert min(abs(middle - expected) for middle in middles) < 1.5


def test_a_wheel_rolls_upwards_as_its_position_rises() -> None:
    strip = wheel.unrolled(stroke_glyphs(Strokes()))
    at_rest = wheel.window(strip, 4.0, size=SIZE)[0]
    a_tenth_on = wheel.window(strip, 4.1, size=SIZE)[0]
    shifts = [np.abs(np.roll(at_rest, -rows, 0)[12:84] - a_tenth_on[12:84]).sum() for rows in range(-15, 16)]
    assert int(np.argmin(shifts)) - 15 == pytest.approx(10, abs=1)


def test_ten_turns_are_the_same_picture() -> None:
    strip = wheel.unrolled(stroke_glyphs(Strokes()))
    np.testing.assert_allclose(wheel.window(strip, 0.0, size=SIZE)[0], wheel.window(strip, 10.0, size=SIZE)[0], atol=1e-4)


def test_seven_segments_light_what_the_digit_lights() -> None:
    counts = [float(lcd.seven_segments(digit, height=80, width=44)[0].sum()) for digit in range(10)]
    assert np.argmin(counts) == 1
    assert np.argmax(counts) == 8
    for digit in range(10):
        lit, unlit = lcd.seven_segments(digit, height=80, width=44)
        np.testing.assert_allclose((lit + unlit).sum(), lcd.seven_segments(8, height=80, width=44)[0].sum(), rtol=0.06)


def test_a_dark_display_lights_nothing() -> None:
    assert lcd.seven_segments(None, height=40, width=22)[0].sum() == 0
    assert lcd.dot_matrix(None, height=40, width=22)[0].sum() == 0


def test_rendered_digits_carry_their_positions_round_the_whole_circle() -> None:
    crops, positions, kinds, displays = synthetic.digits(400, seed=3)
    assert len(crops) == 400
    assert all(crop.shape == (48, 40, 3) and crop.dtype == np.uint8 for crop in crops)
    assert ((positions >= 0) & (positions < 10)).all()
    assert set(kinds) == {"tenths"}
    assert set(displays) == {"roller", "lcd"}
    lcds = np.array(displays) == "lcd"
    assert (positions[lcds] == np.rint(positions[lcds])).all()
    assert np.histogram(positions, bins=10, range=(0, 10))[0].min() > 15


def test_rendered_digits_are_where_they_say_by_the_model_that_ships() -> None:
    crops, positions, _, displays = synthetic.digits(600, seed=9)
    read = position(load(shipped("lenet5-counter")).read(to_cells(crops)))
    off, lcds = distance(read, positions), np.array(displays) == "lcd"
    assert (off[lcds] < 0.5).mean() > 0.95
    assert (off[~lcds] <= 0.1).mean() > 0.9


def test_the_same_seed_renders_the_same() -> None:
    first, second, other = (synthetic.digits(20, seed=seed) for seed in (4, 4, 5))
    assert all((a == b).all() for a, b in zip(first[0], second[0], strict=True))
    assert (first[1] == second[1]).all()
    assert (first[1] != other[1]).any()


def test_installed_fonts_have_ten_digits_at_one_scale() -> None:
    assert len(installed_fonts()) >= 3
    for font in installed_fonts()[:3]:
        glyphs = font_glyphs(str(font))
        assert [glyph.shape[0] for glyph in glyphs] == [GLYPH_HEIGHT_PX] * 10
        assert all(glyph.max() > 0.9 for glyph in glyphs)


def test_handwriting_is_placed_as_mnists() -> None:
    images, labels = synthetic.handwritten(100, seed=1)
    assert images.shape == (100, 32, 32)
    assert images.dtype == np.uint8
    assert set(labels.tolist()) == set(range(10))
    mass = images.sum((1, 2), dtype=float)
    rows = (images.sum(2, dtype=float) * np.arange(32)).sum(1) / mass
    columns = (images.sum(1, dtype=float) * np.arange(32)).sum(1) / mass
    np.testing.assert_allclose([rows.mean(), columns.mean()], 15.5, atol=0.3)
