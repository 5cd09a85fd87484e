"""What a killed run needs to go on as if nothing had happened: every variable of the network and of its optimiser, and the history."""

import contextlib
import json
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import ModelError
from train.backend import keras


class Checkpoint:
    """One file, replaced whole after each epoch. `identity` names the run; a checkpoint of another run is not taken."""

    def __init__(self, path: Path, identity: str) -> None:
        self.path, self.identity = path, identity

    def save(self, model: keras.Model, history: list[dict[str, Any]]) -> None:
        """Write all variables of `model` and its optimiser, and the history of its epochs."""
        arrays = {f"v{i}": np.asarray(variable.numpy()) for i, variable in enumerate(self._variables(model))}
        with replacing(self.path) as unfinished:
            np.savez(unfinished, allow_pickle=False, identity=self.identity, history=json.dumps(history), **arrays)

    def restore(self, model: keras.Model) -> list[dict[str, Any]]:
        """Put the variables back and return the history; an empty one where there is no checkpoint of this run.

        Raises ModelError where the file is damaged.
        """
        if not self.path.exists():
            return []
        try:
            with np.load(self.path) as stored:
                if str(stored["identity"]) != self.identity:
                    return []
                values = [stored[f"v{i}"] for i in range(len(stored.files) - 2)]
                history: list[dict[str, Any]] = json.loads(str(stored["history"]))
            for variable, value in zip(self._variables(model), values, strict=True):
                variable.assign(value)
        except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile, zlib.error) as error:
            raise ModelError(f"{self.path}: a damaged checkpoint (not whole, or altered); delete it to start this run anew") from error
        return history

    def _variables(self, model: keras.Model) -> list[Any]:
        return [*model.variables, *model.optimizer.variables]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives the name to write a file under, which takes the place of `path` once it is whole; what is left of a failure is deleted.

    Raises OSError naming `path` where it cannot be written.
    """
    unfinished = path.with_suffix(f".part{path.suffix}")
    try:
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def set_aside(output: Path, name: str) -> Path | None:
    """Move what a run left under `name` in `output` (its folder, network and summary) into `<output>/<name>-<date and time>/`.

    Returns that folder, None where there was nothing but an unfinished first epoch.
    """
    folder, files = output / name, [output / f"{name}.keras", output / f"{name}.training.json"]
    found = [file for file in files if file.exists()]
    if not found and not (folder / "checkpoint.npz").exists():
        return None
    aside = output / f"{name}-{time.strftime('%Y-%m-%d-%H%M%S')}"
    while aside.exists():  # within the same second
        aside = aside.with_name(f"{aside.name}-")
    if folder.exists():
        folder.rename(aside)
    aside.mkdir(exist_ok=True)
    for file in found:
        file.rename(aside / file.name)
    return aside
