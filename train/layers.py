"""The two pieces of the paper's network that Keras does not have: selective connections and stochastic pooling."""

from typing import Any

import numpy as np

from train.backend import keras

ops = keras.ops

# LeCun et al. 1998, table 1: column j lists the maps of S2 that feed map j of C3.
SELECTIVE_TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip


def selective_mask() -> np.ndarray[Any, np.dtype[np.float32]]:
    """float32 [1, 1, 6, 16]: one where map i of S2 feeds map j of C3."""
    mask = np.zeros((1, 1, 6, 16), np.float32)
    for j, maps in enumerate(SELECTIVE_TABLE):
        mask[0, 0, list(maps), j] = 1.0
    return mask


@keras.saving.register_keras_serializable("digitd")
class SelectiveConnections(keras.constraints.Constraint):
    """Holds the kernels of C3 that LeCun's table leaves out at zero."""

    def __call__(self, w: keras.KerasTensor) -> keras.KerasTensor:
        return w * ops.cast(selective_mask(), w.dtype)

    def removed(self, shape: tuple[int, ...]) -> int:
        """How many weights of a kernel [h, w, 6, 16] the table holds at zero."""
        return int(shape[0] * shape[1] * (selective_mask() == 0).sum())


@keras.saving.register_keras_serializable("digitd")
class SelectiveInitializer(keras.initializers.Initializer):
    """Another initializer's values, zero where LeCun's table has no connection."""

    def __init__(self, initializer: str) -> None:
        self.initializer = initializer

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> keras.KerasTensor:
        values = keras.initializers.get(self.initializer)(shape, dtype=dtype)
        return values * ops.cast(selective_mask(), values.dtype)

    def get_config(self) -> dict[str, Any]:
        return {"initializer": self.initializer}


@keras.saving.register_keras_serializable("digitd")
class StochasticPooling2D(keras.layers.Layer):
    """Stochastic pooling: in training one value of each window, drawn with probability proportional to it; at inference the mean
    weighted by the same probabilities. Negative values are never drawn unless a window holds nothing else.

    Source: Zeiler, Fergus, "Stochastic pooling for regularization of deep convolutional neural networks", 2013.
    """

    def __init__(self, pool_size: int, *, strides: int, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pool_size, self.strides = pool_size, strides
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        channels = x.shape[-1]
        patches = ops.image.extract_patches(x, self.pool_size, strides=self.strides, padding="valid")
        shape = (-1, *patches.shape[1:3], self.pool_size**2, channels)
        patches = ops.reshape(patches, shape)
        weights = ops.maximum(patches, 0.0) + 1e-6
        if training:
            uniform = keras.random.uniform(ops.shape(weights), seed=self.seed_generator, minval=1e-6)
            noise = -ops.log(-ops.log(ops.minimum(uniform, 1.0 - 1e-6)))
            drawn = ops.argmax(ops.log(weights) + ops.cast(noise, weights.dtype), axis=3)
            chosen = ops.one_hot(drawn, self.pool_size**2, axis=3, dtype=patches.dtype)
            return ops.sum(patches * chosen, axis=3)
        return ops.sum(patches * weights, axis=3) / ops.sum(weights, axis=3)

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        height, width = ((size - self.pool_size) // self.strides + 1 for size in input_shape[1:3])
        return (input_shape[0], height, width, input_shape[3])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pool_size": self.pool_size, "strides": self.strides}
