"""Environment variables in place of keys: `DIGITD_MQTT__HOST` is `host` of `[mqtt]`, `DIGITD_COUNTER__WATER__DIGITS` that of a counter.

A counter is told by its name, in capitals and with `_` for `-`, or by its number in the file from 1 on; the number after the last one
begins another counter. A variable that is empty is one that is not set.
"""

import re
from collections.abc import Mapping
from typing import Any

from edge.config.lines import Path

PREFIX, SEPARATOR = "DIGITD_", "__"
COUNTER = "counter"


def overlaid(tree: dict[str, Any], environment: Mapping[str, str]) -> tuple[dict[str, Any], dict[Path, str], list[str]]:
    """The tree of a file with the environment's values in it, which variable each of those came from, and variables that lead nowhere.

    Values stay text: what they should be is for the fields to say.
    """
    tree = {key: dict(value) if isinstance(value, dict) else value for key, value in tree.items()}
    if isinstance(tree.get(COUNTER), list):
        tree[COUNTER] = [dict(each) if isinstance(each, dict) else each for each in tree[COUNTER]]
    origins: dict[Path, str] = {}
    lost = []
    for name in sorted(environment, key=lambda it: [int(part) if part.isdecimal() else -1 for part in it.split(SEPARATOR)]):
        if not name.startswith(PREFIX) or SEPARATOR not in name or not environment[name]:
            continue
        keys = name.removeprefix(PREFIX).lower().split(SEPARATOR)
        path = _counter_path(tree, keys) if keys[0] == COUNTER and len(keys) > 2 else tuple(keys)
        if _put(tree, path, environment[name]):
            origins[path] = name
        else:
            lost.append(name)
    return tree, origins, lost


def _counter_path(tree: dict[str, Any], keys: list[str]) -> Path:
    counters = tree.setdefault(COUNTER, [])
    if not isinstance(counters, list):
        return tuple(keys)
    _, which, *rest = keys
    names = [str(each.get("name", "")) if isinstance(each, dict) else "" for each in counters]
    spelt = [name.lower().replace("-", "_") for name in names]
    if which in spelt:
        return (COUNTER, spelt.index(which), *rest)
    if re.fullmatch("[0-9]{1,3}", which) and 1 <= int(which) <= len(counters) + 1:
        return (COUNTER, int(which) - 1, *rest)
    return (COUNTER, which, *rest)


def _put(tree: dict[str, Any], path: Path, value: str) -> bool:
    """Set what is at the path; False where no table is there."""
    node: Any = tree
    for key in path[:-1]:
        if isinstance(node, list) and key == len(node):
            node.append({})
        if isinstance(node, list) and isinstance(key, int):
            node = node[key]
        elif isinstance(node, dict):
            node = node.setdefault(key, {})
        else:
            return False
    if not isinstance(node, dict):
        return False
    node[path[-1]] = value
    return True
