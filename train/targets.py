"""What the network is asked to answer: a soft target on the circle, and the loss that reads it.

A row of targets is one of three things, told apart by its sum. A distribution (sum 1): cross-entropy. A membership mask (sum above
1): only the digit is known, any tenth within it is right, and the loss is −log of the probability of the whole mask. Uniform (sum 1):
unreadable on purpose, the network should say that it does not know.
"""

import numpy as np
import numpy.typing as npt

from edge.vision.circle import distance
from train.backend import keras

ops = keras.ops

TOLERANCE_DIGITS = 0.12
"""Standard deviation of the soft target: the labels' human noise is about a tenth of a digit."""

Floats32 = npt.NDArray[np.float32]


def circular_targets(positions: npt.NDArray[np.floating], kinds: list[str], displays: list[str], classes: int) -> Floats32:
    """Targets float32 [N, classes] for positions in digits [N]; kinds: tenths, integer (only the digit is known) or nan."""
    centres = np.arange(classes) * 10.0 / classes
    targets = np.empty((len(positions), classes), np.float32)
    for row, position, kind, display in zip(targets, positions, kinds, displays, strict=True):
        if kind == "nan":
            row[:] = 1.0 / classes
        elif kind == "integer" and display != "lcd":
            row[:] = distance(centres, position) < 0.5 - 1e-9
        else:
            row[:] = np.exp(-0.5 * (distance(centres, position) / TOLERANCE_DIGITS) ** 2)
            row /= row.sum()
    return targets


def digit_targets(labels: npt.NDArray[np.integer], classes: int, smoothing: float) -> Floats32:
    """One-hot targets float32 [N, classes] with label smoothing (Szegedy et al. 2016)."""
    return np.asarray(np.eye(classes, dtype=np.float32)[labels] * (1 - smoothing) + smoothing / classes, np.float32)


@keras.saving.register_keras_serializable("digitd")
def circular_loss(targets: keras.KerasTensor, probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """Loss [N] in nats for targets and probabilities [N, K]."""
    probabilities = ops.clip(probabilities, 1e-7, 1.0)
    cross_entropy = -ops.sum(targets * ops.log(probabilities), axis=-1)
    whole_mask = -ops.log(ops.sum(targets * probabilities, axis=-1))
    return ops.where(ops.sum(targets, axis=-1) > 1.5, whole_mask, cross_entropy)
