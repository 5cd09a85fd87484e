"""Configurations from text, and the problems that are told of them."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from edge.config.load import checked, load
from edge.config.problems import Problem
from edge.config.schema import Config
from edge.config.section import Section
from edge.config.template import template

COUNTER = '[[counter]]\nname = "water"\nwindow = "314,33 554,194 522,240 282,79"\ndigits = 5\n'

SHOWN = re.sub(r"(?m)^# (\[\[|[a-z_]+ = )", r"\1", template())
"""The template with every key set to what it shows."""
TAKEN = re.sub(r'(?m)^(user = "digitd"|password_file = "camera-password")\n', "", SHOWN, count=2)
"""The same without what only a camera of the network can be told, where the source it shows is none."""


def config_of(file: Path, text: str, **environment: str) -> Config:
    file.write_text(text, encoding="utf-8")
    return load(file, environment)


def problems_of(file: Path, text: str, **environment: str) -> list[Problem]:
    file.write_text(text, encoding="utf-8")
    config, problems = checked(file, environment)
    assert (config is None) == bool(problems)
    return problems


def only_problem_of(file: Path, text: str, **environment: str) -> Problem:
    (problem,) = problems_of(file, text, **environment)
    return problem


def sections(section: type[BaseModel] = Config) -> Iterator[type[BaseModel]]:
    yield section
    for field in section.model_fields.values():
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, Section):
                yield from sections(kind)
