"""A large network teaches a small one: what it finds a picture like, beside what the picture is.

Source: Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015; the teacher sees each picture distorted as the pupil
sees it, and teaches long: Beyer et al., "Knowledge distillation: a good teacher is patient and consistent", 2022.
"""

import numpy as np
import numpy.typing as npt

from train.backend import keras
from train.targets import circular_loss

ops = keras.ops
TEMPERATURE = 4.0
"""Divides the logits of both, so that the classes a picture is not count too."""
SHARE = 0.5
"""Of the loss that the teacher has; the rest is the label's."""
FAINTEST = 1e-12
Floats32 = npt.NDArray[np.float32]


def lesson(teacher: keras.Model, cells: Floats32, targets: Floats32) -> Floats32:
    """The targets [N, K] and what the teacher says of the cells [N, 32, 32, 1] in 0 to 1, side by side: float32 [N, 2 K].

    Of what is no digit, a uniform row of targets, the teacher knows nothing and is not asked.
    """
    told = np.asarray(softened(teacher.predict_on_batch(cells)), np.float32)
    meant = targets.max(1, keepdims=True) > 1.5 / targets.shape[1]
    return np.concatenate([targets, np.where(meant, told, targets)], axis=1)


def softened(probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """Probabilities [N, K] as they would be with the logits divided by the temperature."""
    return ops.softmax(ops.log(ops.clip(probabilities, FAINTEST, 1.0)) / TEMPERATURE)


@keras.saving.register_keras_serializable("digitd")
def lesson_loss(lessons: keras.KerasTensor, probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """Loss [N] in nats for lessons [N, 2 K] and probabilities [N, K]."""
    classes = probabilities.shape[-1]
    heard = ops.log(softened(probabilities))
    from_teacher = -ops.sum(lessons[:, classes:] * heard, axis=-1) * TEMPERATURE**2
    return SHARE * from_teacher + (1 - SHARE) * circular_loss(lessons[:, :classes], probabilities)
