"""The commented default configuration, made from the descriptions of the fields."""

import textwrap
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from edge.config.counter import Counter
from edge.config.problems import as_toml
from edge.config.schema import Config
from edge.config.section import Section

WIDTH = 100
HEAD = """digitd's configuration. Each key stands here with its default, or an example where it has none; take the # away to set it.

`digitd check-config FILE` says whether a file is right. Every key can be set by an environment variable as well, which wins:
DIGITD_MQTT__HOST is host of [mqtt], DIGITD_COUNTER__WATER__DIGITS is digits of the counter called water."""
TIMES = 'Times have a unit: "500ms", "5s", "1min", "2h", "7d". Relative paths start at the folder of this file.'


def template() -> str:
    """A TOML file with every section and key: all keys commented out, so that it is the default itself."""
    parts = [_comment(HEAD), _comment(TIMES)]
    for name, field in Config.model_fields.items():
        if name == "counter":
            parts.append(f"{_comment(str(field.description))}\n# [[{name}]]\n{_keys(Counter)}")
            continue
        section = field.annotation
        assert isinstance(section, type)
        assert issubclass(section, Section)
        parts.append(f"{_comment(str(field.description))}\n[{name}]\n{_keys(section)}")
    return "\n\n".join(parts) + "\n"


def _keys(section: type[BaseModel]) -> str:
    lines = []
    for name, field in section.model_fields.items():
        example = (field.examples or [None])[0]
        # Times are kept as numbers, and a default of None says nothing: their first example is the default as one writes it.
        own = (
            not field.is_required()
            and field.default is not None
            and (isinstance(field.default, (str, Path)) or not isinstance(example, str))
        )
        value = field.default if own else example
        described = " ".join([str(field.description), *_allowed(field)])
        lines.append(f"\n{_comment(described, '## ')}\n# {name} = {as_toml(value)}")
    return "\n".join(lines).lstrip("\n")


def _allowed(field: FieldInfo) -> list[str]:
    """The values that a field with few of them takes."""
    if get_origin(field.annotation) is not Literal:
        return []
    return [f"One of {', '.join(map(as_toml, get_args(field.annotation)))}."]


def _comment(text: str, mark: str = "# ") -> str:
    paragraphs = text.split("\n\n")
    return f"\n{mark.rstrip()}\n".join(
        "\n".join(mark + line for line in textwrap.wrap(paragraph, WIDTH - len(mark), break_on_hyphens=False)) for paragraph in paragraphs
    )
