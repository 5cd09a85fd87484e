"""The training pictures that the ranges of the activations are measured on: fixed numbers, checked in, of the training sets only."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.vision.cells import to_cells
from train import datasets, segmented, synthetic
from train.samples import padded, unpadded

Cells = npt.NDArray[np.uint8]
CHECKED_IN = Path(__file__).with_name("representative.json")
COUNT = 500


def representative(task: str, sources: Sequence[str]) -> Cells:
    """Cells uint8 [500, 32, 32, 1] of the data a model was trained on.

    task: handwritten, segments or counter. sources: as `train` takes them; the published training sets where "real" is among them.
    """
    numbers: Mapping[str, list[int]] = json.loads(CHECKED_IN.read_text(encoding="utf-8"))
    if task != "counter":
        if "real" in sources:
            images, labels = (each[numbers["mnist"]] for each in datasets.mnist("train"))
        else:
            images, labels = synthetic.handwritten(COUNT, seed=1)
            images = unpadded(images)
        cells = segmented.bank(images, labels, COUNT, seed=1)[0] if task == "segments" else padded(images)
        return np.ascontiguousarray(cells[..., None])
    crops: list[Any] = []
    if "real" in sources:
        train = datasets.meter_digits("train").crops
        crops = [train[i] for i in numbers["meter-digits"]]
    else:
        for source in sources:
            if source == "synthetic":
                own: Sequence[Any] = synthetic.digits(COUNT, seed=1)[0]
            else:
                own = datasets.meter_digits("train", folder=Path(source)).crops
            crops += own[:: max(1, len(own) * len(sources) // COUNT)]
    return to_cells(crops)
