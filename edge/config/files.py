"""Files that a configuration names: they are not needed to understand it, but before anything starts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edge.config.lines import Path as Place
from edge.config.problems import Problem, as_toml
from edge.config.schema import Config
from edge.config.secrets import secret
from edge.errors import DigitdError, in_parts

MADE_BY_DIGITD = {"path"}
"""Keys whose files need not be there yet."""
SWITCHES = ("enabled", "host", "url")
"""Keys that say whether a section is in use."""
EXPECTED = {
    "reference": ("the picture that the window was drawn in, whole", "take it anew, or name another file"),
    "model": ("a model of counters with its card", "name another file, or leave it out for the one that ships"),
}
"""What is expected of a file, and what to do, where its error does not say so itself."""


def unfit_files(
    config: Config, place: Callable[[Place], tuple[str, int | None, str]], doubtful: frozenset[Place] = frozenset()
) -> tuple[list[Problem], list[Problem]]:
    """Those that digitd could not work with, and those that this user may not read, so that somebody else has to look.

    place: file, line and key of a value. doubtful: the places of values that are not what was meant, for that was wrong.
    """
    unfit: list[Problem] = []
    closed: list[Problem] = []
    for at, file in _files(config, ()):
        try:
            _look(at, file, config, doubtful)
        except (DigitdError, OSError) as error:
            forbidden = isinstance(error, PermissionError) or isinstance(error.__cause__, PermissionError)
            (closed if forbidden else unfit).append(_told(error, at, file, forbidden=forbidden, place=place(at)))
    return unfit, closed


def _look(at: Place, file: Path, config: Config, doubtful: frozenset[Place]) -> None:
    """Raises OSError or DigitdError where the file is not what its key needs. What reads it is imported only where that is wanted."""
    if at == ("http", "token_file"):
        from edge.web.auth import read_token

        read_token(file)
    elif at[-1] in ("password_file", "token_file"):
        secret(file)
    elif not file.is_file():
        raise FileNotFoundError
    elif at[-1] == "reference":
        from edge.config.reference import check_reference

        counter, asked = config.counter[int(at[1])], config.camera.frame_size
        if any(each[0] == "camera" for each in doubtful):
            asked = None, None
        check_reference(file, asked, None if (*at[:2], "window") in doubtful else counter.corners)
    elif at[-1] == "model":
        from edge.inference.models import loader

        loader()(file)
    else:
        file.open("rb").close()


def _told(error: DigitdError | OSError, at: Place, file: Path, *, forbidden: bool, place: tuple[str, int | None, str]) -> Problem:
    found, expected, fix = as_toml(file), "a file that is there", "make it, or name another"
    if forbidden:
        found = f"{found}, which this user may not read"
        expected, fix = "a file that whoever runs digitd may read", "look at its permissions, and check again as that user or as root"
    elif isinstance(error, DigitdError):
        why, stated, what = in_parts(" ".join(str(error).removeprefix(f"{file}: ").split()))
        usual = EXPECTED.get(str(at[-1]), ("", "write it there, or name another file"))
        found, expected, fix = f"{found}: {why}", stated or usual[0], what or usual[1]
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
