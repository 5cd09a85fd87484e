"""The report says what its figures are of."""

import dataclasses

import cv2
import numpy as np
import pytest

from train import report
from train.recipes import COUNTER, HANDWRITTEN, Recipe, quick


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (COUNTER, "On pictures kept from training (val)"),
        (HANDWRITTEN, "On the end of the training set (seen in training: a check of the path, not a figure)"),
        (dataclasses.replace(HANDWRITTEN, held_out=5_000), "On pictures kept from training (val)"),
        (dataclasses.replace(HANDWRITTEN, held_out=100), "of which the last 100 were kept from training and the others were not"),
        (quick(HANDWRITTEN), "On pictures kept from training (val)"),
    ],
)
def test_it_tells_which_pictures_the_network_never_saw(recipe: Recipe, said: str) -> None:
    assert report._measured_on(recipe).endswith(said)


def test_a_run_without_measures_has_one_plot() -> None:
    history = [{"updates": updates, "loss": 1.0 / updates} for updates in (1, 2)]
    plain, measured = (
        cv2.imdecode(np.frombuffer(report._curves(entries), np.uint8), cv2.IMREAD_COLOR)
        for entries in (history, [{**entry, "val_error": 0.1} for entry in history])
    )
    assert plain is not None
    assert measured is not None
    assert plain.shape[1] * 2 == measured.shape[1]
