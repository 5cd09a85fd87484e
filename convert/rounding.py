"""Weights rounded one after another, each making up for the errors of those before it, so that what a layer puts out changes least.

Rounding each to the nearest is best for the weights, and not for the sums that they make: errors that add up on the inputs that occur
together may cancel instead. Source: Frantar, Ashkboos, Hoefler, Alistarh, "GPTQ: Accurate post-training quantization for generative
pre-trained transformers", 2023; what is left of the error on average goes into the bias, as in Nagel, van Baalen, Blankevoort,
Welling, "Data-free quantization through weight equalization and bias correction", 2019, section 4.2.
"""

import numpy as np
import numpy.typing as npt

from convert.weights import LEVELS
from train.backend import keras, tf

Cells = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]
DAMPING = 0.01
"""Share of the inputs' mean variance that is added to that of each, as in the source: 500 pictures do not say all of 840 inputs."""
BATCH = 100
"""Pictures at a time."""


def rounded(model: keras.Model, representative: Cells) -> keras.Model:
    """A copy of a float32 network whose kernels are on the grid of seven bits per output channel, multiples of max|w|/64.

    representative: uint8 [N, 32, 32, C], training pictures. A kernel that is on its grid already stays as it is.
    """
    result = keras.models.clone_model(model)
    result.set_weights(model.get_weights())
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            kernel, bias = (np.asarray(weight, np.float64) for weight in layer.get_weights())
            mean, covariance = _inputs(model, layer, representative)
            flat = kernel.reshape(-1, kernel.shape[-1])
            grid = on_grid(flat, covariance)
            result.get_layer(layer.name).set_weights([grid.reshape(kernel.shape), bias + mean @ (flat - grid)])
    return result


def on_grid(kernel: Doubles, covariance: Doubles) -> Doubles:
    """A kernel [I, O] in multiples of max|w|/64 of each column, such that products with inputs of this covariance [I, I] change least.

    The largest weight of a column, which sets its grid, and weights of 0, which are no connections, stay.
    """
    scale = np.maximum(np.abs(kernel).max(0), 1e-12) / LEVELS
    fixed = (np.abs(kernel) >= LEVELS * scale * (1 - 1e-6)) | (kernel == 0)
    damped = covariance + (DAMPING * np.diag(covariance).mean() + 1e-9) * np.eye(len(covariance))
    order = np.argsort(-np.diag(damped))  # those that say most first, while many are left to make up for them
    spread = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    left, result = kernel[order], np.zeros_like(kernel)
    for i, row in enumerate(order):
        result[row] = np.where(fixed[row], kernel[row], np.clip(np.rint(left[i] / scale), -LEVELS, LEVELS) * scale)
        left[i + 1 :] -= np.outer(spread[i, i + 1 :], (left[i] - result[row]) / spread[i, i])
    return result


def _inputs(model: keras.Model, layer: keras.Layer, pictures: Cells) -> tuple[Doubles, Doubles]:
    """Mean [I] and covariance [I, I] of what a layer's kernel is multiplied with, over all places of all pictures."""
    before = keras.Model(model.input, layer.input)
    total, squares, count = np.zeros(()), np.zeros(()), 0
    for first in range(0, len(pictures), BATCH):
        values = before(pictures[first : first + BATCH].astype(np.float32) / np.float32(255))
        if isinstance(layer, keras.layers.Conv2D):
            high, wide = layer.kernel_size
            values = tf.image.extract_patches(values, [1, high, wide, 1], [1, *layer.strides, 1], [1, 1, 1, 1], layer.padding.upper())
        rows = np.asarray(values, np.float64).reshape(-1, values.shape[-1])
        total, squares, count = total + rows.sum(0), squares + rows.T @ rows, count + len(rows)
    mean = total / count
    return mean, np.asarray(squares / count - np.outer(mean, mean))
