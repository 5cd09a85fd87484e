"""The report says what its figures are of."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.vision.handwritten import NO_DIGIT
from train import report
from train.recipes import COUNTER, HANDWRITTEN, SEGMENTS, Recipe, quick


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (COUNTER, "On val, which is learnt from too where nothing is left to choose (a check of the path, not a figure)"),
        (HANDWRITTEN, "On val, which is learnt from too where nothing is left to choose (a check of the path, not a figure)"),
        (dataclasses.replace(COUNTER, held_out=1), "On pictures kept from training (val)"),
        (quick(COUNTER), "On pictures kept from training (val)"),
        (dataclasses.replace(SEGMENTS, held_out=100), "of which the last 100 were kept from training and the others were not"),
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


def test_a_digit_taken_for_none_is_misread_as_badly_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the circle, 10 would be 0, and a neighbour of 9."""
    truth, read = np.array([NO_DIGIT, 0, 9, NO_DIGIT, 3]), np.array([0, NO_DIGIT, NO_DIGIT, NO_DIGIT, 3])
    answers = 0.75 * np.eye(11, dtype=np.float32)[read]
    monkeypatch.setattr(report, "digit_cells", lambda task, split: (np.zeros((5, 32, 32, 1), np.uint8), truth))
    monkeypatch.setattr(report, "reader", lambda path: (lambda cells: answers, 11))
    _, positions, wrongness, probabilities = report._misread(Path("lenet5-segments.keras"), SEGMENTS)
    assert wrongness.tolist() == [10.75, 10.75, 10.75, 0.0, 0.0]
    assert positions.tolist() == truth.tolist()
    assert (probabilities == answers).all()
