"""The file and the environment, as a `Config`, or as everything that is wrong with them."""

import dataclasses
import functools
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge.config.across import errors_across
from edge.config.environment import overlaid
from edge.config.files import unfit_files
from edge.config.lines import Path as Place
from edge.config.lines import lines_of, nearest
from edge.config.partly import partly
from edge.config.problems import Problem, named, problem, shown
from edge.config.schema import Config
from edge.errors import ConfigError

DEFAULT_PATH = Path("/etc/digitd/digitd.toml")
MAX_BYTES = 1_000_000
PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")


def load(path: Path, environment: Mapping[str, str] = os.environ, *, files: bool = False) -> Config:
    """The configuration in a file, with the environment's values in it. Raises ConfigError, a line for each thing that is wrong.

    files: whether the files that it names are looked at too, as whoever works with them wants to.
    """
    config, problems, closed = checked_with_files(path, environment) if files else (*checked(path, environment), [])
    if config is None or problems or closed:
        raise ConfigError("\n".join(map(str, problems + closed)))
    return config


def checked(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[Config | None, list[Problem]]:
    """The configuration, or None and everything that is wrong with it."""
    stated, problems = _stated(path, environment)
    return (None, problems) if stated is None else _validated(stated, problems)


def checked_with_files(
    path: Path, environment: Mapping[str, str] = os.environ
) -> tuple[Config | None, list[Problem], list[Problem]]:  # fmt: skip
    """The configuration, or None where it is wrong; what is wrong with it and with the files that it names, as far as it can be told which
    those are; and the files that this user may not read, so that somebody else has to look."""
    stated, problems = _stated(path, environment)
    if stated is None:
        return None, problems, []
    config, problems = _validated(stated, problems)
    known, doubtful = (config, frozenset[Place]()) if config is not None else partly(stated.tree, stated.context)
    unfit, closed = ([], []) if known is None else unfit_files(known, stated.place, doubtful)
    return config, _in_order(problems + unfit), closed


@dataclasses.dataclass(frozen=True)
class _Stated:
    """What the file and the environment state, before it is known whether that is right."""

    path: Path
    text: str
    tree: dict[str, Any]
    origins: dict[Place, str]
    """Variables of the environment, by what they state."""
    context: dict[str, Any]

    @functools.cached_property
    def where(self) -> dict[Place, int]:
        return lines_of(self.text)

    def place(self, at: Place) -> tuple[str, int | None, str]:
        """File, line and key of a value."""
        variable = self.origins.get(at)
        return (str(self.path), nearest(self.where, at), named(at)) if variable is None else ("environment", None, variable)


def _stated(path: Path, environment: Mapping[str, str]) -> tuple[_Stated | None, list[Problem]]:
    text, problems = _read(path)
    if text is None:
        return None, problems
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return None, [_no_toml(path, text, error)]
    tree, origins, lost = overlaid(tree, environment)
    # Sections that are left out are read as empty ones, for their paths start at the file's folder as well.
    tree = {name: {} for name in Config.model_fields if name != "counter"} | tree
    context = {"folder": path.absolute().parent, "credentials": environment.get("CREDENTIALS_DIRECTORY")}
    return _Stated(path, text, tree, origins, context), [_leads_nowhere(name, environment[name]) for name in lost]


def _validated(stated: _Stated, problems: list[Problem]) -> tuple[Config | None, list[Problem]]:
    config: Config | None = None
    errors: list[Any] = list(errors_across(stated.tree))
    try:
        config = Config.model_validate(stated.tree, context=stated.context)
    except ValidationError as found:
        errors += found.errors(include_url=False)
    where = stated.where if errors else {}
    problems = problems + [
        problem(error, str(stated.path), nearest(where, error["loc"]), _variable(error["loc"], where, stated.origins)) for error in errors
    ]
    return (None if problems else config), _in_order(problems)


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda it: (it.file, it.line or 0))


def _read(path: Path) -> tuple[str | None, list[Problem]]:
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            return None, [_unread(path, f"{path.stat().st_size} bytes", f"at most {MAX_BYTES}", "is it the right file?")]
        # TOML is UTF-8 whatever the locale; Windows' editors begin it with a mark.
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n"), []
    except FileNotFoundError:
        return None, [_unread(path, "no file", "a configuration", f"write one: digitd config > {path}")]
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return None, [_unread(path, f"a byte that is not UTF-8 (0x{error.object[error.start]:02x})", "UTF-8", "save it as UTF-8", line)]
    except OSError as error:
        return None, [_unread(path, f"what cannot be read ({error.strerror})", "a file", "look at its permissions")]


def _unread(path: Path, found: str, expected: str, fix: str, line: int | None = None) -> Problem:
    return Problem(file=str(path), line=line, key="", found=found, expected=expected, fix=fix)


def _no_toml(path: Path, text: str, error: Exception) -> Problem:
    place = PLACE.search(str(error))
    line = int(place[1]) if place and place[1] else text.rstrip("\n").count("\n") + 1
    what = PLACE.sub("", str(error))
    now = text.split("\n")[line - 1].strip()
    return _unread(path, f"{shown(now)} ({what})", "TOML", 'write key = value, text in "quotes", [section] or [[counter]]', line)


def _leads_nowhere(name: str, value: str) -> Problem:
    return Problem(
        file="environment",
        line=None,
        key=name,
        found=shown(value),
        expected="DIGITD_SECTION__KEY, for a counter DIGITD_COUNTER__NAME__KEY, or its number from 1 on",
        fix="see `digitd config` for sections and keys, or unset it",
    )


def _variable(at: Place, where: dict[Place, int], origins: dict[Place, str]) -> str | None:
    """The environment's variable that an error is about, if it is about one."""
    above = next((origins[at[:length]] for length in range(len(at), 0, -1) if at[:length] in origins), None)
    if above is not None or at in where:
        return above
    return next((name for path, name in origins.items() if path[: len(at)] == at), None)
