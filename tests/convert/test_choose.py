"""A network that rounding hurts is fine-tuned on some of what it learnt from."""

from typing import Any

import pytest

from convert import choose
from convert.verify import Unseen
from tests.convert.networks import network, pictures
from train import samples
from train.lenet5 import Architecture
from train.recipes import COUNTER, SEGMENTS, Recipe, as_dict


class Asked(Exception):
    """Raised in place of making pictures, with the recipe that they were to be made by."""


@pytest.mark.parametrize(("recipe", "made"), [(SEGMENTS, (0, 0, 10_000)), (COUNTER, (10_000, 10_000, 0))], ids=["segments", "counter"])
def test_fine_tuning_makes_no_more_pictures_than_it_takes(
    recipe: Recipe, made: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(changed: Recipe, *_: Any, **__: Any) -> None:
        raise Asked(changed)

    architecture = Architecture(kernels=(2, 2), activation="relu", classes=recipe.architecture.classes)
    monkeypatch.setattr(samples, "training_samples", asked)
    monkeypatch.setattr(choose, "representative", lambda *_: pictures(60))
    monkeypatch.setattr(choose, "unseen", lambda *_, split: Unseen(split, pictures(20), lambda answers: {"right_digit": 0.5}))
    training = {"task": recipe.task, "recipe": as_dict(recipe), "architecture": as_dict(recipe)["architecture"], "seed": 0}
    with pytest.raises(Asked) as told:
        choose.quantized(network(architecture), training, ["real"], allowed=-1.0)
    changed = told.value.args[0]
    assert (changed.synthetic, changed.rolled, changed.segmented) == made
    assert (changed.task, changed.architecture) == (recipe.task, recipe.architecture)
