"""Every error a user can meet: one tree, each message says what was found, what was expected, and what to do."""

import re

BREAK = re.compile(r"; |\. (?=[A-Z])")
"""What stands between the parts of a message."""


class DigitdError(Exception):
    """Base of all errors that are shown to a user as one line, without a traceback."""


class DataError(DigitdError, ValueError):
    """A data file or folder is missing, damaged, or not what it claims to be."""


class DownloadError(DigitdError, OSError):
    """A download did not arrive whole: no network, a refused address, a wrong checksum."""


class ModelError(DigitdError, ValueError):
    """A model file, its card, and the code that should run it do not fit together."""


class RuntimeMissingError(DigitdError, ImportError):
    """No installed inference runtime can read this model file."""


class UsageError(DigitdError, ValueError):
    """The command was called in a way that cannot work."""


class ConfigError(DigitdError, ValueError):
    """The configuration cannot be taken: each line of the message is one thing that is wrong with it, and where."""


class PictureError(DigitdError, ValueError):
    """A picture or video is missing, damaged, too large, or not what it claims to be, or cannot be written."""


class StoreError(DigitdError, OSError):
    """The database of readings cannot be used: somebody else's, newer than this version, in use, or not readable."""


class CameraError(DigitdError, OSError):
    """The camera gives no picture: it is missing, silent, frozen, black, refuses, or sends something else."""


def in_parts(text: str) -> tuple[str, str, str]:
    """What was found, what was expected and what to do, of a message "found; expected that; do this"; empty where it does not say."""
    found, rest = _cut(text)
    expected, fix = _cut(rest.removeprefix("expected ")) if rest.startswith("expected ") else ("", rest)
    return found, expected, fix if fix[1:2].isupper() else fix[:1].lower() + fix[1:]


def _cut(text: str) -> tuple[str, str]:
    before, *after = BREAK.split(text, 1)
    return before, "".join(after)
