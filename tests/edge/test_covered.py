"""A hand, a cloth, a box before the counter: frames that show nothing of it leave nothing behind."""

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.counter.contest import observe
from edge.counter.history import History, Verdict
from edge.reading import Status
from edge.vision.window import Corners, Image
from tests.edge.simulation import ideal
from tests.edge.test_plausibility import COUNT, MINUTE_S, RULES, look
from tests.edge.test_tracker import STEP, camera, follower


def covered(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """What the network says of a hand before the counter: something else of each cell, and little for certain."""
    return np.asarray(0.7 * ideal(rng.uniform(0, 10, COUNT)) + 0.3 * rng.dirichlet(np.full(100, 0.1), COUNT), np.float64)


@pytest.mark.parametrize("max_rate", [0.01, None])
def test_a_counter_that_was_covered_is_read_on_as_if_no_frame_had_been_taken_meanwhile(max_rate: float | None) -> None:
    rules, rng = dataclasses.replace(RULES, max_rate=max_rate), np.random.default_rng(0)
    history = look(History.known(5300, 0.0), 5300.3, MINUTE_S, rules=rules).history
    for minute in range(2, 62):
        outcome = observe(history, covered(rng), rules, time_s=minute * MINUTE_S, novelty=np.ones(COUNT))
        assert (outcome.verdict is Verdict.OK, outcome.value) == (False, 5300)
        history = outcome.history
    still = look(history, 5300.3, 62 * MINUTE_S, rules=rules)
    assert (still.verdict, still.value) == (Verdict.OK, 5300)
    on = look(history, 5317.3, 62 * MINUTE_S, rules=rules)
    assert (on.verdict, on.value) == (Verdict.OK, 5317)


def test_while_what_covers_the_counter_does_not_change_the_time_for_it_to_turn_goes_on() -> None:
    history = look(History.known(5300, 0.0), 5300.3, MINUTE_S).history
    history = observe(history, covered(np.random.default_rng(0)), RULES, time_s=2 * MINUTE_S).history
    for minute in range(3, 62):
        history = look(history, 5300.3, minute * MINUTE_S, new=False).history
    outcome = look(history, 5317.3, 62 * MINUTE_S)
    assert (outcome.verdict, outcome.value) == (Verdict.OK, 5317)


def laid_over(picture: Image, window: Corners, rng: np.random.Generator) -> Image:
    """The picture with a patterned cloth before the counter: sharp, bright, and something else in each frame."""
    (left, top), (right, bottom) = (edge.astype(int) for edge in (window.min(0) - 6, window.max(0) + 6))
    cloth = rng.integers(0, 256, ((bottom - top) // 12, (right - left) // 12)).astype(np.uint8)
    covered = picture.copy()
    covered[top:bottom, left:right] = cv2.resize(cloth, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
    return covered


@pytest.mark.parametrize("rate", [0.0, 100.0])
def test_what_is_held_before_a_counter_leaves_nothing_behind(rate: float) -> None:
    rng, seen = np.random.default_rng(0), []
    with camera(rate=rate, step=1.0) as plate:
        tracker = follower(plate)
        for i in range(60):
            frame = plate.frame()
            picture = laid_over(frame.picture, plate.windows[0], rng) if 20 <= i < 50 else frame.picture
            reading = tracker.look(picture, frame.time)
            if reading.status is Status.OK:
                assert reading.value is not None
                assert abs(reading.value - plate.truth[0]) <= STEP
                seen.append(i)
    assert not set(range(20, 50)) & set(seen)
    assert len(set(range(50, 60)) & set(seen)) >= 9
