"""What the weights of the segmentation are learnt by: the likelihood of a line among all ways to cut, join and read it."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from bench.segmentation import Lattice, learn, minimized

RNG = np.random.default_rng(0)
FIRST, LAST = np.array([0, 1, 0, 2, 1]), np.array([1, 2, 2, 3, 3])
"""Five hypotheses over three places: three strokes, two joins."""


def lattice(*written: int) -> Lattice:
    measured = np.random.default_rng(1).normal(size=(5, 10, 4)).astype(np.float32)
    return Lattice(FIRST, LAST, measured, np.ones((5, 10), bool), np.array(written, np.int64))


def listed(line: Lattice, weights: npt.NDArray[np.float64]) -> float:
    """The log-likelihood by listing every way through the line with every reading."""
    scores = np.exp(line.measured @ weights)
    right = every = 0.0
    for way in ([0, 1, 3], [0, 4], [2, 3]):
        for reading in itertools.product(range(10), repeat=len(way)):
            product = float(np.prod(scores[way, reading]))
            every += product
            right += product * (reading == tuple(line.written))
    return float(np.log(right / every))


@pytest.mark.parametrize("written", [(3, 1, 4), (5, 5)])
def test_the_likelihood_is_that_of_all_ways_that_read_as_written_among_all_there_are(written: tuple[int, ...]) -> None:
    weights = RNG.normal(size=4)
    assert lattice(*written).log_likelihood(weights)[0] == pytest.approx(listed(lattice(*written), weights))


def test_the_gradient_is_the_slope_of_the_likelihood() -> None:
    weights, line = RNG.normal(size=4), lattice(7, 7)
    steps = [(line.log_likelihood(weights + step)[0] - line.log_likelihood(weights - step)[0]) / 2e-5 for step in 1e-5 * np.eye(4)]
    assert line.log_likelihood(weights)[1] == pytest.approx(steps, abs=1e-6)


def test_a_line_of_too_many_digits_has_no_likelihood_and_is_left_out() -> None:
    assert lattice(1, 2, 3, 4).log_likelihood(np.zeros(4))[0] == -np.inf
    able = [lattice(3, 1, 4), lattice(5, 5)]
    assert learn([*able, lattice(1, 2, 3, 4)], np.zeros(4)) == pytest.approx(learn(able, np.zeros(4)))


def test_what_is_learnt_makes_what_was_written_likelier() -> None:
    lines = [lattice(3, 1, 4), lattice(5, 5)]
    before, after = (sum(line.log_likelihood(weights)[0] for line in lines) for weights in (np.zeros(4), learn(lines, np.zeros(4))))
    assert after > before + 0.5


def test_the_least_of_a_bowl_is_found() -> None:
    bowl = np.array([[3.0, 1.0], [1.0, 50.0]])
    assert minimized(lambda x: (float(x @ bowl @ x) / 2 - float(x.sum()), bowl @ x - 1), np.zeros(2)) == pytest.approx(
        np.linalg.solve(bowl, np.ones(2)), abs=1e-4
    )
