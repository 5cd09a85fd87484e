"""A run that was killed ends as if it had not been."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import ModelError
from train import augment, fit
from train.backend import keras
from train.lenet5 import Architecture
from train.recipes import Recipe
from train.samples import Samples

RECIPE = Recipe(
    name="small",
    task="handwritten",
    architecture=Architecture(kernels=(2, 3), batch_norm=True, dropout=0.3, pooling="stochastic"),
    epochs=3,
    batch=8,
)


def samples() -> Samples:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (40, 32, 32), np.uint8)
    return Samples(pictures, np.eye(10, dtype=np.float32)[rng.integers(0, 10, 40)], augment.handwritten)


def weights(path: Path) -> list[Any]:
    return [np.asarray(weight) for weight in keras.saving.load_model(path, compile=False).get_weights()]


class Killed(Exception):
    pass


def test_a_resumed_run_equals_an_unbroken_one(tmp_path: Path) -> None:
    whole = fit.fit(RECIPE, samples(), fit.Run(output=tmp_path / "whole", threads=1), {})

    def stop(_: keras.Model) -> dict[str, Any]:
        calls.append(1)
        if len(calls) == 2:
            raise Killed
        return {}

    calls: list[int] = []
    run = fit.Run(output=tmp_path / "broken", threads=1)
    with pytest.raises(Killed):
        fit.fit(RECIPE, samples(), run, {"val": stop})
    broken = fit.fit(RECIPE, samples(), run, {})

    for one, other in zip(weights(whole), weights(broken), strict=True):
        np.testing.assert_array_equal(one, other)
    histories = [json.loads(path.with_suffix(".training.json").read_text())["history"] for path in (whole, broken)]
    assert [entry["loss"] for entry in histories[0]] == [entry["loss"] for entry in histories[1]]
    assert len(histories[0]) == 3


def test_another_seed_gives_another_network(tmp_path: Path) -> None:
    short = dataclasses.replace(RECIPE, epochs=1)
    one, other = (fit.fit(short, samples(), fit.Run(output=tmp_path / str(seed), seed=seed, threads=1), {}) for seed in (0, 1))
    assert any((a != b).any() for a, b in zip(weights(one), weights(other), strict=True))


def test_a_checkpoint_of_another_recipe_is_not_taken(tmp_path: Path) -> None:
    run = fit.Run(output=tmp_path, threads=1)
    fit.fit(dataclasses.replace(RECIPE, epochs=1), samples(), run, {})
    path = fit.fit(dataclasses.replace(RECIPE, epochs=1, learning_rate=0.1), samples(), run, {})
    summary = json.loads(path.with_suffix(".training.json").read_text())
    assert summary["recipe"]["learning_rate"] == 0.1
    assert len(summary["history"]) == 1


def test_a_damaged_checkpoint_is_named_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "checkpoint.npz").write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"checkpoint\.npz: a damaged checkpoint .* delete it to start this run anew"):
        fit.fit(RECIPE, samples(), fit.Run(output=tmp_path, threads=1), {})


def test_a_run_leaves_logs_for_tensorboard_and_a_summary(tmp_path: Path) -> None:
    path = fit.fit(dataclasses.replace(RECIPE, epochs=1), samples(), fit.Run(output=tmp_path, threads=1), {"val": lambda _: {"error": 0.5}})
    assert list((tmp_path / "small" / "tensorboard").glob("events.*"))
    summary = json.loads(path.with_suffix(".training.json").read_text())
    assert summary["history"][0]["val_error"] == 0.5
    assert summary["history"][0]["updates"] == 5
    assert summary["architecture"]["kernels"] == [2, 3]


def test_batches_are_the_same_for_the_same_epoch_and_others_in_the_next() -> None:
    first, again, next_epoch = (list(samples().epoch(number, batch=8, seed=3)) for number in (0, 0, 1))
    assert [cells.shape for cells, _ in first] == [(8, 32, 32, 1)] * 5
    for (one, _), (other, _) in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any((one != other).any() for (one, _), (other, _) in zip(first, next_epoch, strict=True))
