"""The pictures a run learns from, and the batches made of them: fixed by seed, epoch and number, so that a resumed run sees the same."""

import dataclasses
import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import DataError
from edge.vision.cells import CELL_SIZE, to_cells
from edge.vision.handwritten import NO_DIGIT
from train import augment, datasets, rolled, segmented, synthetic
from train.recipes import MNIST_PICTURES, Recipe
from train.targets import circular_targets, digit_targets

Image = npt.NDArray[np.uint8]
Floats32 = npt.NDArray[np.float32]
MNIST_BORDER = (CELL_SIZE - 28) // 2
BATCHES_AHEAD = 4
ROLLED_OF_EACH = 4
"""So many are put together in mid-roll for each real picture at most."""


@dataclasses.dataclass(frozen=True)
class Samples:
    """Pictures and targets [N, K]. `pictures` are crops uint8 [N, 48, 40, 3] of a counter, or handwriting uint8 [N, 32, 32]."""

    pictures: Image
    targets: Floats32
    distort: Callable[[Image, np.random.Generator], Image]
    """From some of the pictures to cells uint8 [n, 32, 32]."""
    sources: tuple[str, ...] = ("real",)
    """Where they came from: "real", "synthetic" or a folder."""
    made: int = 0
    """How many of the pictures, at the end, were made rather than taken; they come in `turns`, one an epoch."""
    turns: int = 1

    @property
    def per_epoch(self) -> int:
        """Pictures in an epoch."""
        return len(self.pictures) - self.made + self.made // self.turns

    def sha256(self) -> str:
        """Of all pictures and targets, hexadecimal: two runs with the same learn from the same."""
        digest = hashlib.sha256(np.ascontiguousarray(self.pictures).data)
        digest.update(np.ascontiguousarray(self.targets).data)
        return digest.hexdigest()

    def epoch(self, number: int, *, batch: int, seed: int) -> Iterator[tuple[Image, Floats32]]:
        """Batches of one epoch, in its own order: cells uint8 [batch, 32, 32, 1] and targets [batch, K]; made a few ahead."""
        always = len(self.pictures) - self.made
        turn = np.arange(always + number % self.turns, len(self.pictures), self.turns)[: self.made // self.turns]
        order = np.random.default_rng((seed, number)).permutation(np.concatenate([np.arange(always), turn]))

        def make(start: int) -> tuple[Image, Floats32]:
            rng = np.random.default_rng((seed, number, start))
            chosen = order[start : start + batch]
            return self.distort(self.pictures[chosen], rng)[..., None], self.targets[chosen]

        starts = iter(range(0, len(order) - batch + 1, batch))
        with ThreadPoolExecutor(1) as pool:
            pending: deque[Future[tuple[Image, Floats32]]] = deque()
            for start in starts:
                pending.append(pool.submit(make, start))
                if len(pending) > BATCHES_AHEAD:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()


def training_samples(recipe: Recipe, sources: list[str], *, seed: int) -> Samples:
    """What `recipe` learns from. sources: "real", "synthetic", or a folder laid out as `meter-digits`, in any number and order.

    Raises DataError where a source is missing or damaged, before anything is trained.
    """
    sources = sorted(set(sources), key=lambda source: (source == "synthetic", source != "real", source))
    if recipe.task == "counter":
        return _counter(recipe, sources, seed)
    images, labels = _digits(recipe, sources, seed)
    distort = partial(augment.handwritten, strength=recipe.distortion) if recipe.augment else _plain
    cells = padded(images)
    if recipe.segmented:
        cut, shown = segmented.bank(images, labels, recipe.segmented, seed=seed + 1)
        if recipe.task == "segments":
            cells, labels = cut, shown
        else:
            digits = shown != NO_DIGIT
            cells, labels = np.concatenate([cells, cut[digits]]), np.concatenate([labels, shown[digits]])
    targets = digit_targets(labels, recipe.architecture.classes, recipe.label_smoothing)
    return Samples(cells, targets, distort, tuple(sources))


def _counter(recipe: Recipe, sources: list[str], seed: int) -> Samples:
    classes = recipe.architecture.classes
    taken = [_taken(source, recipe) for source in sources if source != "synthetic"]
    pictures = [np.stack([resized(crop) for crop in digits.crops]) for digits in taken]
    targets = [circular_targets(digits.positions, digits.kinds, digits.displays, classes) for digits in taken]
    if "synthetic" in sources:
        count = recipe.synthetic if "real" in sources else max(recipe.synthetic, recipe.limit or 50_000)
        crops, positions, kinds, displays = synthetic.digits(count, seed=seed + 1)
        pictures.append(np.stack(crops))
        targets.append(circular_targets(positions, kinds, displays, classes))
    for digits, real in zip(taken, list(pictures), strict=False):
        count = min(recipe.rolled // len(taken), ROLLED_OF_EACH * len(real))
        between, positions = rolled.rolled(real, digits, count, seed=seed + 2)
        pictures.append(between)
        targets.append(circular_targets(positions, ["tenths"] * len(positions), ["roller"] * len(positions), classes))
    made = sum(map(len, pictures[len(taken) :])) if taken and recipe.turns > 1 else 0
    distort = augment.counter if recipe.augment else _plain_counter
    return Samples(np.concatenate(pictures), np.concatenate(targets), distort, tuple(sources), made, recipe.turns if made else 1)


def _taken(source: str, recipe: Recipe) -> datasets.MeterDigits:
    """Real pictures of counters: a folder's, or the published ones, those of `val` too once nothing is left to choose."""
    digits = datasets.meter_digits("train", folder=None if source == "real" else Path(source))
    if source == "real" and not recipe.unseen:
        digits = digits.and_all(datasets.meter_digits("val"))
    return digits.every(max(1, len(digits.crops) // recipe.limit)) if recipe.limit else digits


def _digits(recipe: Recipe, sources: list[str], seed: int) -> tuple[Image, npt.NDArray[np.uint8]]:
    """Handwritten digits as published, uint8 [N, 28, 28], and their labels."""
    if folders := [source for source in sources if source not in ("real", "synthetic")]:
        raise DataError(
            f"--data {folders[0]}: a folder of counter digits cannot train {recipe.name}; expected real or synthetic. "
            "Name the model to train on it: --model lenet5-counter"
        )
    images, labels = np.empty((0, 28, 28), np.uint8), np.empty(0, np.uint8)
    if "real" in sources:
        images, labels = (each[: MNIST_PICTURES - recipe.unseen] for each in datasets.mnist("train"))
    if "synthetic" in sources:
        drawn, shown = synthetic.handwritten(recipe.limit or MNIST_PICTURES, seed=seed + 1)
        images, labels = np.concatenate([images, unpadded(drawn)]), np.concatenate([labels, shown])
    return images, labels


def padded(images: Image) -> Image:
    """MNIST as published, [N, 28, 28], padded by two to [N, 32, 32]; no other step."""
    return np.pad(images, ((0, 0), (MNIST_BORDER, MNIST_BORDER), (MNIST_BORDER, MNIST_BORDER)))


def unpadded(images: Image) -> Image:
    """[N, 32, 32] without its border, as MNIST publishes them: [N, 28, 28]."""
    return images[:, MNIST_BORDER:-MNIST_BORDER, MNIST_BORDER:-MNIST_BORDER]


def _plain(images: Image, _: np.random.Generator) -> Image:
    return images


def _plain_counter(crops: Image, _: np.random.Generator) -> Image:
    return to_cells(list(crops))[..., 0]


def resized(crop: Image) -> Image:
    """A crop at the size that all are kept in, uint8 [48, 40, 3]."""
    height, width = synthetic.SIZE
    interpolation = cv2.INTER_AREA if crop.shape[0] > height else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop, (width, height), interpolation=interpolation), np.uint8)
