"""A network that rounding hurts is fine-tuned on some of what it learnt from."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from convert import choose
from convert.network import load_network
from convert.verify import Unseen
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
