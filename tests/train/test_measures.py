"""What a run is measured on after each epoch: pictures that it never learns from, or nothing."""

import dataclasses

import pytest

from train.measures import curves
from train.recipes import COUNTER, HANDWRITTEN, PAPER, SEGMENTS, Recipe, quick


@pytest.mark.parametrize(
    ("recipe", "sources", "measured"),
    [
        (COUNTER, ["real"], []),
        (HANDWRITTEN, ["real"], []),
        (SEGMENTS, ["real"], []),
        (quick(SEGMENTS), ["real"], []),
        (dataclasses.replace(COUNTER, held_out=1), ["real", "synthetic"], ["val"]),
        (dataclasses.replace(COUNTER, held_out=1), ["synthetic"], []),
        (quick(COUNTER), ["real"], ["val"]),
        (quick(HANDWRITTEN), ["real"], ["val"]),
        (PAPER, ["real"], ["test"]),
    ],
    ids=lambda value: value.name if isinstance(value, Recipe) else None,
)
def test_val_is_drawn_only_where_it_is_not_learnt_from(recipe: Recipe, sources: list[str], measured: list[str]) -> None:
    assert list(curves(recipe, sources)) == measured
