"""The file and the environment, as a `Config`, or as everything that is wrong with them."""

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
from edge.config.problems import Problem, problem, shown
from edge.config.schema import Config
from edge.errors import ConfigError

DEFAULT_PATH = Path("/etc/digitd/digitd.toml")
MAX_BYTES = 1_000_000
PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")


def load(path: Path, environment: Mapping[str, str] = os.environ, *, files: bool = False) -> Config:
    """The configuration in a file, with the environment's values in it. Raises ConfigError, a line for each thing that is wrong.

    files: whether the files that it names are looked at too, as whoever works with them wants to.
    """
    config, problems = checked(path, environment)
    if config is not None and files:
        problems = [each for found in unfit_files(config, path, environment) for each in found]
    if config is None or problems:
        raise ConfigError("\n".join(map(str, problems)))
    return config


def checked(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[Config | None, list[Problem]]:
    """The configuration, or None and everything that is wrong with it."""
    text, problems = _read(path)
    if text is None:
        return None, problems
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return None, [_no_toml(path, text, error)]
    tree, origins, lost = overlaid(tree, environment)
    problems = [_leads_nowhere(name, environment[name]) for name in lost]
    # Sections that are left out are read as empty ones, for their paths start at the file's folder as well.
    tree = {name: {} for name in Config.model_fields if name != "counter"} | tree
    context = {"folder": path.absolute().parent, "credentials": environment.get("CREDENTIALS_DIRECTORY")}
    config: Config | None = None
    errors: list[Any] = list(errors_across(tree))
    try:
        config = Config.model_validate(tree, context=context)
    except ValidationError as found:
        errors += found.errors(include_url=False)
    where = lines_of(text) if errors else {}
    problems += [problem(error, str(path), nearest(where, error["loc"]), _variable(error["loc"], where, origins)) for error in errors]
    return (None if problems else config), sorted(problems, key=lambda it: (it.file, it.line or 0))


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
