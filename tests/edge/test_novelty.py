"""A wheel that has not changed has not turned."""

import itertools

import numpy as np

from edge.capture.simulated import Options, Simulated
from edge.novelty import changed
from edge.vision import placement
from tests.edge.frames import frames


def test_without_anything_before_all_is_new() -> None:
    cells = np.zeros((3, 32, 32, 1), np.uint8)
    assert changed(cells, None).all()
    assert changed(cells, cells[:2]).all()


def test_noise_is_nothing_new_and_a_small_turn_is() -> None:
    strip = np.zeros((2, 40, 32, 1), np.uint8)
    strip[:, 10:16, 6:26] = 230
    strip[:, 26:32, 6:26] = 230
    noise = np.random.default_rng(0).normal(0, 12, (2, 32, 32, 1))
    before, turned = strip[:, 4:36], strip[:, 6:38]  # by a tenth of the pitch
    assert not changed(np.clip(before + noise, 0, 255).astype(np.uint8), before).any()
    assert changed(np.clip(np.stack([before[0], turned[1]]) + noise, 0, 255).astype(np.uint8), before).tolist() == [False, True]


def test_a_wheel_that_has_turned_by_a_whole_digit_is_new_even_if_the_next_one_looks_much_alike() -> None:
    at = {"litres": 0.0}
    options = Options(digits=8, decimals=3, start=1187.0, step=1.0, seed=4)  # a face whose 4 and 5 differ in a corner
    with Simulated(options, consumed=lambda _: at["litres"] / 1000) as camera:
        window = placement.refined(camera.frame().picture, camera.windows[0], 8)

        def last(litres: float) -> np.ndarray:
            at["litres"] = litres
            return placement.cut(camera.frame().picture, window, 8)[-1:]

        for litres in (4.8, 8.5):
            assert changed(last(litres + 1), last(litres)).all()
            assert not changed(last(litres), last(litres)).any()


def test_in_a_real_sequence_leading_wheels_rest_and_the_last_one_turns() -> None:
    sequence = [frame for frame in frames() if "GWF" in frame.meter]
    corners, digits = sequence[0].corners, len(sequence[0].digits)
    window = placement.refined(sequence[0].picture, corners, digits)
    cells = [placement.cut(frame.picture, window, digits) for frame in sequence]
    new = np.array([changed(after, before) for before, after in itertools.pairwise(cells)])
    assert not new[:, :3].any()
    assert new[:, -1].mean() > 0.8
