"""The counters that `digitd read` reads in every picture: from the command line, from the daemon's file, or from both."""

import argparse
import dataclasses
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.capture.pictures import load as load_picture
from edge.commands.reading_text import Shown, notes
from edge.errors import PictureError, UsageError
from edge.inference.model import Recognizer
from edge.inference.models import loader
from edge.reader import Reader
from edge.vision.reference import Reference
from edge.vision.window import Corners, Image, corners_from, inside

if TYPE_CHECKING:
    from edge.config.counter import Counter
    from edge.config.schema import Config

OF_ONE = ("window", "digits", "decimals", "display", "reference", "previous")
"""Options that are about one counter."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """A counter, and all that is needed to read it in a picture."""

    name: str | None
    """As the configuration has it; None from the command line."""
    corners: Corners
    reader: Reader
    reference: Reference | None
    previous: Decimal | None
    rotation: int
    """Degrees clockwise, 0, 90, 180 or 270, by which a frame has been turned when `read` gets it."""

    def read(self, frame: Image, name: str) -> Shown:
        """What a frame that is called so shows. Raises UsageError or PictureError where the window cannot lie in it."""
        height, width = frame.shape[:2]
        told = f"counter {self.name}: " if self.name else ""
        if self.reference is None:
            _check_inside(self.corners, frame, name, told)
        elif self.reference.frame_shape != (height, width):
            tall, wide = self.reference.frame_shape
            raise PictureError(
                f"{told}{name}: {width} × {height} pixels, its reference has {wide} × {tall}; expected pictures of one camera, as it "
                "took them"
            )
        reading = self.reader.read(frame, self.corners, reference=self.reference, previous=self.previous)
        return Shown(reading, self.name, note=notes(reading, self.reader, self.previous))


def targets(args: argparse.Namespace) -> list[Target]:
    """The counters to read, one at least.

    Raises UsageError, ConfigError, PictureError or ModelError where the options, or what they name, do not fit.
    """
    recognizer = loader()
    if args.config is None:
        return [_target(args, None, recognizer(args.model), rotation=0)]
    from edge.config.load import load

    config = load(args.config)
    rotation = config.camera.rotation
    return [
        _target(args, counter, recognizer(args.model or counter.model), rotation=rotation) for counter in _counters(args, config)
    ]  # fmt: skip


def previous_value(text: str | None) -> Decimal | None:
    """The value of `--previous`."""
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise UsageError(f"--previous {text}: not a number; expected one such as 1189.277")
    return value


def check_previous(reader: Reader, previous: Decimal | None) -> None:
    """Raises UsageError where a counter that is read so cannot show the value of `--previous`."""
    if previous is None:
        return
    try:
        reader.steps(previous)
    except UsageError as error:
        raise UsageError(f"--previous {str(error).removeprefix('value ')}") from error


def _counters(args: argparse.Namespace, config: "Config") -> "list[Counter]":
    counters = list(config.counter)
    names = ", ".join(counter.name for counter in counters)
    if args.counter is not None:
        counters = [counter for counter in counters if counter.name == args.counter]
        if not counters:
            raise UsageError(f"--counter {args.counter}: {args.config} has {names or 'none'}; name one of those")
    if not counters:
        raise UsageError(f"{args.config}: no counter in it; expected a [[counter]] with name, window and digits, see digitd config")
    if len(counters) > 1 and (given := [name for name in OF_ONE if getattr(args, name) is not None]):
        raise UsageError(f"--{given[0]} is about one counter, and {args.config} has {names}; name one by --counter")
    return counters


def _target(args: argparse.Namespace, counter: "Counter | None", recognizer: Recognizer, *, rotation: int) -> Target:
    def chosen(option: str, default: Any) -> Any:
        """The command line wins."""
        given = getattr(args, option)
        return given if given is not None else default if counter is None else getattr(counter, option)

    corners = counter.corners if counter and not args.window else corners_from(args.window)
    digits, decimals = chosen("digits", 0), chosen("decimals", 0)
    if decimals > digits:
        raise UsageError(f"--decimals {decimals}: expected 0 to the number of digits, {digits}")
    reader = Reader(
        recognizer, digits=digits, decimals=decimals, display=chosen("display", None), rules=counter.rules if counter else None
    )  # fmt: skip
    previous = previous_value(args.previous)
    check_previous(reader, previous)
    reference = chosen("reference", None)
    return Target(
        name=counter.name if counter else None,
        corners=corners,
        reader=reader,
        reference=None if reference is None else _reference(reference, corners),
        previous=previous,
        rotation=rotation,
    )


def _reference(path: Path, corners: Corners) -> Reference:
    frame = load_picture(path).frame
    _check_inside(corners, frame, f"its reference {path}")
    return Reference.of(frame, corners)


def _check_inside(corners: Corners, frame: Image, name: str, told: str = "") -> None:
    if not inside(corners, frame.shape):
        height, width = frame.shape[:2]
        window = " ".join(f"{x:g},{y:g}" for x, y in corners.tolist())
        raise UsageError(f'{told}window "{window}": reaches beyond {name}, which has {width} × {height} pixels; take its corners from it')
