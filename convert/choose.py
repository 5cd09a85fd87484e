"""Rounded as it is, or fine-tuned first: what the pictures to choose by (`val`) say; and logits as fine as all runtimes bear."""

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from convert.finetune import UPDATES, finetune
from convert.logits import widened
from convert.network import recipe_of
from convert.quantize import quantize
from convert.representative import representative
from convert.verify import ROUNDING, DecidedOtherwiseError, LostTooMuchError, unseen
from edge.inference.model import open_model
from train import samples
from train.backend import keras
from train.evaluate import Read, in_batches, keras_read

POST_TRAINING = "post-training, weights rounded by GPTQ"
WIDENINGS = 2
"""How often the logits' steps are doubled, at most."""
Proof = TypeVar("Proof")
MADE = 10_000
"""Pictures that are rendered, rolled or segmented for fine-tuning."""


def proven(
    network: keras.Model, training: dict[str, Any], sources: list[str], prove: Callable[[bytes], Proof], *, allowed: float
) -> tuple[Proof, str]:
    """The proof of an int8 TFLite file of a network, and how that was made.

    Where the test set refuses what `quantized` made for what it loses, the network is fine-tuned for rounding after all, and proven again.
    Raises what `prove` raises.
    """
    tflite, method = quantized(network, training, sources, allowed=allowed)
    try:
        return as_fine_as_proven(tflite, method, prove)
    except LostTooMuchError:
        if method != POST_TRAINING or "real" not in sources:
            raise
    return as_fine_as_proven(*fine_tuned(network, training, sources), prove)


def quantized(network: keras.Model, training: dict[str, Any], sources: list[str], *, allowed: float) -> tuple[bytes, str]:
    """An int8 TFLite file of a network, and how it was made.

    Where rounding alone loses more than `allowed` (share of right digits of `val`), fine-tuned first, if that reads more of them right.
    Raises ModelError where it would be, and the recipe of its training is none of this release.
    """
    pictures = representative(training["task"], sources)
    plain = quantize(network, pictures)
    if "real" not in sources:
        return plain, POST_TRAINING
    val = unseen(training["task"], sources, split="val")

    def right(read: Read) -> float:
        return float(val.measure(in_batches(read, val.cells))["right_digit"])

    before, after = right(keras_read(network)), right(_reader(plain))
    if before - after <= allowed + ROUNDING:
        return plain, POST_TRAINING
    tuned, method = fine_tuned(network, training, sources)
    return (tuned, method) if right(_reader(tuned)) > after else (plain, POST_TRAINING)


def fine_tuned(network: keras.Model, training: dict[str, Any], sources: list[str]) -> tuple[bytes, str]:
    """An int8 TFLite file of a network that was fine-tuned for rounding first, and how it was made.

    Raises ModelError where the recipe of its training is none of this release.
    """
    recipe = recipe_of(training)
    recipe = dataclasses.replace(recipe, **{name: min(getattr(recipe, name), MADE) for name in ("synthetic", "rolled", "segmented")})
    learnt = samples.training_samples(recipe, sources, seed=training["seed"])
    batches = (batch for epoch in range(UPDATES) for batch in learnt.epoch(1_000_000 + epoch, batch=recipe.batch, seed=training["seed"]))
    pictures = representative(training["task"], sources)
    return quantize(finetune(network, pictures, batches), pictures), f"fine-tuned over {UPDATES} updates"


def as_fine_as_proven(tflite: bytes, method: str, prove: Callable[[bytes], Proof]) -> tuple[Proof, str]:
    """The proof of a file, and how it was made: as it is, or where tflite-runtime decides otherwise, with wider steps of the logits.

    Raises what `prove` raises, its DecidedOtherwiseError once the steps were doubled WIDENINGS times.
    """
    doubled = 0
    while True:
        try:
            proof = prove(tflite)
        except DecidedOtherwiseError:
            if doubled == WIDENINGS:
                raise
            tflite, doubled = widened(tflite), doubled + 1
        else:
            return proof, f"{method}, steps of the logits {2**doubled} times as wide" if doubled else method


def _reader(tflite: bytes) -> Read:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.tflite")
        path.write_bytes(tflite)
        return open_model(path, threads=2).read
