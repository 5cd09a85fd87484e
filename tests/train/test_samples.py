"""What an epoch holds: every real picture, and of those that were made its turn of them."""

import collections
import dataclasses
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.vision.circle import position
from edge.vision.handwritten import FIGURES, NO_DIGIT
from train import datasets, segmented, synthetic
from train.recipes import COUNTER, HANDWRITTEN, SEGMENTS
from train.samples import ROLLED_OF_EACH, Samples, padded, training_samples, unpadded

TAKEN, MADE, TURNS = 10, 21, 4
PICTURES = np.arange(TAKEN + MADE, dtype=np.uint8)[:, None, None].repeat(32, 1).repeat(32, 2)
SAMPLES = Samples(PICTURES, np.arange(TAKEN + MADE, dtype=np.float32)[:, None], lambda some, _: some, made=MADE, turns=TURNS)


def numbers(epoch: int, seed: int = 0) -> list[int]:
    return [int(cell[0, 0, 0]) for cells, _ in SAMPLES.epoch(epoch, batch=5, seed=seed) for cell in cells]


def test_every_epoch_has_all_real_pictures_and_each_made_one_comes_once_in_as_many_epochs_as_there_are_turns() -> None:
    epochs = [numbers(epoch) for epoch in range(TURNS)]
    assert all(len(epoch) == SAMPLES.per_epoch == TAKEN + MADE // TURNS for epoch in epochs)
    counts = collections.Counter(number for epoch in epochs for number in epoch)
    assert all(counts[number] == TURNS for number in range(TAKEN))
    assert [counts[number] for number in range(TAKEN, TAKEN + MADE)] == [1] * (MADE - 1) + [0]


def test_pictures_keep_their_targets_and_the_same_epoch_is_the_same_again() -> None:
    for cells, targets in SAMPLES.epoch(1, batch=5, seed=0):
        assert (cells[:, 0, 0, 0] == targets[:, 0]).all()
    assert numbers(1) == numbers(1)
    assert sorted(numbers(1)) == sorted(numbers(1, seed=1))
    assert numbers(1) != numbers(1, seed=1)


def test_rendered_pictures_come_in_turns_wherever_they_are_named_among_the_sources(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.arange(600, dtype=np.uint8).reshape(30, 20))
    (tmp_path / "index.csv").write_text("split,path,label,kind,meter,display\ntrain,a.png,4.7,tenths,m,roller\n")
    recipe = dataclasses.replace(COUNTER, synthetic=8, rolled=0, limit=8)
    one, other = (training_samples(recipe, sources, seed=0) for sources in (["synthetic", str(tmp_path)], [str(tmp_path), "synthetic"]))
    assert (one.made, one.turns, one.per_epoch) == (8, 4, 1 + 2)
    assert one.sources == other.sources == (str(tmp_path), "synthetic")
    assert one.sha256() == other.sha256()


def test_handwriting_that_was_written_and_that_was_rendered_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "STROKE_FACES", 20)
    recipe = dataclasses.replace(HANDWRITTEN, segmented=0, limit=30)
    both, real, drawn = (training_samples(recipe, sources, seed=0) for sources in (["real", "synthetic"], ["real"], ["synthetic"]))
    np.testing.assert_array_equal(both.pictures, np.concatenate([real.pictures, drawn.pictures]))
    np.testing.assert_array_equal(both.targets, np.concatenate([real.targets, drawn.targets]))


def test_the_sum_tells_other_pictures_and_other_targets() -> None:
    turned = dataclasses.replace(SAMPLES, pictures=PICTURES[::-1])
    relabelled = dataclasses.replace(SAMPLES, targets=SAMPLES.targets + 1)
    assert len({samples.sha256() for samples in (SAMPLES, turned, relabelled)}) == 3


LEVELS = {"train": [10, 20, 30, 40, 50, 60], "val": [70, 80, 90, 100], "test": [110]}
"""The grey of each picture of `few`, by which it is known again."""


def few(split: str, folder: Path | None = None) -> datasets.MeterDigits:
    levels = LEVELS[split]
    crops = [np.full((30, 20, 3), level, np.uint8) for level in levels]
    some = ["tenths"] * len(levels), ["roller"] * len(levels), [split] * len(levels), [""] * len(levels)
    return datasets.MeterDigits(crops, np.array(levels) / 10 % 10, *some)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [*LEVELS["train"], *LEVELS["val"]]),
        ({"held_out": 1}, LEVELS["train"]),
        ({"limit": 3}, LEVELS["train"][::2]),
        ({"limit": 100}, LEVELS["train"]),
    ],
    ids=str,
)
def test_the_meters_of_val_are_learnt_where_no_picture_is_held_out(
    changed: dict[str, int], expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "meter_digits", few)
    samples = training_samples(dataclasses.replace(COUNTER, rolled=0, **changed), ["real"], seed=0)  # type: ignore[arg-type]
    assert samples.pictures[:, 24, 20, 0].tolist() == expected
    assert np.rint(position(samples.targets)).tolist() == [level / 10 % 10 for level in expected]


def folder_of(path: Path, *positions: float) -> str:
    """A meter's wheels that stand there, to learn from, and one in `val`."""
    path.mkdir()
    lines = ["split,path,label,kind,meter,display", "val,val.png,5.0,tenths,m,roller"]
    cv2.imwrite(str(path / "val.png"), np.full((30, 20, 3), 200, np.uint8))
    for number, where in enumerate(positions):
        cv2.imwrite(str(path / f"{number}.png"), np.full((30, 20, 3), 40 + 10 * number, np.uint8))
        lines.append(f"train,{number}.png,{where},tenths,m,roller")
    (path / "index.csv").write_text("\n".join(lines) + "\n")
    return str(path)


def test_digits_in_mid_roll_are_made_of_each_source_and_come_in_turns(tmp_path: Path) -> None:
    one, other = folder_of(tmp_path / "one", 3.0, 4.0), folder_of(tmp_path / "other", 7.0, 8.0, 9.0)
    samples = training_samples(dataclasses.replace(COUNTER, rolled=8), [one, other], seed=0)
    assert (len(samples.pictures), samples.made, samples.turns, samples.per_epoch) == (2 + 3 + 8, 8, 4, 5 + 2)
    shown = position(samples.targets)
    np.testing.assert_allclose(shown[:5], [3, 4, 7, 8, 9], atol=0.01)
    assert [3 < place < 4 for place in shown[5:]] == [True] * 4 + [False] * 4
    assert [7 < place < 9 for place in shown[5:]] == [False] * 4 + [True] * 4


def test_no_more_are_made_in_mid_roll_than_some_of_each_real_one(tmp_path: Path) -> None:
    samples = training_samples(dataclasses.replace(COUNTER, rolled=80_000), [folder_of(tmp_path / "one", 3.0, 4.0)], seed=0)
    assert samples.made == 2 * ROLLED_OF_EACH
    assert (len(samples.pictures), samples.per_epoch) == (10, 2 + 2)


def test_segments_are_cut_out_of_digits_that_are_not_held_out_and_each_is_one_of_eleven() -> None:
    samples = training_samples(dataclasses.replace(SEGMENTS, segmented=60, held_out=59_900), ["real"], seed=3)
    images, labels = datasets.mnist("train")
    cells, shown = segmented.bank(images[:100], labels[:100], 60, seed=4)
    np.testing.assert_array_equal(samples.pictures, cells)
    np.testing.assert_array_equal(samples.targets, np.eye(FIGURES)[shown])
    assert (samples.made, samples.per_epoch) == (0, 60)


def test_handwriting_that_is_not_held_out_is_learnt_and_so_are_its_digits_that_are_cut_out_of_words() -> None:
    samples = training_samples(dataclasses.replace(HANDWRITTEN, segmented=60, held_out=59_900), ["real"], seed=3)
    images, labels = datasets.mnist("train")
    cells, shown = segmented.bank(images[:100], labels[:100], 60, seed=4)
    digits = shown != NO_DIGIT
    assert 0 < digits.sum() < 60
    np.testing.assert_array_equal(samples.pictures, np.concatenate([padded(images[:100]), cells[digits]]))
    np.testing.assert_array_equal(unpadded(samples.pictures[:100]), images[:100])
    np.testing.assert_array_equal(samples.targets, np.eye(10)[np.concatenate([labels[:100], shown[digits]])])


def test_handwriting_is_distorted_as_its_recipe_says(monkeypatch: pytest.MonkeyPatch) -> None:
    digits = np.zeros((20, 28, 28), np.uint8)
    digits[:, 4:24, 12:16] = 255
    monkeypatch.setattr(datasets, "mnist", lambda _: (digits, np.arange(20, dtype=np.uint8) % 10))

    def first(distortion: float) -> np.ndarray[Any, np.dtype[np.uint8]]:
        samples = training_samples(dataclasses.replace(HANDWRITTEN, distortion=distortion, segmented=0), ["real"], seed=0)
        return next(samples.epoch(0, batch=20, seed=0))[0][..., 0]

    assert (first(0.0) == padded(digits)).all()
    assert np.abs(first(0.5).astype(float) - padded(digits)).mean() < np.abs(first(1.0).astype(float) - padded(digits)).mean()
