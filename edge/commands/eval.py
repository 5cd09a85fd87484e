"""`digitd eval`: how often whole readings are right, on photos whose true reading is known."""

import argparse
import contextlib
import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.commands.paths import named
from edge.commands.quiet import only_our_words
from edge.errors import DataError, DigitdError, UsageError

EXAMPLES = """FRAMES.json holds a list of objects with path (beside it), meter, digits (N where a wheel is in mid-roll and any digit is
right; in quotes, with the zeros that lead), polygon (four corners, the top left one first, as one reads them) and, for a display,
"display": "lcd" or "lcd7"; "wheels" and "roller" are wheels.

examples:
  digitd eval frames.json
  digitd eval frames.json --model models/lenet5-counter.onnx --json
  digitd eval frames.json --sheet misreads.png
"""
BINS = 10


@dataclasses.dataclass(frozen=True)
class Result:
    """One photo read: what it shows, what was read, how certain that was, and the window's picture for the sheet."""

    meter: str
    path: str
    digits: str
    raw: str
    confidence: float
    wheels: tuple[float, ...]
    """The confidence of each digit."""
    window: Any

    @property
    def digits_right(self) -> tuple[bool, ...]:
        """Which of the digits are right."""
        return tuple(true in ("N", read) for true, read in zip(self.digits, self.raw, strict=True))

    @property
    def right(self) -> bool:
        """Whether all are."""
        return all(self.digits_right)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd eval`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    parser.add_argument("frames", type=named, metavar="FRAMES.json", help="photos with their true readings")
    parser.add_argument("--model", type=named, metavar="FILE", help="a .tflite or .onnx model with its card (default: the one that ships)")
    parser.add_argument("--json", action="store_true", help="the same figures for a script")
    parser.add_argument("--sheet", type=named, metavar="OUT", help="write the windows that were misread as one picture")


def run(args: argparse.Namespace) -> int:
    """Run `digitd eval`."""
    from edge.commands.photos import entries

    listed = entries(args.frames)
    if args.sheet:
        _check_sheet(args.sheet, args.frames, listed)
    with contextlib.nullcontext() if args.debug else only_our_words():
        results = _results(args, listed)
        if not results:
            raise DataError(f"{args.frames}: none of its {len(listed)} photos could be read")
        by_meter = {meter: figures([r for r in results if r.meter == meter]) for meter in dict.fromkeys(r.meter for r in results)}
        whole = figures(results)
        whole["readings_right_meter_mean"] = sum(each["readings_right"] for each in by_meter.values()) / len(by_meter)
        wrong = [r for r in results if not r.right]
        if args.json:
            misreads = [{"path": r.path, "digits": r.digits, "raw": r.raw, "confidence": round(r.confidence, 4)} for r in wrong]
            print(json.dumps({**whole, "meters": by_meter, "misreads": misreads}, indent=1))
        else:
            _print_table(by_meter, whole, wrong)
        if args.sheet:
            _sheet(args.sheet, wrong)
    return 1 if len(results) < len(listed) else 0


def _results(args: argparse.Namespace, listed: list[Any]) -> list[Result]:
    """Each photo read; one that cannot be is told, and the others are read."""
    from edge.commands.photos import photo
    from edge.commands.progress import Progress
    from edge.commands.reading_text import one_line
    from edge.inference.models import loader
    from edge.reader import Reader
    from edge.vision.window import strip

    recognizer, results = loader()(args.model), []
    with Progress(len(listed)) as progress:
        for number, entry in enumerate(listed, 1):
            try:
                shot = photo(args.frames, number, entry)
                frame, count = shot.frame(), len(shot.digits)
                reading = Reader(recognizer, digits=count, display=shot.display).read(frame, shot.corners)
                picture = strip(frame, shot.corners, size=(64, 44 * count))
                wheels = tuple(wheel.confidence for wheel in reading.wheels)
                results.append(Result(shot.meter, shot.name, shot.digits, reading.raw, reading.confidence, wheels, picture))
            except DigitdError as error:
                progress.say(f"digitd: {one_line(str(error))}", error=True)
            progress.done()
    return results


def figures(results: list[Result]) -> dict[str, float]:
    """Shares 0 to 1 over some photos; `ece`: calibration error of the readings' confidence, `digits_ece`: of the digits'."""
    count = len(results)
    sure = [r for r in results if r.confidence >= 0.9]
    digits_right = [right for r in results for right in r.digits_right]
    return {
        "n": count,
        "readings_right": sum(r.right for r in results) / count,
        "digits_right": sum(digits_right) / len(digits_right),
        "coverage_at_0_9": len(sure) / count,
        "wrong_at_0_9": sum(not r.right for r in sure),
        "ece": calibration_error([r.confidence for r in results], [r.right for r in results]),
        "digits_ece": calibration_error([wheel for r in results for wheel in r.wheels], digits_right),
    }


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error over ten bins (Guo et al., "On calibration of modern neural networks", 2017), 0 to 1."""
    gaps = [0.0] * BINS
    for confidence, is_right in zip(confidences, right, strict=True):
        gaps[min(int(confidence * BINS), BINS - 1)] += is_right - confidence
    return sum(map(abs, gaps)) / len(confidences)


def _print_table(by_meter: dict[str, dict[str, float]], whole: dict[str, float], wrong: list[Result]) -> None:
    from edge.commands.reading_text import one_line

    print(f"{'':28}{'photos':>8}{'readings':>10}{'digits':>10}{'sure ≥ 0.9':>12}{'wrong then':>12}{'calibration':>13}{'of digits':>11}")
    for name, each in {**by_meter, "all": whole}.items():
        shares = f"{each['readings_right']:>10.1%}{each['digits_right']:>10.1%}{each['coverage_at_0_9']:>12.1%}"
        print(f"{one_line(name)[:27]:28}{each['n']:>8}{shares}{each['wrong_at_0_9']:>12}{each['ece']:>13.3f}{each['digits_ece']:>11.3f}")
    print(f"{'mean over meters':28}{len(by_meter):>8}{whole['readings_right_meter_mean']:>10.1%}")
    for r in wrong:
        print(f"  {one_line(r.path)}: {r.raw}, true {r.digits}, confidence {r.confidence:.2f}")


def _sheet(path: Path, wrong: list[Result]) -> None:
    import cv2
    import numpy as np

    from edge.commands.picture_file import write

    tiles = []
    for r in wrong:
        colour = cv2.cvtColor(r.window, cv2.COLOR_GRAY2BGR) if r.window.ndim == 2 else r.window
        tile = np.full((100, 560, 3), 255, np.uint8)
        tile[4 : 4 + colour.shape[0], 4 : 4 + min(colour.shape[1], 552)] = colour[:, :552]
        cv2.putText(tile, f"{r.raw}, true {r.digits}  {r.confidence:.2f}  {r.meter[:20]}", (4, 90), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 0, 1)
        tiles.append(tile)
    if not tiles:
        tiles.append(np.full((100, 560, 3), 255, np.uint8))
        cv2.putText(tiles[0], "nothing was misread", (4, 58), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 1)
    write(path, np.vstack(tiles))


def _check_sheet(path: Path, table: Path, listed: list[Any]) -> None:
    from edge.commands.picture_file import check_name, identity

    check_name("--sheet", path)
    names = [str(entry["path"]) for entry in listed if isinstance(entry, dict) and "path" in entry]
    if (own := identity(path)) and own in [identity(table), *(identity(table.parent / name) for name in names)]:
        raise UsageError(f"--sheet {path}: would overwrite what is read; name another file")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"--sheet {path}: cannot be written there; expected a file of yours, in a folder of yours")
