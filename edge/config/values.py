"""What the file holds that TOML has no type for: times with units, windows, files, and where frames come from."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|s|min|h|d)\s*")
MOST_GAIN = 64.0
LONGEST_S = 100 * 365 * 86400.0
EXPECTED_DURATION = 'a time with its unit (ms, s, min, h, d), such as "5s", "1min" or "2h"'
EXPECTED_WINDOW = (
    'four corners in pixels, "x,y x,y x,y x,y": top-left, top-right, bottom-right, bottom-left as one reads the digits; '
    "`digitd read PICTURE --find` proposes them"
)
EXPECTED_SOURCE = (
    "picamera2, v4l2:/dev/video0, rtsp://…, http://… or https://…, folder:PATH (its newest picture), file:PATH (a picture or video), "
    "or simulated:"
)
SOURCES = re.compile(r"picamera2|v4l2:\S.*|rtsps?://[^\s/]+.*|https?://[^\s/]+.*|folder:\S.*|file:\S.*|[./~]\S*/.*|/.*|simulated:.*")
BARE_PATH = re.compile(r"[./~]")

Points = tuple[tuple[float, float], ...]


class Refused(ValueError):
    """A value that cannot be taken: what was expected in its place, and, where there is more to say than an example, what to do."""

    def __init__(self, expected: str, *, why: str | None = None, fix: str | None = None) -> None:
        """why: what is the matter with the value, where it does not meet the eye, as a clause: "which has no host"."""
        super().__init__(expected)
        self.expected, self.why, self.fix = expected, why, fix


def seconds(value: Any) -> float:
    """A time as the file has it (`"1min"`, 0, `"realtime"`), in seconds. A number without a unit could be anything, and is refused."""
    if value == "realtime" or (not isinstance(value, bool) and value in (0, "0")):
        return 0.0
    match = DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or (length := float(match[1]) * SECONDS[match[2]]) > LONGEST_S:
        raise Refused(EXPECTED_DURATION)
    return length


def _positive(value: float) -> float:
    if value <= 0:
        raise Refused(f"{EXPECTED_DURATION}, and more than 0")
    return value


def points(value: Any) -> Any:
    """A window as the command line takes it, or as four pairs of numbers."""
    from edge.errors import UsageError
    from edge.vision.window import corners_from

    if isinstance(value, (list, tuple)):
        try:
            value = " ".join(f"{float(x)!r},{float(y)!r}" for x, y in value)
        except (TypeError, ValueError, OverflowError) as error:
            raise Refused(EXPECTED_WINDOW) from error
    if not isinstance(value, str):
        raise Refused(EXPECTED_WINDOW)
    try:
        return tuple(map(tuple, corners_from(value).tolist()))
    except UsageError as error:
        raise Refused(EXPECTED_WINDOW, why=f"which has {str(error).partition(': ')[2].partition(';')[0]}") from error


def _auto_or(low: float, high: float) -> BeforeValidator:
    def number(value: Any) -> Any:
        if value is None or value == "auto":
            return None
        try:
            found = float(value)
        except (TypeError, ValueError, OverflowError):
            found = float("nan")
        if not low <= found <= high:
            raise Refused(f'"auto", or a number from {low:g} to {high:g}')
        return found

    return BeforeValidator(number)


def _auto_or_time(value: Any) -> Any:
    try:
        return None if value is None or value == "auto" else _positive(seconds(value))
    except Refused as error:
        raise Refused(f'"auto", or {EXPECTED_DURATION}') from error


def _auto_or_gains(value: Any) -> Any:
    """Red and blue, as two numbers or as "1.8, 1.5", which is how the environment tells them."""
    if value is None or value == "auto":
        return None
    try:
        red, blue = (float(gain) for gain in (value.split(",") if isinstance(value, str) else value))
    except (TypeError, ValueError, OverflowError):
        red = blue = 0.0
    if not (0 < red <= MOST_GAIN and 0 < blue <= MOST_GAIN):
        raise Refused(f'"auto", or the gains of red and blue, each more than 0 and at most {MOST_GAIN:g}, such as [1.8, 1.5]')
    return red, blue


def _absolute(path: Path, info: ValidationInfo) -> Path:
    """Relative paths start at the configuration's own folder."""
    try:
        path = path.expanduser()
    except RuntimeError as error:
        raise Refused("a path whose ~ is somebody's home") from error
    if "\0" in str(path):
        raise Refused("a path, which has no character 0")
    return path if path.is_absolute() or not info.context else info.context["folder"] / path


def _beside(path: Path, info: ValidationInfo) -> Path:
    if not path.name:
        raise Refused("the path of a file")
    return _absolute(path, info)


def _secret(path: Path, info: ValidationInfo) -> Path:
    """A plain name is one of systemd's credentials where there is one of that name."""
    credentials = info.context and info.context.get("credentials")
    if credentials and len(path.parts) == 1 and path.name and "\0" not in path.name and (credential := Path(credentials) / path).is_file():
        return credential
    return _beside(path, info)


def _whole(value: Any) -> Any:
    """The environment tells numbers as text."""
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value) else value


def _written_as(pattern: str, expected: str) -> AfterValidator:
    def written(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise Refused(expected)
        return value

    return AfterValidator(written)


def _source(value: str, info: ValidationInfo) -> str:
    from edge.capture.camera import check_source

    if not SOURCES.fullmatch(value):
        raise Refused(EXPECTED_SOURCE)
    if (reason := check_source(value)) is not None:
        found, _, expected = reason.partition("; expected ")
        simulated = value.startswith("simulated:")
        fix = 'write for example source = "simulated:?digits=7&rate=2"' if simulated else None
        raise Refused(expected, why=f"which cannot work: {found.rpartition(': ')[2]}", fix=fix)
    kind, _, path = f"file:{value}".partition(":") if BARE_PATH.match(value) else value.partition(":")
    return f"{kind}:{_absolute(Path(path), info)}" if kind in ("file", "folder") else value


Duration = Annotated[float, BeforeValidator(seconds)]
"""Seconds; 0 where there is none."""
SomeDuration = Annotated[float, BeforeValidator(seconds), AfterValidator(_positive)]
"""Seconds, more than 0."""
AutoDuration = Annotated[float | None, BeforeValidator(_auto_or_time)]
"""Seconds; None: whatever the camera finds."""
Gain = Annotated[float | None, _auto_or(1, MOST_GAIN)]
Gains = Annotated[tuple[float, float] | None, BeforeValidator(_auto_or_gains)]
Dioptres = Annotated[float | None, _auto_or(0, 32)]
Window = Annotated[Points, BeforeValidator(points)]
File = Annotated[Path, AfterValidator(_beside)]
SecretFile = Annotated[Path, AfterValidator(_secret)]
Source = Annotated[str, AfterValidator(_source)]
QuarterTurns = Annotated[Literal[0, 90, 180, 270], BeforeValidator(_whole)]
"""Degrees."""
Name = Annotated[str, _written_as(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", "letters, digits, - and _, a letter or digit first, 63 at most")]
Topic = Annotated[str, _written_as(r"[^/+#\s\x00]+(/[^/+#\s\x00]+)*", "levels with / between them, without spaces, + and #")]
