"""What a killed run needs to go on as if nothing had happened: every variable of the network and of its optimiser, and the history."""

import json
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
        unfinished = self.path.with_suffix(".part.npz")
        np.savez(unfinished, allow_pickle=False, identity=self.identity, history=json.dumps(history), **arrays)
        unfinished.replace(self.path)

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
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise ModelError(f"{self.path}: a damaged checkpoint ({error}); delete it to start this run anew") from error
        for variable, value in zip(self._variables(model), values, strict=True):
            variable.assign(value)
        return history

    def _variables(self, model: keras.Model) -> list[Any]:
        return [*model.variables, *model.optimizer.variables]
