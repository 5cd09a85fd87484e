"""Files that a configuration names: they are not needed to understand it, but before anything starts."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edge.config.environment import overlaid
from edge.config.lines import Path as Place
from edge.config.lines import lines_of, nearest
from edge.config.problems import Problem, as_toml, named
from edge.config.schema import Config
from edge.config.secrets import secret
from edge.errors import ConfigError

MADE_BY_DIGITD = {"path"}
"""Keys whose files need not be there yet."""
SWITCHES = ("enabled", "host", "url")
"""Keys that say whether a section is in use."""


def unfit_files(config: Config, path: Path, environment: Mapping[str, str] = os.environ) -> tuple[list[Problem], list[Problem]]:
    """Those that digitd could not work with, and those that this user may not read, so that somebody else has to look.

    path: of the configuration's own file.
    """
    text = path.read_text(encoding="utf-8-sig")
    where, (_, origins, _) = lines_of(text), overlaid(tomllib.loads(text), environment)
    unfit: list[Problem] = []
    closed: list[Problem] = []
    for at, file in _files(config, ()):
        try:
            _look(at, file)
        except (ConfigError, OSError) as error:
            variable = origins.get(at)
            place = (str(path), nearest(where, at), named(at)) if variable is None else ("environment", None, variable)
            forbidden = isinstance(error, PermissionError) or isinstance(error.__cause__, PermissionError)
            (closed if forbidden else unfit).append(_told(error, file, forbidden=forbidden, place=place))
    return unfit, closed


def _look(at: Place, file: Path) -> None:
    """Raises OSError or ConfigError where the file is not what its key needs."""
    if at == ("http", "token_file"):
        from edge.web.auth import read_token  # and with it all of HTTP, only where that is wanted

        read_token(file)
    elif at[-1] in ("password_file", "token_file"):
        secret(file)
    elif not file.is_file():
        raise FileNotFoundError
    else:
        file.open("rb").close()


def _told(error: ConfigError | OSError, file: Path, *, forbidden: bool, place: tuple[str, int | None, str]) -> Problem:
    found, expected, fix = as_toml(file), "a file that is there", "make it, or name another"
    if forbidden:
        found = f"{found}, which this user may not read"
        expected, fix = "a file that whoever runs digitd may read", "look at its permissions, and check again as that user or as root"
    elif isinstance(error, ConfigError):
        why, _, rest = str(error).removeprefix(f"{file}: ").partition("; expected ")
        expected, _, what = rest.partition("; ")
        found, fix = f"{found}: {why}", what or "write it there, or name another file"
    elif not isinstance(error, FileNotFoundError):
        found = f"{found}: {error.strerror}"
    name, line, key = place
    return Problem(file=name, line=line, key=key, found=found, expected=expected, fix=fix)


def _files(value: Any, at: Place) -> Iterator[tuple[Place, Path]]:
    """Every file that is named in a section that is in use."""
    if isinstance(value, Path):
        if at[-1] not in MADE_BY_DIGITD:
            yield at, value
    elif isinstance(value, BaseModel):
        if not any(getattr(value, name, True) in (None, False) for name in SWITCHES):
            for name in type(value).model_fields:
                yield from _files(getattr(value, name), (*at, name))
    elif isinstance(value, tuple):
        for i, each in enumerate(value):
            yield from _files(each, (*at, i))
