"""What can be understood of a configuration that is wrong elsewhere, so that the files it names are looked at in the same go."""

import copy
from typing import Any

from pydantic import ValidationError

from edge.config.counter import Counter
from edge.config.lines import Path as Place
from edge.config.schema import Config

ROUNDS = 3
"""A table that is none lacks keys once it is one, and decimals may be too many for digits that had to be made up."""


def partly(tree: dict[str, Any], context: dict[str, Any]) -> tuple[Config | None, frozenset[Place]]:
    """The configuration with what is wrong left out, or an example in its place where there must be something; and those places."""
    tree, doubtful = copy.deepcopy(tree), set[Place]()
    for _ in range(ROUNDS):
        try:
            return Config.model_validate(tree, context=context), frozenset(doubtful)
        except ValidationError as found:
            for error in found.errors(include_url=False):
                at = error["loc"][: 3 if error["loc"][0] == "counter" else 2]
                doubtful.add(at)
                _mend(tree, at)
    return None, frozenset(doubtful)


def _mend(tree: dict[str, Any], at: Place) -> None:
    *above, key = at
    table: Any = tree
    for each in above:
        table = table[each]
    field = Counter.model_fields.get(str(key)) if at[0] == "counter" else None
    if field is not None and field.is_required():
        table[key] = (field.examples or [None])[0]
    elif isinstance(key, int) or (len(at) == 1 and key in Config.model_fields and key != "counter"):
        table[key] = {}
    else:
        table.pop(key, None)
