"""Weights are rounded so that what a layer puts out changes least, and the integer file holds those very weights."""

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert.interpreter import Interpreter

from convert.finetune import rounded_weights
from convert.quantize import quantize
from convert.rounding import on_grid, rounded
from convert.weights import LEVELS
from tests.convert.networks import network, pictures
from train.backend import keras, tf
from train.lenet5 import Architecture

Doubles = npt.NDArray[np.float64]
SPP = Architecture(kernels=(4, 6), activation="relu")
SELECTIVE = Architecture(variant="classic", activation="relu", c3="selective")


@pytest.fixture(scope="module")
def inputs() -> Doubles:
    """Such as neighbouring pixels are: alike."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(400, 1)) + 0.3 * rng.normal(size=(400, 12))


@pytest.fixture(scope="module")
def kernel() -> Doubles:
    return np.random.default_rng(1).normal(size=(12, 5))


def nearest(kernel: npt.ArrayLike) -> npt.NDArray[np.floating]:
    return np.asarray(rounded_weights(tf.constant(kernel)))


def test_errors_of_weights_cancel_in_what_they_are_summed_to(inputs: Doubles, kernel: Doubles) -> None:
    by_turns = on_grid(kernel, np.cov(inputs, rowvar=False))
    error, by_itself = (np.square(inputs @ (kernel - grid)).mean() for grid in (by_turns, nearest(kernel)))
    assert error < 0.3 * by_itself


def test_weights_are_multiples_of_their_columns_largest_by_64_and_that_one_and_those_of_zero_stay(inputs: Doubles, kernel: Doubles) -> None:
    kernel = kernel.copy()
    kernel[2:5, 1] = 0.0
    grid = on_grid(kernel, np.cov(inputs, rowvar=False))
    steps = grid / (np.abs(kernel).max(0) / LEVELS)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-6)
    largest = np.abs(kernel).argmax(0), np.arange(5)
    np.testing.assert_array_equal(grid[largest], kernel[largest])
    np.testing.assert_array_equal(np.abs(grid).argmax(0), largest[0])
    assert not grid[2:5, 1].any()
    assert np.abs(steps - np.rint(kernel / (np.abs(kernel).max(0) / LEVELS))).max() >= 1


def test_what_is_on_its_grid_already_stays(inputs: Doubles, kernel: Doubles) -> None:
    grid = nearest(kernel).astype(np.float64)
    np.testing.assert_allclose(on_grid(grid, np.cov(inputs, rowvar=False)), grid, atol=1e-12)


@pytest.mark.parametrize("architecture", [SPP, SELECTIVE], ids=["spp", "selective"])
def test_each_layer_puts_out_what_it_did_on_average_and_nearly_what_it_did_each_time(architecture: Architecture) -> None:
    model, cells = network(architecture), pictures(60)
    result = rounded(model, cells)
    values = cells.astype(np.float32) / 255
    for layer in model.layers:
        if not layer.weights:
            continue
        before = np.asarray(keras.Model(model.input, layer.input)(values))
        one, other = (np.asarray(network.get_layer(layer.name)(before)) for network in (model, result))
        one, other = (each.reshape(-1, each.shape[-1]) for each in (one, other))
        np.testing.assert_allclose(other.mean(0), one.mean(0), atol=1e-5)
        nearly = keras.models.clone_model(model).get_layer(layer.name)
        kernel, bias = layer.get_weights()
        nearly.set_weights([nearest(kernel), bias])
        by_itself = np.asarray(nearly(before)).reshape(one.shape)
        assert np.square(one - other).mean() < np.square(one - by_itself).mean()
        kept = np.asarray(kernel) == 0
        assert not np.asarray(result.get_layer(layer.name).get_weights()[0])[kept].any()


def test_the_file_holds_the_weights_that_were_found() -> None:
    model, cells = network(SPP), pictures(60)
    interpreter = Interpreter(model_content=quantize(model, cells))
    written = [
        interpreter.get_tensor(tensor["index"])
        for tensor in interpreter.get_tensor_details()
        if tensor["dtype"] == np.int8 and tensor["quantization_parameters"]["scales"].size > 1
    ]
    for layer in rounded(model, cells).layers:
        if layer.weights:
            kernel = np.asarray(layer.get_weights()[0])
            flat = kernel.reshape(-1, kernel.shape[-1]).T
            steps = np.rint(flat / (np.abs(flat).max(1, keepdims=True) / LEVELS))
            of_this_size = [each.reshape(len(each), -1) for each in written if each.size == flat.size]
            assert any(np.array_equal(each, steps) for each in of_this_size)  # in TFLite's order: O, H, W, I
