"""Networks that learn from one another: what it costs each not to agree, and that they are trained at all."""

import dataclasses

import numpy as np
import pytest

from train.backend import keras, tf
from train.lenet5 import Architecture, build
from train.peers import alongside, mutual_loss
from train.targets import circular_loss

ONE = np.array([[1, 0, 0]], np.float32)


def nats(loss: object) -> list[float]:
    return [float(each) for each in keras.ops.convert_to_numpy(loss)]


def test_those_that_agree_cost_what_each_costs_by_itself() -> None:
    said = np.array([[0.7, 0.2, 0.1]], np.float32)
    assert nats(mutual_loss(ONE, np.stack([said] * 3, axis=1))) == pytest.approx([3 * nats(circular_loss(ONE, said))[0]])


def test_one_that_differs_costs_its_divergence_from_the_mean_of_the_others() -> None:
    p, q, r = (np.array(row, np.float32) for row in ([0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.3, 0.3, 0.4]))
    means = ((q + r) / 2, (p + r) / 2, (p + q) / 2)
    expected = sum(-np.log(own[0]) + (mean * np.log(mean / own)).sum() for own, mean in zip((p, q, r), means, strict=True))
    assert nats(mutual_loss(ONE, np.stack([p, q, r])[None])) == pytest.approx([expected], rel=1e-5)


def test_none_is_taught_by_how_far_the_others_are_from_it() -> None:
    said = tf.Variable([[[0.7, 0.2, 0.1], [0.2, 0.5, 0.3]]])
    with tf.GradientTape() as tape:
        loss = mutual_loss(tf.constant(ONE), said)
    # Of its own loss and of its divergence from the other, each has -(target + other) / own, and nothing of the other's.
    own, other = said.numpy()[0], said.numpy()[0, ::-1]
    np.testing.assert_allclose(tape.gradient(loss, said)[0], -(ONE + other) / own, rtol=1e-4)


def test_networks_alongside_read_the_same_cells_each_by_itself() -> None:
    networks = [build(dataclasses.replace(Architecture(), kernels=(2, 3)), name=name) for name in ("one", "other")]
    cells = np.random.default_rng(0).random((5, 32, 32, 1), np.float32)
    said = alongside(networks).predict(cells, verbose=0)
    assert said.shape == (5, 2, 10)
    for k, network in enumerate(networks):
        np.testing.assert_allclose(said[:, k], network.predict(cells, verbose=0), atol=1e-6)
