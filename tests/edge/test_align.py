"""The window is found again after the camera was nudged, by what surrounds it."""

import cv2
import numpy as np
import pytest

from edge.vision.align import MIN_SCORE, align
from edge.vision.reference import Reference
from edge.vision.window import Corners, Image, moved, size_px
from tests.edge.frames import Frame, frames, sequence

SHOTS = [sequence()[0], next(frame for frame in frames() if frame.name.endswith("round-01189/4.jpg"))]


def nudged(picture: Image, *, shift: tuple[float, float], degrees: float, scale: float = 1.0) -> tuple[Image, np.ndarray]:
    """The picture moved, and the homography of pixel areas that moved it."""
    height, width = picture.shape[:2]
    motion = np.eye(3)
    motion[:2] = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    motion[:2, 2] += shift
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    turned = cv2.warpAffine(picture, motion[:2], (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8), half @ motion @ np.linalg.inv(half)


def farthest(one: Corners, other: Corners) -> float:
    return float(np.linalg.norm(one - other, axis=1).max())


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
@pytest.mark.parametrize("shift", [(25.0, 25.0), (-25.0, 25.0), (25.0, -25.0), (-25.0, -25.0)])
@pytest.mark.parametrize("degrees", [-4.0, 4.0])
def test_25_pixels_and_4_degrees_are_recovered(shot: Frame, shift: tuple[float, float], degrees: float) -> None:
    frame, motion = nudged(shot.picture, shift=shift, degrees=degrees, scale=1.02)
    found = align(Reference.of(shot.picture, shot.corners), frame)
    assert found.score > 0.8
    assert farthest(found.corners, moved(shot.corners, motion)) < 3.0
    assert found.rotation_deg == pytest.approx(-degrees, abs=0.5)


def test_other_digits_and_another_light_do_not_mislead_it() -> None:
    before, after = sequence()[0], sequence()[9]
    frame, motion = nudged(after.picture, shift=(14.0, -9.0), degrees=2.0)
    shade = np.linspace(0.5, 1.2, frame.shape[1])[None, :, None]
    dim = np.clip(frame * shade * 0.7 + np.random.default_rng(2).normal(0, 4, frame.shape), 0, 255).astype(np.uint8)
    found = align(Reference.of(before.picture, before.corners), dim)
    assert found.score > 0.8
    assert farthest(found.corners, moved(before.corners, motion)) < 3.0


def test_another_scene_a_covered_lens_and_a_flat_wall_score_below_the_threshold() -> None:
    shot, other = SHOTS
    reference = Reference.of(shot.picture, shot.corners)
    size = shot.picture.shape[1::-1]
    scenes = {
        "another meter": cv2.resize(other.picture, size),
        "covered": np.random.default_rng(3).normal(6, 3, shot.picture.shape).clip(0, 255).astype(np.uint8),
        "wall": np.full(shot.picture.shape, 128, np.uint8),
    }
    assert {name: align(reference, np.asarray(scene, np.uint8)).score < MIN_SCORE for name, scene in scenes.items()} == dict.fromkeys(
        scenes, True
    )


def test_it_starts_from_where_the_window_was_last_seen() -> None:
    shot = SHOTS[0]
    reference = Reference.of(shot.picture, shot.corners)
    far = 2.0 * size_px(shot.corners)[0]
    found = None
    for shift in np.linspace(0.0, far, 13):
        frame, motion = nudged(shot.picture, shift=(0.0, float(shift)), degrees=0.0)
        found = align(reference, frame, near=found)
    assert found is not None
    assert farthest(found.corners, moved(shot.corners, motion)) < 3.0
    assert farthest(align(reference, frame).corners, moved(shot.corners, motion)) > 10.0


def test_grey_frames_align_as_colour_does() -> None:
    shot = SHOTS[0]
    grey = np.asarray(cv2.cvtColor(shot.picture, cv2.COLOR_BGR2GRAY), np.uint8)
    found = align(Reference.of(shot.picture, shot.corners), grey)
    assert farthest(found.corners, shot.corners) < 0.5
