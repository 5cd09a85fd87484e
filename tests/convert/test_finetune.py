"""Fine-tuning rounds as the integer file does, and mends what rounding broke."""

import numpy as np

from convert.finetune import RoundedActivation, _with_rounded_activations, finetune, rounded_weights
from tests.convert.networks import network, pictures
from train.backend import keras
from train.lenet5 import Architecture
from train.targets import digit_targets


def test_weights_are_rounded_to_64_levels_of_their_channel() -> None:
    kernel = np.array([[0.64, 0.0], [0.254, -0.128]], np.float32)
    np.testing.assert_allclose(np.asarray(rounded_weights(kernel)), [[0.64, 0.0], [0.25, -0.128]], atol=1e-6)
    bias = np.array([0.123456, 7.0], np.float32)
    np.testing.assert_array_equal(rounded_weights(bias), bias)


def test_activations_are_rounded_to_256_levels_of_their_range() -> None:
    values = np.asarray(RoundedActivation(0.0, 255.0)(np.array([3.4, 3.6, -2.0, 300.0], np.float32)))
    np.testing.assert_allclose(values, [3.0, 4.0, 0.0, 255.0], atol=1e-3)


def test_fine_tuning_lowers_the_loss_of_the_rounded_network_and_leaves_the_first_as_it_was() -> None:
    model = network(Architecture(kernels=(2, 4), activation="relu"))
    before = [np.asarray(weight) for weight in model.get_weights()]
    cells = pictures(64)
    labels = np.arange(64) % 10
    targets = digit_targets(labels, 10, 0.0)

    tuned = finetune(model, cells, [(cells, targets)] * 60, updates=60)

    def loss(network: object) -> float:
        probabilities = np.asarray(network(cells.astype(np.float32) / 255))  # type: ignore[operator]
        return float(-np.log(probabilities[np.arange(64), labels] + 1e-7).mean())

    assert loss(tuned) < loss(model)
    for weight in tuned.get_weights():
        np.testing.assert_allclose(np.asarray(rounded_weights(weight)), weight, atol=1e-6)
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(np.asarray(one), other)


def test_fine_tuning_feels_that_activations_are_rounded() -> None:
    model, cells = network(Architecture(kernels=(2, 4), activation="relu")), pictures(60)
    rounded = _with_rounded_activations(model, cells)
    values = cells.astype(np.float32) / 255
    before, after = (np.asarray(keras.Model(each.input, each.get_layer("logits").output)(values)) for each in (model, rounded))
    assert np.abs(after - before).max() > 1e-4
    exact = np.asarray(model(values))
    assert np.abs(np.asarray(rounded(values)) - exact).max() > 1e-4
