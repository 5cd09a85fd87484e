"""`digitd read`: pictures in, readings out."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.commands.quiet import only_our_words
from edge.errors import DigitdError, UsageError

if TYPE_CHECKING:
    from edge.inference.model import Recognizer
    from edge.reading import Reading

EXAMPLES = """examples:
  digitd read meter.jpg --window "314,33 554,194 522,240 282,79" --digits 5
  digitd read meter.jpg --window "…" --digits 7 --decimals 3 --previous 1189.277 --json
  digitd read now.jpg --window "…" --digits 5 --reference meter.jpg    the camera was nudged since meter.jpg
  digitd read now.jpg --config /etc/digitd/digitd.toml --counter water
  digitd read meter.jpg --find --annotate seen.png      where no window is known
  digitd read note.jpg --layout free                    handwriting on paper
  digitd read frames/ --window "…" --digits 5 --json    a folder or a video, one JSON object a line
"""
MAX_DIGITS = 12

Named = tuple[str | None, "Reading"]
"""A reading, and the counter it is of where that has a name."""
How = Callable[[Any, str], list[Named]]
"""What reads a frame, given what it is called."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd read`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE", help="a picture, a folder of them, or a video")
    parser.add_argument("--window", metavar='"x,y x,y x,y x,y"', help="corners of the digits, the top left one first, as one reads them")
    parser.add_argument("--digits", type=int, metavar="N", help="how many digits the window shows")
    parser.add_argument("--decimals", type=int, metavar="N", help="how many of them stand behind the point (default: 0)")
    parser.add_argument("--display", choices=("wheels", "lcd"), help="what shows them (default: wheels)")
    parser.add_argument("--reference", type=Path, metavar="PICTURE", help="the picture that the window was drawn in, if it moved since")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the daemon's file: its counters are read, other options go first")
    parser.add_argument("--counter", metavar="NAME", help="the one of them to read (default: all)")
    parser.add_argument("--layout", choices=("counter", "free"), default="counter", help="free: lines of handwriting (default: counter)")
    parser.add_argument("--find", action="store_true", help="look for the window")
    parser.add_argument("--previous", metavar="VALUE", help="what it showed before; it cannot show less now")
    parser.add_argument("--model", type=Path, metavar="FILE", help="a .tflite or .onnx model with its card (default: the one that ships)")
    parser.add_argument("--json", action="store_true", help="an object for each frame, one a line")
    parser.add_argument("--annotate", type=Path, metavar="OUT", help="write the picture with what was read; a folder for several")


def run(args: argparse.Namespace) -> int:
    """Run `digitd read`."""
    _check(args)
    with contextlib.nullcontext() if args.debug else only_our_words():
        how = _how(args)
        errors: list[DigitdError] = []
        paths = list(_files(args.pictures, errors.append))
        if args.annotate and len(paths) > 1 and not args.annotate.is_dir():
            raise UsageError(f"--annotate {args.annotate}: several pictures need a folder that exists to be drawn into")
        read = _read_all(args, paths, how, errors)
    if errors and not read and all(isinstance(error, UsageError) for error in errors):
        return 2
    return 1 if errors else 0


def _read_all(args: argparse.Namespace, paths: list[Path], how: How, errors: list[DigitdError]) -> int:
    """Read, print and draw every frame of the files; how many there were. What is wrong with one is added to the errors, and told."""
    from edge.commands.progress import Progress
    from edge.commands.reading_text import as_json, as_text

    read = 0
    with Progress(_count(paths) if sys.stderr.isatty() else None) as progress:

        def refuse(error: DigitdError) -> None:
            errors.append(error)
            progress.say(f"digitd: {error}", error=True)

        for error in errors:
            progress.say(f"digitd: {error}", error=True)
        for name, frame in _frames(paths, refuse):
            try:
                readings = how(frame, name)
            except DigitdError as error:
                refuse(error)
            else:
                read += 1
                for counter, reading in readings:
                    progress.say(json.dumps(as_json(reading, name, counter)) if args.json else as_text(reading, name, counter))
                if args.annotate:
                    _annotate(args.annotate, name, frame, [reading for _, reading in readings])
            progress.done()
    return read


def _check(args: argparse.Namespace) -> None:
    """Raises UsageError for options that do not go together."""
    given = [
        name for name in ("window", "digits", "decimals", "display", "reference", "previous", "config", "counter") if getattr(args, name)
    ]
    if args.layout == "free" and (given or args.find):
        raise UsageError(f"--layout free reads every digit on the page; leave out --{given[0] if given else 'find'}")
    if args.find and (contrary := [name for name in ("window", "reference", "config") if name in given]):
        raise UsageError(f"--{contrary[0]} and --find: take one of them")
    if args.counter and not args.config:
        raise UsageError("--counter without --config: name the file that has it, such as --config /etc/digitd/digitd.toml")
    if args.layout == "counter" and not args.window and not args.find and not args.config:
        raise UsageError("no window: name it by --window with --digits, take it --config FILE, or let it be looked for with --find")
    if args.window and args.digits is None and not args.config:
        raise UsageError("--window without --digits: say how many digits it shows, such as --digits 5")
    if args.digits is not None and not 1 <= args.digits <= MAX_DIGITS:
        raise UsageError(f"--digits {args.digits}: expected 1 to {MAX_DIGITS}")
    if args.decimals is not None and not 0 <= args.decimals <= (args.digits or MAX_DIGITS):
        raise UsageError(f"--decimals {args.decimals}: expected 0 to the number of digits")
    if args.annotate and not args.annotate.parent.is_dir():
        raise UsageError(f"--annotate {args.annotate}: no folder {args.annotate.parent}; make it first")


def _how(args: argparse.Namespace) -> How:
    """What reads a frame, by the options. Raises what `targets` does."""
    if args.layout == "counter" and not args.find:
        from edge.commands.targets import targets

        counters = targets(args)
        return lambda frame, name: [(counter.name, counter.read(frame, name)) for counter in counters]
    from edge.inference.model import load
    from edge.inference.models import shipped

    recognizer = load(args.model or shipped("lenet5-handwritten" if args.layout == "free" else "lenet5-counter"))
    if args.layout == "free":
        from edge.page import read_page

        return lambda frame, _: [(None, reading) for reading in read_page(recognizer, frame)]
    return lambda frame, _: [(None, _searched(args, recognizer, frame))]


def _searched(args: argparse.Namespace, recognizer: "Recognizer", frame: Any) -> "Reading":
    from edge.commands.targets import previous_value
    from edge.reader import Reader
    from edge.reading import Reading, Status
    from edge.vision.find import find

    previous = previous_value(args.previous)
    proposals = [p for p in find(frame, recognize=recognizer.read) if args.digits in (None, p.digits)]
    if not proposals:
        return Reading.of_nothing(Status.NO_WINDOW)
    best, decimals = proposals[0], args.decimals or 0
    if decimals > best.digits:
        raise UsageError(f"--decimals {decimals}: the window that was found has {best.digits} digits; name the right one by --window")
    reader = Reader(recognizer, digits=best.digits, decimals=decimals, display=args.display or "wheels")
    return reader.read(frame, best.corners, previous=previous)


def _files(paths: list[Path], refuse: Callable[[DigitdError], None]) -> Iterator[Path]:
    """The files to read; a folder without a picture does not keep the others from being read."""
    from edge.capture.pictures import expand

    for path in paths:
        try:
            yield from expand([path])
        except DigitdError as error:
            refuse(error)


def _frames(paths: list[Path], refuse: Callable[[DigitdError], None]) -> Iterator[tuple[str, Any]]:
    """Name and frame of each picture, and of each frame of a video."""
    from edge.capture.pictures import load
    from edge.capture.video import Video

    for path in paths:
        try:
            if _is_video(path):
                with Video(path) as video:
                    for number, frame in enumerate(video, 1):
                        yield f"{path}#{number}", frame
            else:
                yield str(path), load(path).frame
        except DigitdError as error:
            refuse(error)


def _count(paths: list[Path]) -> int | None:
    """How many frames there are; None where a video does not tell."""
    from edge.capture.video import Video

    total = 0
    for path in paths:
        count: int | None = 1
        if _is_video(path):
            try:
                with Video(path) as video:
                    count = video.count
            except DigitdError:
                count = 0  # told when its turn comes
        if count is None:
            return None
        total += count
    return total


def _is_video(path: Path) -> bool:
    from edge.capture.formats import is_video
    from edge.capture.pictures import head_of

    return is_video(head_of(path))


def _annotate(out: Path, name: str, frame: Any, readings: list[Any]) -> None:
    import cv2

    from edge.vision.annotate import Mark, annotate

    marks = [Mark(wheel.corners, wheel.digit, wheel.confidence) for reading in readings for wheel in reading.wheels]
    best = readings[0] if readings else None
    shown = " / ".join(reading.raw for reading in readings)
    picture = annotate(frame, marks, shown, best.confidence if best else 0.0, best.status if best else "no digits")
    path = out / f"{Path(name.replace('#', '-')).stem}.png" if out.is_dir() else out
    try:
        written = cv2.imwrite(str(path), picture)
    except cv2.error:
        written = False
    if not written:
        raise UsageError(f"--annotate {path}: cannot be written; expected a name that ends in .png or .jpg, in a folder of yours")
