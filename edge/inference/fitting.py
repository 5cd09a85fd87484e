"""Whether a model reads what it is to read: the runtimes run any that has the right form, and of the wrong things it reads nonsense."""

from pathlib import Path
from typing import Literal

from edge.errors import ModelError
from edge.inference.model import Recognizer, read_card
from edge.vision.handwritten import FIGURES

Task = Literal["counter", "handwritten", "segments"]
READS = {"counter": "counters", "handwritten": "handwriting", "segments": "what a page may be cut into"}


def fitting(recognizer: Recognizer, path: Path | None, task: Task) -> Recognizer:
    """The recognizer, if its model was trained for the task. Raises ModelError, naming one that was.

    path: the model's, with its card beside it; None where it is the one that ships for the task.
    """
    made_for = task if path is None else _made_for(path, recognizer.classes)
    if made_for not in (None, task) or (task == "segments" and recognizer.classes != FIGURES):
        raise ModelError(
            f"{path}: {recognizer.name} reads {READS.get(str(made_for), made_for)}; expected a model of {READS[task]}, such as "
            f"lenet5-{task}, which is taken where none is named"
        )
    return recognizer


def _made_for(path: Path, classes: int) -> object:
    """What the card says, or what the classes leave: tenths of a digit are only on counters. None where either may be meant."""
    if classes != 10:
        return "segments" if classes == FIGURES else "counter"
    return stated_task(read_card(path.with_suffix(".json")).get("training"))


def stated_task(training: object) -> object:
    """The task of the recipe that a training, as cards and summaries tell of it, went by; None where that is not told."""
    for key in ("recipe", "task"):
        training = training.get(key) if isinstance(training, dict) else None
    return training
