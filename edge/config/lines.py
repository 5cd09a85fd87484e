"""On which line of a TOML file each key stands: `tomllib` reads values and forgets where they were."""

import tomllib
from typing import Any

Path = tuple[str | int, ...]


def lines_of(text: str) -> dict[Path, int]:
    """The line, counted from 1, on which each key or table of a valid TOML text begins. Elements of arrays of tables count from 0.

    Statement by statement: the fewest lines that `tomllib` accepts are one, so strings and arrays over several lines, dots, quotes and
    comments are as TOML has them. From where the text is not valid on, nothing is told.
    """
    where: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    statement: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not statement and line.strip()[:1] in ("", "#"):
            continue
        statement.append(line)
        try:
            tree = tomllib.loads("\n".join(statement) + "\n")
        except tomllib.TOMLDecodeError:
            continue
        start = number - len(statement) + 1
        if statement[0].lstrip().startswith("["):
            table = _table(tree, counts)
            where.setdefault(table, start)
        else:
            for path in _paths(tree):
                where.setdefault(table + path, start)
        statement = []
    return where


def nearest(where: dict[Path, int], path: Path) -> int | None:
    """The line of a key; where it is not in the file, of the table it belongs to."""
    return next((where[path[:length]] for length in range(len(path), 0, -1) if path[:length] in where), None)


def _table(tree: dict[str, Any], counts: dict[Path, int]) -> Path:
    """The path of the table that a header alone, as parsed, opens."""
    path: Path = ()
    node: Any = tree
    while node:
        ((key, node),) = node.items()
        path += (key,)
        if isinstance(node, list):
            node = node[0]
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path += (counts[path],)
    return path


def _paths(tree: Any) -> list[Path]:
    """Paths of all that is in a tree, what contains others before them."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path for key, value in items for path in ((key,), *((key, *deeper) for deeper in _paths(value)))]
