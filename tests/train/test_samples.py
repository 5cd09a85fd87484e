"""What an epoch holds: every real picture, and of the rendered ones its turn of them."""

import collections

import numpy as np

from train.samples import Samples

TAKEN, MADE, TURNS = 10, 21, 4
PICTURES = np.arange(TAKEN + MADE, dtype=np.uint8)[:, None, None].repeat(32, 1).repeat(32, 2)
SAMPLES = Samples(PICTURES, np.arange(TAKEN + MADE, dtype=np.float32)[:, None], lambda some, _: some, rendered=MADE, turns=TURNS)


def numbers(epoch: int, seed: int = 0) -> list[int]:
    return [int(cell[0, 0, 0]) for cells, _ in SAMPLES.epoch(epoch, batch=5, seed=seed) for cell in cells]


def test_every_epoch_has_all_real_pictures_and_each_rendered_one_comes_once_in_as_many_epochs_as_there_are_turns() -> None:
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
