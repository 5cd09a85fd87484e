"""A network that rounding hurts is fine-tuned on some of what it learnt from."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from convert import choose
from convert.network import load_network
from convert.quantize import quantize
from convert.verify import LostTooMuchError, Unseen
from edge.errors import ModelError
from tests.convert.networks import network, pictures, trained
from train import samples
from train.lenet5 import Architecture
from train.recipes import CLASSIC, COUNTER, SEGMENTS, Recipe, as_dict


class Asked(Exception):
    """Raised in place of making pictures, with the recipe that they were to be made by."""


@pytest.fixture(autouse=True)
def lossy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network loses too much, and is to be fine-tuned; without the data."""

    def asked(changed: Recipe, *_: Any, **__: Any) -> None:
        raise Asked(changed)

    monkeypatch.setattr(samples, "training_samples", asked)
    monkeypatch.setattr(choose, "representative", lambda *_: pictures(60))
    monkeypatch.setattr(choose, "unseen", lambda *_, split: Unseen(split, pictures(20), lambda answers: {"right_digit": 0.5}))


@pytest.mark.parametrize(("recipe", "made"), [(SEGMENTS, (0, 0, 10_000)), (COUNTER, (10_000, 10_000, 0))], ids=["segments", "counter"])
def test_fine_tuning_makes_no_more_pictures_than_it_takes(recipe: Recipe, made: tuple[int, int, int]) -> None:
    architecture = Architecture(kernels=(2, 2), activation="relu", classes=recipe.architecture.classes)
    training = {"task": recipe.task, "recipe": as_dict(recipe), "architecture": as_dict(recipe)["architecture"], "seed": 0}
    with pytest.raises(Asked) as told:
        choose.quantized(network(architecture), training, ["real"], allowed=-1.0)
    changed = told.value.args[0]
    assert (changed.synthetic, changed.rolled, changed.segmented) == made
    assert (changed.task, changed.architecture) == (recipe.task, recipe.architecture)


def test_lecuns_table_is_fine_tuned_by_what_its_summary_says(tmp_path: Path) -> None:
    architecture = dataclasses.replace(CLASSIC.architecture, c3="selective")
    recipe = as_dict(dataclasses.replace(CLASSIC, architecture=architecture))
    path = trained(tmp_path, recipe=recipe, architecture=recipe["architecture"])
    network(architecture).save(path)
    with pytest.raises(Asked) as told:
        choose.quantized(*load_network(path), ["real"], allowed=-1.0)
    assert told.value.args[0].architecture == architecture


def test_a_recipe_of_another_release_is_named_with_the_fix(tmp_path: Path) -> None:
    path = trained(tmp_path, recipe={**as_dict(CLASSIC), "balance": 0.5})
    with pytest.raises(ModelError, match=r"^small: the recipe in its summary is of another release .*'balance'.*; train it anew"):
        choose.quantized(*load_network(path), ["real"], allowed=-1.0)


TRAINING = {"task": "counter", "recipe": as_dict(COUNTER), "architecture": as_dict(COUNTER)["architecture"], "seed": 0}
SMALL = Architecture(kernels=(2, 2), activation="relu", classes=100)


def refused(_: bytes) -> None:
    raise LostTooMuchError("0.06 points lost")


def test_what_the_test_set_refuses_for_what_it_loses_is_fine_tuned_after_all() -> None:
    with pytest.raises(Asked):
        choose.proven(network(SMALL), TRAINING, ["real"], refused, allowed=1.0)
    with pytest.raises(LostTooMuchError):  # of rendered digits alone there is no `val` to choose by
        choose.proven(network(SMALL), TRAINING, ["synthetic"], refused, allowed=1.0)


def test_what_was_fine_tuned_is_proven_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "fine_tuned", lambda *_: (b"tuned", "fine-tuned"))
    seen: list[bytes] = []

    def prove(tflite: bytes) -> int:
        seen.append(tflite)
        if tflite != b"tuned":
            refused(tflite)
        return len(seen)

    assert choose.proven(network(SMALL), TRAINING, ["real"], prove, allowed=1.0) == (2, "fine-tuned")
    monkeypatch.setattr(choose, "fine_tuned", lambda *_: (b"worse", "fine-tuned"))
    with pytest.raises(LostTooMuchError):
        choose.proven(network(SMALL), TRAINING, ["real"], prove, allowed=1.0)


@pytest.mark.parametrize(("right", "kept"), [((0.9, 0.8, 0.7), "post-training"), ((0.9, 0.8, 0.85), "fine-tuned")])
def test_the_one_that_val_reads_better_is_kept(right: tuple[float, ...], kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the float32 network, of what was rounded, and of what was fine-tuned first."""
    shares = iter(right)
    monkeypatch.setattr(choose, "unseen", lambda *_, split: Unseen(split, pictures(20), lambda _: {"right_digit": next(shares)}))
    monkeypatch.setattr(choose, "fine_tuned", lambda model, *_: (quantize(model, pictures(60, seed=1)), "fine-tuned"))
    assert choose.quantized(network(SMALL), TRAINING, ["real"], allowed=0.05)[1].startswith(kept)
