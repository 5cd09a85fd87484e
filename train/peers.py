"""Networks of one kind that learn side by side: each from the labels, and from what the others make of the same pictures.

A digit that could be two is not one for certain, and the others say so where a label cannot. One of them is kept; it costs no more to
read with than a network that learnt by itself. Source: Zhang, Xiang, Hospedales, Lu, "Deep mutual learning", 2018.
"""

from collections.abc import Sequence

from train.backend import keras
from train.targets import circular_loss

ops = keras.ops


def alongside(networks: Sequence[keras.Model]) -> keras.Model:
    """One model of P networks, which trains them all: cells float32 [N, 32, 32, channels] → what each says of them, [N, P, K]."""
    cells = keras.Input(networks[0].input_shape[1:], name="cells")
    return keras.Model(cells, ops.stack([network(cells) for network in networks], axis=1))


@keras.saving.register_keras_serializable("digitd")
def mutual_loss(targets: keras.KerasTensor, probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """Loss [N] in nats for targets [N, K] and the probabilities of P > 1 networks, [N, P, K].

    Summed over the networks: the circular loss of each, and the divergence (Kullback and Leibler) of each from the mean of the others.
    """
    probabilities = ops.clip(probabilities, 1e-7, 1.0)
    others = (ops.sum(probabilities, axis=1, keepdims=True) - probabilities) / (probabilities.shape[1] - 1)
    others = ops.stop_gradient(others)  # each learns from the others, and does not teach them to agree with it
    divergence = ops.sum(others * (ops.log(others) - ops.log(probabilities)), axis=-1)
    return ops.sum(circular_loss(targets[:, None], probabilities) + divergence, axis=1)
