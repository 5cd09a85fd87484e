"""A distorted picture still shows what its label says."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.rendering import wheel
from edge.rendering.strokes import Strokes, stroke_glyphs
from train import augment
from train.light import relight

Image = npt.NDArray[np.uint8]


def seam(position: float) -> Image:
    """A crop uint8 [48, 40, 3] whose upper part is dark and lower part light, parted where a wheel at `position` has its seam."""
    crop = np.full((48, 40, 3), 30, np.uint8)
    crop[round(48 * (1.0 - position % 1)) :] = 220
    return crop


def test_cells_come_out_as_the_network_takes_them() -> None:
    rng = np.random.default_rng(0)
    cells = augment.counter(rng.integers(0, 256, (7, 48, 40, 3), np.uint8), rng)
    assert cells.shape == (7, 32, 32)
    assert cells.dtype == np.uint8
    images = augment.handwritten(rng.integers(0, 256, (5, 32, 32), np.uint8), rng)
    assert images.shape == (5, 32, 32)
    assert images.dtype == np.uint8


def test_the_same_seed_distorts_alike_and_leaves_the_picture_as_it_was() -> None:
    crops = np.random.default_rng(1).integers(0, 256, (6, 48, 40, 3), np.uint8)
    before = crops.copy()
    first, second, other = (augment.counter(crops, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert (first == second).all()
    assert (first != other).any()
    assert (crops == before).all()


@pytest.mark.parametrize("position", [0.3, 0.5, 0.7])
def test_a_rolling_wheel_is_not_turned_by_a_tenth_on_average_nor_by_three_in_any(position: float) -> None:
    cells = augment.counter(np.stack([seam(position)] * 400), np.random.default_rng(2))
    column = cells[:, :, 12:20].astype(float).mean(2)
    contrast = np.abs([column[:, row:].mean(1) - column[:, :row].mean(1) for row in range(4, 29)])
    found = 1 - (4 + contrast.argmax(0)) / 32
    assert np.median(found) == pytest.approx(position, abs=0.05)
    assert np.percentile(np.abs(found - position), 90) < 0.15


def test_handwriting_stays_within_the_picture() -> None:
    ink = np.zeros((300, 32, 32), np.uint8)
    ink[:, 6:26, 6:26] = 255
    distorted = augment.handwritten(ink, np.random.default_rng(3)).astype(float)
    assert (distorted.sum((1, 2)) > 0.6 * ink[0].sum()).all()
    assert (distorted.sum((1, 2)) < 1.5 * ink[0].sum()).all()
    assert np.abs(distorted.mean(0) - distorted.mean(0)[::-1, ::-1]).max() < 25


def test_light_uses_the_full_contrast_and_both_polarities() -> None:
    ramp = np.tile(np.linspace(0.2, 0.6, 32, dtype=np.float32)[:, None], (200, 1, 32))
    lit = relight(ramp.copy(), np.random.default_rng(4))
    assert (lit.min((1, 2)) == 0).all()
    assert (lit.max((1, 2)) == 255).all()
    rising = lit[:, -6:].astype(float).mean((1, 2)) > lit[:, :6].astype(float).mean((1, 2))
    assert 0.6 < rising.mean() < 0.9


def test_a_digit_is_still_nearest_to_itself() -> None:
    glyphs = wheel.unrolled(stroke_glyphs(Strokes()))
    plain = [cv2.resize(wheel.window(glyphs, float(digit), size=(48, 40))[0], (32, 32)) for digit in range(10)]
    crops = [np.repeat((wheel.window(glyphs, float(d), size=(48, 40))[0] * 200 + 20).astype(np.uint8)[..., None], 3, 2) for d in range(10)]
    distorted = augment.counter(np.stack(crops * 40), np.random.default_rng(5)).reshape(400, -1).astype(float)
    likeness = np.abs(np.corrcoef(np.vstack([distorted, np.stack(plain).reshape(10, -1)]))[:400, 400:])
    assert (likeness.argmax(1) == np.tile(np.arange(10), 40)).mean() > 0.6


def test_a_frame_hides_what_is_beyond_the_window_and_nothing_else() -> None:
    cells = np.random.default_rng(6).uniform(0, 255, (200, 32, 32)).astype(np.float32)
    framed = cells.copy()
    augment._frames(framed, np.where(np.arange(200) < 100, 0.7, 1.0), np.random.default_rng(7))
    hidden = (framed != cells).any(2)
    assert not hidden[100:].any()
    assert not hidden[:, 9:23].any()
    assert 3 < hidden[:100, :16].sum(1).mean() < 7  # 15 % of 32 rows on each side
    assert (framed[:100, 0] == framed[:100, 0, :1]).all(1).mean() > 0.9


def test_handwriting_is_distorted_by_the_share_of_the_ranges_that_is_asked_for() -> None:
    ink = np.zeros((64, 32, 32), np.uint8)
    ink[:, 6:26, 14:18] = 255

    def changed(strength: float) -> float:
        distorted = augment.handwritten(ink, np.random.default_rng(5), strength=strength)
        return float(np.abs(distorted.astype(float) - ink).mean())

    assert changed(0.0) == 0
    assert 0 < changed(0.35) < changed(0.7) < changed(1.0)
    assert (augment.handwritten(ink, np.random.default_rng(5)) == augment.handwritten(ink, np.random.default_rng(5), strength=1.0)).all()
