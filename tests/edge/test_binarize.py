"""Digits from ground, whatever the light, and whether there is enough of it."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.vision.binarize import binarize, quality
from edge.vision.window import Image, size_px, strip
from tests.edge.frames import frames
from train import datasets


def written(ink: int, ground: int) -> tuple[Image, npt.NDArray[np.bool_]]:
    picture = np.full((48, 160), ground, np.uint8)
    cv2.putText(picture, "4096", (14, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.2, ink, 3)
    return picture, picture != ground


@pytest.mark.parametrize(("ink", "ground", "dark"), [(30, 200, True), (220, 40, False)])
def test_either_polarity_gives_the_same_ink(ink: int, ground: int, dark: bool) -> None:
    picture, true = written(ink, ground)
    found = binarize(picture)
    assert found.dark_ink == dark
    assert (found.ink.astype(bool) == true).mean() > 0.97


def test_a_shadow_across_does_not_become_ink() -> None:
    picture, true = written(30, 220)
    shaded = (picture * np.linspace(0.35, 1.0, 160)).astype(np.uint8)
    assert (binarize(shaded).ink.astype(bool) == true).mean() > 0.97


def test_a_blank_picture_has_no_ink() -> None:
    assert binarize(np.full((40, 40), 77, np.uint8)).ink.sum() == 0


def windows() -> list[Image]:
    """Grey windows of the real frames."""
    found = []
    for frame in frames():
        height, width = size_px(frame.corners)
        picture = strip(frame.picture, frame.corners, size=(48, round(48 * width / height)))
        found.append(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8))
    return found


def test_real_windows_can_be_read() -> None:
    judged = [quality(window) for window in windows()]
    assert not any(each.too_dark or each.too_bright or each.blurred for each in judged)


def test_nearly_all_real_digits_can_be_read() -> None:
    judged = [quality(np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)) for crop in datasets.meter_digits("val").crops]
    assert np.mean([each.too_dark or each.too_bright or each.blurred for each in judged]) < 0.01


def test_darkness_glare_and_defocus_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    for window in windows():
        dark = np.clip(window * 0.01 + 3 + rng.normal(0, 2, window.shape), 0, 255).astype(np.uint8)
        glare = np.clip(window.astype(int) * 4 + 200, 0, 255).astype(np.uint8)
        soft = np.asarray(cv2.GaussianBlur(window, (0, 0), 9), np.uint8)
        assert (quality(dark).too_dark, quality(glare).too_bright, quality(soft).blurred) == (True, True, True)


def test_light_that_grows_across_the_window_is_not_taken_for_defocus() -> None:
    for window in windows():
        light = np.linspace(0, 120, window.shape[1])
        faint, soft = ((picture * 0.2 + light).astype(np.uint8) for picture in (window, cv2.GaussianBlur(window, (0, 0), 6)))
        assert (quality(faint).blurred, quality(soft).blurred) == (False, True)
