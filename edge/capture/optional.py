"""Packages that only some cameras need, imported when one of those is asked for."""

import importlib
from typing import Any

from edge.errors import CameraError


def optional(module: str, *, needed_by: str, install: str) -> Any:
    """The module of that name. Raises CameraError with `install`, what to do, where it is missing or does not load."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        found = "is not installed" if error.name == module.partition(".")[0] else f"does not load ({error})"
        raise CameraError(f"{needed_by}: the Python package {module} {found}. {install}") from error
