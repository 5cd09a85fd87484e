"""The pictures a run learns from, and the batches made of them: fixed by seed, epoch and number, so that a resumed run sees the same."""

import dataclasses
import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import DataError
from edge.vision.cells import CELL_SIZE, to_cells
from train import augment, datasets, synthetic
from train.recipes import Recipe
from train.targets import circular_targets, digit_targets

Image = npt.NDArray[np.uint8]
Floats32 = npt.NDArray[np.float32]
MNIST_BORDER = (CELL_SIZE - 28) // 2
BATCHES_AHEAD = 4


@dataclasses.dataclass(frozen=True)
class Samples:
    """Pictures and targets [N, K]. `pictures` are crops uint8 [N, 48, 40, 3] of a counter, or handwriting uint8 [N, 32, 32]."""

    pictures: Image
    targets: Floats32
    distort: Callable[[Image, np.random.Generator], Image]
    """From some of the pictures to cells uint8 [n, 32, 32]."""
    sources: tuple[str, ...] = ("real",)
    """Where they came from: "real", "synthetic" or a folder."""
    rendered: int = 0
    """How many of the pictures, at the end, are rendered ones that come in `turns`, one an epoch."""
    turns: int = 1

    @property
    def per_epoch(self) -> int:
        """Pictures in an epoch."""
        return len(self.pictures) - self.rendered + self.rendered // self.turns

    def sha256(self) -> str:
        """Of all pictures and targets, hexadecimal: two runs with the same learn from the same."""
        digest = hashlib.sha256(np.ascontiguousarray(self.pictures).data)
        digest.update(np.ascontiguousarray(self.targets).data)
        return digest.hexdigest()

    def epoch(self, number: int, *, batch: int, seed: int) -> Iterator[tuple[Image, Floats32]]:
        """Batches of one epoch, in its own order: cells uint8 [batch, 32, 32, 1] and targets [batch, K]; made a few ahead."""
        always, turn = len(self.pictures) - self.rendered, self.rendered // self.turns
        first = always + number % self.turns * turn
        chosen_now = np.concatenate([np.arange(always), np.arange(first, first + turn)])
        order = np.random.default_rng((seed, number)).permutation(chosen_now)

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
    classes = recipe.architecture.classes
    if recipe.task == "handwritten":
        return _handwritten(recipe, sources, seed)
    pictures: list[Image] = []
    targets = []
    for source in sources:
        if source == "synthetic":
            count = recipe.synthetic if "real" in sources else max(recipe.synthetic, recipe.limit or 50_000)
            crops, positions, kinds, displays = synthetic.digits(count, seed=seed + 1)
        else:
            digits = datasets.meter_digits("train", folder=None if source == "real" else Path(source))
            some = slice(0, None, max(1, len(digits.crops) // recipe.limit)) if recipe.limit else slice(None)
            crops, positions = digits.crops[some], digits.positions[some]
            kinds, displays = digits.kinds[some], digits.displays[some]
        pictures += [resized(crop) for crop in crops]
        targets.append(circular_targets(positions, kinds, displays, classes))
    rendered = len(targets[-1]) if recipe.turns > 1 and "synthetic" in sources and len(sources) > 1 else 0
    distort = augment.counter if recipe.augment else _plain_counter
    return Samples(np.stack(pictures), np.concatenate(targets), distort, tuple(sources), rendered, recipe.turns)


def _handwritten(recipe: Recipe, sources: list[str], seed: int) -> Samples:
    if folders := [source for source in sources if source not in ("real", "synthetic")]:
        raise DataError(
            f"--data {folders[0]}: a folder of counter digits cannot train {recipe.name}; expected real or synthetic. "
            "Name the model to train on it: --model lenet5-counter"
        )
    if "real" in sources:
        images, labels = datasets.mnist("train")
        kept = slice(0, len(images) - recipe.unseen)
        images, labels = padded(images[kept]), labels[kept]
    else:
        images, labels = synthetic.handwritten(recipe.limit or 60_000, seed=seed + 1)
    targets = digit_targets(labels, recipe.architecture.classes, recipe.label_smoothing)
    return Samples(images, targets, augment.handwritten if recipe.augment else _plain, tuple(sources))


def padded(images: Image) -> Image:
    """MNIST as published, [N, 28, 28], padded by two to [N, 32, 32]; no other step."""
    return np.pad(images, ((0, 0), (MNIST_BORDER, MNIST_BORDER), (MNIST_BORDER, MNIST_BORDER)))


def _plain(images: Image, _: np.random.Generator) -> Image:
    return images


def _plain_counter(crops: Image, _: np.random.Generator) -> Image:
    return to_cells(list(crops))[..., 0]


def resized(crop: Image) -> Image:
    """A crop at the size that all are kept in, uint8 [48, 40, 3]."""
    height, width = synthetic.SIZE
    interpolation = cv2.INTER_AREA if crop.shape[0] > height else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop, (width, height), interpolation=interpolation), np.uint8)
