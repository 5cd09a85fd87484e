"""What an epoch holds: every real picture, and of those that were made its turn of them."""

import collections
import dataclasses
from pathlib import Path

import cv2
import numpy as np

from train.recipes import COUNTER
from train.samples import Samples, training_samples

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


def test_the_sum_tells_other_pictures_and_other_targets() -> None:
    turned = dataclasses.replace(SAMPLES, pictures=PICTURES[::-1])
    relabelled = dataclasses.replace(SAMPLES, targets=SAMPLES.targets + 1)
    assert len({samples.sha256() for samples in (SAMPLES, turned, relabelled)}) == 3
