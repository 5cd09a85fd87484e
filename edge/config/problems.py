"""What is wrong with a configuration, each as a person reads it: where, what was found, what was expected, what to do."""

import dataclasses
import difflib
import json
import re
from typing import Any, get_args

from pydantic import BaseModel

from edge.capture.address import Address
from edge.config.lines import Path
from edge.config.schema import Config
from edge.config.values import Refused

LONGEST_FOUND = 60
EXPECTED = {
    "extra_forbidden": "no such key",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text in quotes",
    "path_type": "a path in quotes",
    "missing": "a value, for it has no default",
}
"""By pydantic's names for errors; those with limits in them are in `_expected`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong."""

    file: str
    """The file, or `environment`."""
    line: int | None
    """Counted from 1; None where there is none to name."""
    key: str
    """`mqtt.port`, `counter 2.digits` (or the name of the variable), empty where it is about the whole file."""
    found: str
    expected: str
    fix: str

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.key) if part not in (None, ""))
        return f"{where}: found {self.found}, expected {self.expected}; {self.fix}"


def problem(error: Any, file: str, line: int | None, variable: str | None) -> Problem:
    """From one of pydantic's errors.

    variable: the environment's, where the value is from there.
    """
    path, kind, refused = error["loc"], error["type"], error.get("ctx", {}).get("error")
    section, field = _field(path)
    found, expected, fix = shown(error["input"]), _expected(error), _such_as(path, field, kind, variable)
    if isinstance(refused, Refused):
        found, fix = f"{found}, {refused.why}" if refused.why else found, refused.fix or fix
    if kind == "missing":
        found = "nothing"
    elif kind == "extra_forbidden":
        names = list(section.model_fields) if section else []
        close = difflib.get_close_matches(str(path[-1]), names, 1)
        found, expected = "a key that there is not", f"one of: {', '.join(names)}"
        fix = f'rename it to "{close[0]}", or remove it' if close else "remove it"
    if variable is not None:
        return Problem(file="environment", line=None, key=variable, found=found, expected=expected, fix=fix)
    return Problem(file=file, line=line, key=named(path), found=found, expected=expected, fix=fix)


def named(path: Path) -> str:
    """`counter 2.digits`: elements are counted from 1, as people do."""
    return re.sub(r"\.(\d+)", lambda match: f" {int(match[1]) + 1}", ".".join(map(str, path)))


def shown(value: Any) -> str:
    """A value as the file would have it, shortened, without what may be a password in an address."""
    text = as_toml(Address.masked(value)) if isinstance(value, str) else Address.masked(as_toml(value))
    return text if len(text) <= LONGEST_FOUND else f"{text[:LONGEST_FOUND]}…"


def _expected(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if isinstance(refused := context.get("error"), Refused):
        return refused.expected
    if kind == "literal_error":
        return f"one of {context['expected'].replace(chr(39), chr(34))}"
    limits = {"greater_than": "more than", "greater_than_equal": "at least", "less_than": "less than", "less_than_equal": "at most"}
    if kind in limits:
        (limit,) = (value for key, value in context.items() if key in ("gt", "ge", "lt", "le"))
        return f"{limits[kind]} {limit:g}"
    if kind == "string_too_short":
        return "at least one character"
    if kind == "string_too_long":
        return f"at most {context['max_length']} characters"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return "a table"
    if kind in ("tuple_type", "list_type"):
        return "a list of tables"
    return EXPECTED.get(kind, str(error["msg"]).removeprefix("Input should be ").lower())


def _such_as(path: Path, field: Any, kind: str, variable: str | None) -> str:
    """What to do: an example that works, and what the key is for where that has not been said."""
    if field is None or not field.examples:
        return "see `digitd config`"
    example = field.examples[-1]
    told = f"write for example {path[-1]} = {as_toml(example)}" if variable is None else f"set it for example to {example}"
    return told if kind == "value_error" else f"{told} ({field.description.rstrip('.')})"


def as_toml(value: Any) -> str:
    """An example or default, in TOML."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _field(path: Path) -> tuple[type[BaseModel] | None, Any]:
    """The section that a path leads into, and its field there, None where there is none."""
    section: type[BaseModel] | None = Config
    field: Any = None
    for key in path:
        if isinstance(key, int):
            continue
        if section is None or key not in section.model_fields:
            return section, None
        field = section.model_fields[key]
        inner = [each for each in (field.annotation, *get_args(field.annotation)) if isinstance(each, type) and issubclass(each, BaseModel)]
        if inner:
            section = inner[0]
        elif key != path[-1]:
            return section, field
    return section, field
