"""Quantization-aware fine-tuning, for a network that loses too much by rounding alone.

Source: Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference", 2018, section 3:
forward in rounded weights and activations, backward as if nothing were rounded (straight-through estimator, Bengio et al. 2013).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.logits import deciding_range
from convert.weights import LEVELS
from train.backend import keras, tf
from train.targets import circular_loss

Cells = npt.NDArray[np.uint8]
UPDATES = 400
LEARNING_RATE = 1e-4


def finetune(model: keras.Model, representative: Cells, batches: Iterable[tuple[Cells, Any]], *, updates: int = UPDATES) -> keras.Model:
    """A copy of a float32 network (batch normalisation folded) that expects to be rounded; still float32, its weights on their grid.

    representative: uint8 [N, 32, 32, C], whose activations give the ranges. batches: cells uint8 [n, 32, 32, C] and targets [n, K], at
    least `updates` of them.
    """
    result = keras.models.clone_model(model)
    result.set_weights(model.get_weights())
    rounded = _with_rounded_activations(model, representative)
    masters = result.trainable_variables
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, updates)
    optimizer = keras.optimizers.Adam(schedule)
    optimizer.build(masters)

    @tf.function
    def update(cells: Any, targets: Any) -> None:
        for variable, master in zip(rounded.trainable_variables, masters, strict=True):
            variable.assign(rounded_weights(master))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(circular_loss(targets, rounded(cells, training=True)))
        optimizer.apply(tape.gradient(loss, rounded.trainable_variables), masters)

    for _, (cells, targets) in zip(range(updates), batches, strict=False):
        update(tf.cast(cells, tf.float32) / 255.0, targets)
    for master in masters:
        master.assign(rounded_weights(master))
    return result


def rounded_weights(weights: Any) -> Any:
    """A kernel [..., K] as seven bits per output channel hold it: multiples of max|w|/64 of its channel. A bias [K] stays as it is."""
    if len(weights.shape) < 2:
        return weights
    scale = tf.reduce_max(tf.abs(weights), axis=list(range(len(weights.shape) - 1)), keepdims=True) / LEVELS
    scale = tf.maximum(scale, 1e-12)
    return tf.round(weights / scale) * scale


class RoundedActivation(keras.layers.Layer):
    """Rounds to 256 levels between `low` and `high`; gradients pass within the range."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.low, self.high = min(low, 0.0), max(high, 1e-6)

    def call(self, x: Any) -> Any:
        return tf.quantization.fake_quant_with_min_max_args(x, self.low, self.high)


def _with_rounded_activations(model: keras.Model, representative: Cells) -> keras.Model:
    """The network with a RoundedActivation wherever the integer file stores eight bits: after activations, and at the logits."""
    kinds = (keras.layers.Activation, keras.layers.LeakyReLU)
    places = [layer for layer in model.layers if isinstance(layer, kinds) or layer.name == "logits"]
    seen = keras.Model(model.input, [layer.output for layer in places])(representative.astype(np.float32) / 255.0)
    ranges = {
        layer.name: deciding_range(np.asarray(values)) if layer.name == "logits" else (float(np.min(values)), float(np.max(values)))
        for layer, values in zip(places, seen, strict=True)
    }

    def call(layer: keras.layers.Layer, *args: Any, **options: Any) -> Any:
        result = layer(*args, **options)
        return RoundedActivation(*ranges[layer.name])(result) if layer.name in ranges else result

    rounded = keras.models.clone_model(model, call_function=call)
    rounded.set_weights(model.get_weights())
    return rounded
