"""Files that a configuration names: they are not needed to understand it, but before anything starts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edge.config.lines import Path as Place
from edge.config.lines import lines_of, nearest
from edge.config.problems import Problem, as_toml, named
from edge.config.schema import Config

MADE_BY_DIGITD = {"path"}
"""Keys whose files need not be there yet."""


def missing_files(config: Config, path: Path) -> list[Problem]:
    """Those that are not there. path: of the configuration's own file."""
    where = lines_of(path.read_text(encoding="utf-8-sig"))
    return [
        Problem(
            file=str(path),
            line=nearest(where, at),
            key=named(at),
            found=as_toml(file),
            expected="a file that is there",
            fix="make it, or name another",
        )
        for at, file in _files(config, ())
        if not _there(file)
    ]


def _there(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:
        return True  # whoever runs the daemon may look there


def _files(value: Any, at: Place) -> Iterator[tuple[Place, Path]]:
    """Every file that is named in a section that is in use."""
    if isinstance(value, Path):
        if at[-1] not in MADE_BY_DIGITD:
            yield at, value
    elif isinstance(value, BaseModel):
        if getattr(value, "enabled", True):
            for name in type(value).model_fields:
                yield from _files(getattr(value, name), (*at, name))
    elif isinstance(value, tuple):
        for i, each in enumerate(value):
            yield from _files(each, (*at, i))
