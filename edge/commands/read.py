"""`digitd read`: pictures in, readings out."""

import argparse
import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.paths import named
from edge.commands.quiet import only_our_words
from edge.errors import DigitdError, UsageError
from edge.guard import seen_enough

if TYPE_CHECKING:
    from edge.commands.drawing import Drawings
    from edge.commands.reading_text import Shown
    from edge.vision.window import Image

NOTES = """each reading has
  raw          what the digits show, ? where one cannot be read
  value        the reading where it is taken, else the last valid one: --previous, or none
  confidence   probability that the digits show raw, all that is known of before considered: next to nothing where they show less
               than --previous; with --find, that the window is the right one, too
  status       ok where it is taken; else what speaks against that
  proposals    with --find and --json: the windows that were found, best first: score, what speaks for each, and certainty, how
               likely it is that and no other

exit code: 0 all pictures are read, whatever the status; 1 one could not be read or drawn; 2 wrong usage

examples:
  digitd read meter.jpg --window "314,33 554,194 522,240 282,79" --digits 5
  digitd read meter.jpg --window "…" --digits 7 --decimals 3 --previous 1189.277 --json
  digitd read now.jpg --window "…" --digits 5 --reference meter.jpg    the camera was nudged since meter.jpg
  digitd read now.jpg --config /etc/digitd/digitd.toml --counter water
  digitd read meter.jpg --find --annotate seen.png      where no window is known
  digitd read note.jpg --layout free                    handwriting on paper
  digitd read frames/ --window "…" --digits 5 --json    a folder or a video, one JSON object a line
"""
MAX_DIGITS = 12

How = Callable[["Image", str], "Iterator[Shown | DigitdError]"]
"""What reads a frame, given what it is called: a reading for each counter or line, or what is wrong with it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd read`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, NOTES
    parser.add_argument(
        "pictures", nargs="+", type=named, metavar="PICTURE", help="a picture, a video, or a folder of them; stdin is not read"
    )
    parser.add_argument(
        "--window", type=_window, metavar='"x,y x,y x,y x,y"', help="corners of the digits, the top left one first, as one reads them"
    )
    parser.add_argument("--digits", type=int, metavar="N", help="how many digits the window shows")
    parser.add_argument("--decimals", type=int, metavar="N", help="how many of them stand behind the point (default: 0)")
    parser.add_argument(
        "--display",
        choices=("wheels", "lcd"),
        help="what shows them. lcd: each digit stands still, and the first places may show nothing but segments that are not lit, which "
        "look like 8s. Left out: wheels, or lcd where the first places look like that",
    )
    parser.add_argument("--reference", type=named, metavar="PICTURE", help="the picture that the window was drawn in, if it moved since")
    parser.add_argument(
        "--config",
        type=named,
        metavar="FILE",
        help="the daemon's file: its counters are read, in pictures turned as its camera's are; other options go first",
    )
    parser.add_argument("--counter", metavar="NAME", help="the one of them to read (default: all)")
    parser.add_argument("--layout", choices=("counter", "free"), default="counter", help="free: lines of handwriting (default: counter)")
    parser.add_argument("--find", action="store_true", help="look for the window")
    parser.add_argument(
        "--previous",
        metavar="VALUE",
        help="what it showed before; it cannot show less now, unless it went past its highest value to zero meanwhile",
    )
    parser.add_argument("--model", type=named, metavar="FILE", help="a .tflite or .onnx model with its card (default: the one that ships)")
    parser.add_argument(
        "--json", action="store_true", help="an object for each frame, one a line; of several counters, or lines of handwriting, one each"
    )
    parser.add_argument(
        "--annotate",
        type=named,
        metavar="OUT",
        help="write the picture with what was read; for several, or a video, a folder: each is named as its picture, with .png added",
    )


def run(args: argparse.Namespace) -> int:
    """Run `digitd read`."""
    _check(args)
    errors: list[DigitdError] = []
    try:
        read = _read(args, errors)
    except BrokenPipeError:  # whoever read our output has seen enough; what went wrong before counts all the same
        seen_enough()
        return 1 if errors else 0
    if errors and not read and all(isinstance(error, UsageError) for error in errors):
        return 2
    return 1 if errors else 0


def _read(args: argparse.Namespace, errors: list[DigitdError]) -> int:
    """How many frames were read. What is wrong with one is added to the errors, and told."""
    with contextlib.nullcontext() if args.debug else only_our_words():
        from edge.commands.frames import files

        how, rotation = _how(args)
        paths = list(files(args.pictures, errors.append))
        drawings = _drawings(args, paths) if args.annotate else None
        return _read_all(paths, how, rotation, drawings, errors, as_objects=args.json, fixed=not args.find)


def _read_all(
    paths: list[Path], how: How, rotation: int, drawings: "Drawings | None", errors: list[DigitdError], *, as_objects: bool, fixed: bool
) -> int:
    """Read, print and draw every frame of the files; how many were read. What is wrong with one is added to the errors, and told.

    fixed: the same window in every frame, so that one that cannot lie in the first of a video lies in none.
    """
    from edge.commands.frames import count, shots
    from edge.commands.progress import Progress
    from edge.commands.reading_text import as_json, as_text, one_line

    read = 0
    with Progress(count(paths) if sys.stderr.isatty() else None) as progress:

        def tell(error: DigitdError) -> None:
            progress.say(f"digitd: {one_line(str(error))}", error=True)

        def refuse(error: DigitdError) -> None:
            errors.append(error)
            tell(error)

        for error in errors:
            tell(error)

        def unread(error: DigitdError) -> None:
            refuse(error)
            progress.done()

        unfit = set[Path]()
        for shot in shots(paths, rotation, unread, unfit):
            readings = []
            for shown in how(shot.picture, shot.name):
                if isinstance(shown, DigitdError):
                    refuse(shown)
                else:
                    progress.say(json.dumps(as_json(shown, shot.name)) if as_objects else as_text(shown, shot.name))
                    readings.append(shown.reading)
            read += bool(readings)
            if fixed and not readings:
                unfit.add(shot.path)
            if readings and drawings:
                try:
                    drawings.draw(shot, readings)
                except DigitdError as error:
                    refuse(error)
            progress.done()
    return read


def _check(args: argparse.Namespace) -> None:
    """Raises UsageError for options that do not go together."""
    given = [
        name
        for name in ("window", "digits", "decimals", "display", "reference", "previous", "config", "counter")
        if getattr(args, name) is not None
    ]
    if args.layout == "free" and (given or args.find):
        raise UsageError(f"--layout free reads every digit on the page; leave out --{given[0] if given else 'find'}")
    if args.find and (contrary := [name for name in ("window", "reference", "config") if name in given]):
        raise UsageError(f"--{contrary[0]} and --find: take one of them")
    if args.counter and not args.config:
        raise UsageError("--counter without --config: name the file that has it, such as --config /etc/digitd/digitd.toml")
    if args.layout == "counter" and not args.window and not args.find and not args.config:
        raise UsageError("no window: name it by --window with --digits, take it from --config FILE, or let it be looked for with --find")
    if args.window and args.digits is None and not args.config:
        raise UsageError("--window without --digits: say how many digits it shows, such as --digits 5")
    if args.digits is not None and not 1 <= args.digits <= MAX_DIGITS:
        raise UsageError(f"--digits {args.digits}: expected 1 to {MAX_DIGITS}")
    if args.decimals is not None and not 0 <= args.decimals <= (args.digits or MAX_DIGITS):
        raise UsageError(f"--decimals {args.decimals}: expected 0 to the number of digits, {args.digits or f'{MAX_DIGITS} at most'}")
    if Path("-") in args.pictures and not Path("-").exists():
        raise UsageError("-: stdin is not read; save the picture to a file first")


def _window(text: str) -> str:
    """Without quotes the shell hands over the first corner, and the others as if they were pictures."""
    if re.fullmatch(r"\[*[\d.]+,[\d.]*\]*,?", text):
        raise argparse.ArgumentTypeError(f'{text} alone; put all four corners into one pair of quotes: --window "x,y x,y x,y x,y"')
    return text


def _how(args: argparse.Namespace) -> tuple[How, int]:
    """What reads a frame, by the options, and how far it is turned before, in degrees clockwise. Raises what `targets` does."""
    if args.layout == "counter" and not args.find:
        from edge.commands.targets import targets

        counters = targets(args)
        return _each([counter.read for counter in counters]), counters[0].rotation
    from edge.inference.fitting import Task, fitting
    from edge.inference.model import load
    from edge.inference.models import shipped

    task: Task = "handwritten" if args.layout == "free" else "counter"
    recognizer = fitting(load(args.model or shipped(f"lenet5-{task}")), args.model, task)
    if args.layout == "free":
        from edge.commands.reading_text import Shown
        from edge.page import read_page

        judge = load(shipped("lenet5-segments"))
        return lambda frame, _: (Shown(reading, line=line) for line, reading in enumerate(read_page(recognizer, judge, frame), 1)), 0
    from edge.commands.searching import Search

    search = Search(args, recognizer)
    return _each([lambda frame, _: search.read(frame)]), 0


def _each(readers: "list[Callable[[Image, str], Shown]]") -> How:
    """One that cannot read a frame does not keep the others from it."""

    def read(frame: "Image", name: str) -> "Iterator[Shown | DigitdError]":
        for reader in readers:
            try:
                yield reader(frame, name)
            except DigitdError as error:
                yield error

    return read


def _drawings(args: argparse.Namespace, paths: list[Path]) -> "Drawings":
    from edge.commands.drawing import Drawings

    return Drawings(args.annotate, paths, [args.reference] if args.reference else [])
