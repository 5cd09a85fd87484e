"""`digitd read`: pictures in, readings out."""

import argparse
import json
import sys
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from edge.errors import DigitdError, UsageError

EXAMPLES = """examples:
  digitd read meter.jpg --window "314,33 554,194 522,240 282,79" --digits 5
  digitd read meter.jpg --window "…" --digits 7 --decimals 3 --previous 1189.277 --json
  digitd read meter.jpg --find --annotate seen.png      where no window is known
  digitd read note.jpg --layout free                    handwriting on paper
  digitd read frames/ --window "…" --digits 5 --json    a folder or a video, one JSON object a line
"""
MAX_DIGITS = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd read`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE", help="a picture, a folder of them, or a video")
    parser.add_argument("--window", metavar='"x,y x,y x,y x,y"', help="corners of the digits, the top left one first, as one reads them")
    parser.add_argument("--digits", type=int, metavar="N", help="how many digits the window shows")
    parser.add_argument("--decimals", type=int, default=0, metavar="N", help="how many of them stand behind the point (default: 0)")
    parser.add_argument("--display", choices=("wheels", "lcd"), default="wheels", help="what shows them (default: wheels)")
    parser.add_argument("--layout", choices=("counter", "free"), default="counter", help="free: lines of handwriting (default: counter)")
    parser.add_argument("--find", action="store_true", help="look for the window")
    parser.add_argument("--previous", metavar="VALUE", help="what it showed before; it cannot show less now")
    parser.add_argument("--model", type=Path, metavar="FILE", help="a .tflite or .onnx model with its card (default: the one that ships)")
    parser.add_argument("--json", action="store_true", help="an object for each frame, one a line")
    parser.add_argument("--annotate", type=Path, metavar="OUT", help="write the picture with what was read; a folder for several")


def run(args: argparse.Namespace) -> int:
    """Run `digitd read`."""
    corners, previous = _checked(args)
    from edge.capture.pictures import expand
    from edge.commands.reading_text import as_json, as_text
    from edge.inference.model import load
    from edge.inference.models import shipped

    recognizer = load(args.model or shipped("lenet5-handwritten" if args.layout == "free" else "lenet5-counter"))
    paths = expand(args.pictures)
    if args.annotate and len(paths) > 1 and not args.annotate.is_dir():
        raise UsageError(f"--annotate {args.annotate}: several pictures need a folder that exists to be drawn into")
    failed = False
    for done, path in enumerate(paths):
        if sys.stderr.isatty() and len(paths) > 1:
            print(f"\r{done}/{len(paths)} {path.name[:40]:40}", end="\r", file=sys.stderr)
        try:
            for name, frame in _frames(path):
                readings = _read(args, recognizer, frame, corners, previous, name)
                for reading in readings:
                    print(json.dumps(as_json(reading, name)) if args.json else as_text(reading, name), flush=True)
                if args.annotate:
                    _annotate(args.annotate, name, frame, readings)
        except UsageError:
            raise
        except DigitdError as error:
            print(f"digitd: {error}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


def _checked(args: argparse.Namespace) -> tuple[Any, Decimal | None]:
    """The window's corners and the previous value. Raises UsageError for options that do not go together."""
    from edge.vision.window import corners_from

    if args.layout == "free" and (args.window or args.find or args.digits or args.previous):
        raise UsageError("--layout free reads every digit on the page; leave out --window, --find, --digits and --previous")
    if args.layout == "counter" and not args.window and not args.find:
        raise UsageError("no window: name it by --window with --digits, or let it be looked for with --find")
    if args.window and args.find:
        raise UsageError("--window and --find: take one of them")
    if args.window and args.digits is None:
        raise UsageError("--window without --digits: say how many digits it shows, such as --digits 5")
    if args.digits is not None and not 1 <= args.digits <= MAX_DIGITS:
        raise UsageError(f"--digits {args.digits}: expected 1 to {MAX_DIGITS}")
    if args.decimals < 0 or (args.digits is not None and args.decimals > args.digits):
        raise UsageError(f"--decimals {args.decimals}: expected 0 to the number of digits")
    if args.annotate and not args.annotate.parent.is_dir():
        raise UsageError(f"--annotate {args.annotate}: no folder {args.annotate.parent}; make it first")
    previous = None
    if args.previous is not None:
        try:
            previous = Decimal(args.previous)
        except InvalidOperation as error:
            raise UsageError(f"--previous {args.previous}: not a number; expected one such as 1189.277") from error
    return (corners_from(args.window) if args.window else None), previous


def _frames(path: Path) -> Iterator[tuple[str, Any]]:
    """Name and frame of a picture, or of each frame of a video."""
    from edge.capture.formats import is_video
    from edge.capture.pictures import head_of, load
    from edge.capture.video import Video

    if path.is_file() and is_video(head_of(path)):
        with Video(path) as video:
            for number, frame in enumerate(video, 1):
                yield f"{path}#{number}", frame
    else:
        yield str(path), load(path).frame


def _read(args: argparse.Namespace, recognizer: Any, frame: Any, corners: Any, previous: Decimal | None, name: str) -> list[Any]:
    if args.layout == "free":
        from edge.page import read_page

        return list(read_page(recognizer, frame))
    from edge.reader import Reader
    from edge.reading import Reading
    from edge.vision.window import inside

    digits = args.digits
    if args.find:
        from edge.vision.find import find

        proposals = [p for p in find(frame, recognize=recognizer.read) if digits in (None, p.digits)]
        if not proposals:
            return [Reading.without_window()]
        corners, digits = proposals[0].corners, proposals[0].digits
    elif not inside(corners, frame.shape):
        height, width = frame.shape[:2]
        raise UsageError(f"--window {args.window}: reaches beyond {name}, which has {width} × {height} pixels; take its corners from it")
    return [Reader(recognizer, digits=digits, decimals=args.decimals, display=args.display).read(frame, corners, previous=previous)]


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
