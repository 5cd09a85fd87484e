"""Windows proposed in whole photos."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.inference.model import load
from edge.vision.find import SURE_CERTAINTY, SURE_SCORE, Doubt, Rival, find
from edge.vision.window import Corners, Image, inside
from tests.edge.displays import Display, rendered
from tests.edge.frames import frames, sequence

RECOGNIZER = load(Path(__file__).parents[2] / "models" / "lenet5-counter.tflite")
ROUND = next(frame for frame in frames() if frame.name.endswith("round-01189/1.jpg"))
FIRST_RIGHT = 19
"""Of 21, with an overlap of 0.6 or more."""
MOSTLY_SURE = 15
"""Of those 19; in the others the m of m³ stands where a wheel would."""


def overlap(one: Corners, other: Corners) -> float:
    """Intersection over union of two convex quadrilaterals."""
    a, b = one.astype(np.float32), other.astype(np.float32)
    shared = cv2.intersectConvexConvex(a, b)[0]
    return shared / (cv2.contourArea(a) + cv2.contourArea(b) - shared)


def test_the_counters_row_comes_first() -> None:
    first = [(frame, find(frame.picture, recognize=RECOGNIZER.read)) for frame in frames()]
    right = [bool(proposals) and overlap(proposals[0].corners, frame.corners) >= 0.6 for frame, proposals in first]
    assert sum(right) >= FIRST_RIGHT


def test_an_upside_down_counter_is_proposed_the_way_it_is_read() -> None:
    frame = next(frame for frame in frames() if frame.meter == "jomjol-ZR-2014")
    best = find(frame.picture, recognize=RECOGNIZER.read)[0]
    assert best.digits == 5
    assert np.linalg.norm(best.corners[0] - frame.corners[0]) < 40


def test_proposals_come_best_first_and_no_more_than_asked_for() -> None:
    proposals = find(frames()[0].picture, limit=2, recognize=RECOGNIZER.read)
    assert len(proposals) <= 2
    assert [p.score for p in proposals] == sorted((p.score for p in proposals), reverse=True)


def test_as_many_digits_as_were_asked_for_are_proposed_and_no_part_of_a_longer_row() -> None:
    frame = sequence()[-1]
    assert overlap(find(frame.picture, recognize=RECOGNIZER.read, digits=5)[0].corners, frame.corners) >= 0.6
    assert all(proposal.score < SURE_SCORE for proposal in find(frame.picture, recognize=RECOGNIZER.read, digits=4))


def test_the_number_of_digits_helps_where_a_row_may_be_longer() -> None:
    frame = next(frame for frame in frames() if frame.name.endswith("round-01189/7.jpg"))
    assert overlap(find(frame.picture, recognize=RECOGNIZER.read)[0].corners, frame.corners) < 0.6
    assert overlap(find(frame.picture, recognize=RECOGNIZER.read, digits=5)[0].corners, frame.corners) >= 0.6


def test_a_counter_at_the_photos_side_is_proposed_within_it() -> None:
    left, top = (int(low) for low in ROUND.corners.min(0))
    cut = np.ascontiguousarray(ROUND.picture[top + 5 :, left + 3 :])
    best = find(cut, recognize=RECOGNIZER.read)[0]
    assert inside(best.corners, cut.shape)
    assert overlap(best.corners, ROUND.corners - (left + 3, top + 5)) >= 0.6


@pytest.mark.parametrize("turned", [False, True])
def test_a_counter_that_reads_well_both_ways_round_is_sure_at_most_the_usual_way(turned: bool) -> None:
    picture = next(frame for frame in frames() if frame.meter == "nohn-demo-00819").picture
    best = find(np.ascontiguousarray(picture[::-1, ::-1]) if turned else picture, recognize=RECOGNIZER.read)[0]
    assert (best.certainty < SURE_CERTAINTY) == turned
    assert best.rival == Rival(Doubt.TURNED, 5)


def test_a_window_is_sure_of_no_more_than_its_ends_are() -> None:
    frame = next(frame for frame in frames() if frame.name.endswith("round-01189/7.jpg"))
    assert find(frame.picture, recognize=RECOGNIZER.read)[0].certainty < SURE_CERTAINTY
    assert find(frame.picture, recognize=RECOGNIZER.read, digits=5)[0].certainty >= SURE_CERTAINTY


@pytest.mark.parametrize("quarters", [2, 3])
def test_a_row_that_may_be_read_the_other_way_round_or_may_be_shorter_is_not_sure_for_either_being_unlikely(quarters: int) -> None:
    picture = next(frame for frame in frames() if frame.name.endswith("530.12067.jpg")).picture
    best = find(np.ascontiguousarray(np.rot90(picture, quarters)), recognize=RECOGNIZER.read)[0]
    assert best.certainty < SURE_CERTAINTY


def test_of_two_counters_in_one_picture_neither_is_sure() -> None:
    half = ROUND.picture[: ROUND.picture.shape[0] // 2]
    best = find(np.vstack([half, half]), recognize=RECOGNIZER.read)[0]
    assert best.certainty < SURE_CERTAINTY
    assert best.rival == Rival(Doubt.ELSEWHERE, 5)


def test_most_windows_that_are_right_are_sure() -> None:
    best = [(frame, find(frame.picture, recognize=RECOGNIZER.read)[0]) for frame in frames()]
    right = [proposal for frame, proposal in best if overlap(proposal.corners, frame.corners) >= 0.6]
    assert sum(proposal.certainty >= SURE_CERTAINTY for proposal in right) >= MOSTLY_SURE


@pytest.mark.parametrize("text", ["00273964", "480623"])
@pytest.mark.parametrize(("ground", "contrast", "ghost"), [(170, 0.6, 0.1), (110, 0.2, 0.15), (90, -0.8, 0.0)], ids=["dark", "pale", "lit"])
def test_a_display_that_fills_the_picture_is_found(text: str, ground: float, contrast: float, ghost: float) -> None:
    picture, corners = rendered(Display(text=text, ground=ground, contrast=contrast, ghost=ghost, slope=0.3))
    best = find(picture, recognize=RECOGNIZER.read)[0]
    assert best.digits == len(text)
    assert overlap(best.corners, corners) >= 0.6


@pytest.mark.parametrize("degrees", [-8, 6])
def test_a_pale_display_that_is_slightly_turned_is_found_in_a_scene(degrees: float) -> None:
    panel, corners = rendered(Display(text="04728", contrast=0.2, ghost=0.1, slope=0.2))
    scene = np.random.default_rng(1).normal(70, 2, (480, 640)).clip(0, 255).astype(np.uint8)
    scene[150 : 150 + panel.shape[0], 200 : 200 + panel.shape[1]] = panel
    turn = cv2.getRotationMatrix2D((320, 240), degrees, 1.0)
    turned = np.asarray(cv2.warpAffine(scene, turn, (640, 480), borderMode=cv2.BORDER_REFLECT), np.uint8)
    where = (corners + np.array([200, 150])) @ turn[:, :2].T + turn[:, 2]
    assert overlap(find(turned, recognize=RECOGNIZER.read)[0].corners, where) >= 0.6


def lined(step: int) -> Image:
    grid = np.full((900, 1200), 240, np.uint8)
    grid[::step] = grid[1::step] = 60
    grid[:, ::step] = grid[:, 1::step] = 60
    return grid


def printed() -> Image:
    page = np.full((400, 1000), 245, np.uint8)
    lines = (
        "PUMPS AND VALVES TURN",
        "about their axles while",
        "THE QUICK BROWN FOX",
        "jumps over the lazy dog",
        "AND KEEPS A DIARY OF IT",
    )
    for y, line in enumerate(lines, 1):
        cv2.putText(page, line, (20, 70 * y), cv2.FONT_HERSHEY_SIMPLEX, 2.0, 30, 2, cv2.LINE_AA)
    return page


NOISE = np.random.default_rng(0).integers(0, 256, (120, 160), np.uint8)
NOTHING = {
    "fine noise": np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8),
    "coarse noise": np.asarray(cv2.resize(NOISE, (640, 480), interpolation=cv2.INTER_CUBIC), np.uint8),
    "squared paper": lined(30),
    "tiles": lined(60),
    "print": printed(),
}


@pytest.mark.parametrize("picture", NOTHING.values(), ids=NOTHING)
def test_nothing_in_noise_grids_and_print_is_taken_for_a_counter(picture: Image) -> None:
    assert all(proposal.score < SURE_SCORE for proposal in find(picture, recognize=RECOGNIZER.read))


def test_an_empty_wall_has_no_counter() -> None:
    wall = np.random.default_rng(0).normal(128, 3, (480, 640)).astype(np.uint8)
    assert find(wall, recognize=RECOGNIZER.read) == []
