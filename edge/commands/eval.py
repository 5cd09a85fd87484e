"""`digitd eval`: how often whole readings are right, on photos whose true reading is known."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any, Literal

from edge.errors import DataError, DigitdError, UsageError

EXAMPLES = """FRAMES.json holds a list of objects with path (beside it), meter, digits (N where a wheel is in mid-roll and any digit is
right), polygon (four corners, the top left one first, as one reads them) and, for a display, "display": "lcd7".

examples:
  digitd eval frames.json
  digitd eval frames.json --model models/lenet5-counter.onnx --json
  digitd eval frames.json --sheet misreads.png
"""
BINS = 10
KEYS = ("path", "meter", "digits", "polygon")


@dataclasses.dataclass(frozen=True)
class Result:
    """One photo read: what it shows, what was read, how certain that was, and the window's picture for the sheet."""

    meter: str
    path: str
    digits: str
    raw: str
    confidence: float
    status: str
    window: Any

    @property
    def digits_right(self) -> int:
        """How many of the digits are right."""
        return sum(true in ("N", read) for true, read in zip(self.digits, self.raw, strict=True))

    @property
    def right(self) -> bool:
        """Whether all are."""
        return self.digits_right == len(self.digits)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd eval`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    parser.add_argument("frames", type=Path, metavar="FRAMES.json", help="photos with their true readings")
    parser.add_argument("--model", type=Path, metavar="FILE", help="a .tflite or .onnx model with its card (default: the one that ships)")
    parser.add_argument("--json", action="store_true", help="the same figures for a script")
    parser.add_argument("--sheet", type=Path, metavar="OUT", help="write the windows that were misread as one picture")


def run(args: argparse.Namespace) -> int:
    """Run `digitd eval`."""
    from edge.inference.model import load
    from edge.inference.models import shipped

    entries = _entries(args.frames)
    recognizer = load(args.model or shipped("lenet5-counter"))
    results, failed = [], False
    for entry in entries:
        try:
            results.append(_read(args.frames.parent, entry, recognizer))
        except DigitdError as error:
            print(f"digitd: {error}", file=sys.stderr)
            failed = True
    if not results:
        raise DataError(f"{args.frames}: none of its {len(entries)} photos could be read")
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
    return 1 if failed else 0


def figures(results: list[Result]) -> dict[str, float]:
    """Shares 0 to 1 over some photos; `ece`: expected calibration error over ten bins (Guo et al., "On calibration of modern neural
    networks", 2017).
    """
    count = len(results)
    bins: dict[int, list[Result]] = {}
    for result in results:
        bins.setdefault(min(int(result.confidence * BINS), BINS - 1), []).append(result)
    gaps = (abs(sum(r.right for r in each) - sum(r.confidence for r in each)) for each in bins.values())
    sure = [r for r in results if r.confidence >= 0.9]
    return {
        "n": count,
        "readings_right": sum(r.right for r in results) / count,
        "digits_right": sum(r.digits_right for r in results) / sum(len(r.digits) for r in results),
        "coverage_at_0_9": len(sure) / count,
        "wrong_at_0_9": sum(not r.right for r in sure),
        "ece": sum(gaps) / count,
    }


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; expected a list of photos with their readings, see digitd eval --help") from error
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: not JSON ({error}); see digitd eval --help") from error
    if not isinstance(entries, list) or not entries:
        raise DataError(f"{path}: no list of photos; see digitd eval --help")
    for number, entry in enumerate(entries, 1):
        if missing := [key for key in KEYS if not isinstance(entry, dict) or key not in entry]:
            raise DataError(f"{path}, entry {number}: no {', '.join(missing)}; expected {', '.join(KEYS)}")
        if not entry["digits"] or set(str(entry["digits"])) - set("0123456789N"):
            raise DataError(f"{path}, entry {number}: digits {entry['digits']!r}; expected digits, and N for a wheel in mid-roll")
    return entries


def _read(folder: Path, entry: dict[str, Any], recognizer: Any) -> Result:
    import numpy as np

    from edge.capture.pictures import load
    from edge.reader import Reader
    from edge.vision.window import check, strip

    frame, digits = load(folder / entry["path"]).frame, str(entry["digits"])
    corners = np.array(entry["polygon"], np.float64)
    if corners.shape != (4, 2):
        raise DataError(f"{entry['path']}: a polygon of shape {corners.shape}; expected four corners of x and y")
    check(corners, str(entry["path"]))
    display: Literal["wheels", "lcd"] = "lcd" if str(entry.get("display", "")).startswith("lcd") else "wheels"
    reading = Reader(recognizer, digits=len(digits), display=display).read(frame, corners)
    picture = strip(frame, corners, size=(64, 44 * len(digits)))
    return Result(entry["meter"], entry["path"], digits, reading.raw, reading.confidence, reading.status.value, picture)


def _print_table(by_meter: dict[str, dict[str, float]], whole: dict[str, float], wrong: list[Result]) -> None:
    print(f"{'':28}{'photos':>8}{'readings':>10}{'digits':>10}{'sure ≥ 0.9':>12}{'wrong then':>12}{'calibration':>13}")
    for name, each in {**by_meter, "all": whole}.items():
        shares = f"{each['readings_right']:>10.1%}{each['digits_right']:>10.1%}{each['coverage_at_0_9']:>12.1%}"
        print(f"{name[:27]:28}{each['n']:>8}{shares}{each['wrong_at_0_9']:>12}{each['ece']:>13.3f}")
    print(f"{'mean over meters':28}{len(by_meter):>8}{whole['readings_right_meter_mean']:>10.1%}")
    for r in wrong:
        print(f"  {r.path}: {r.raw}, true {r.digits}, confidence {r.confidence:.2f}")


def _sheet(path: Path, wrong: list[Result]) -> None:
    import cv2
    import numpy as np

    tiles = []
    for r in wrong:
        colour = cv2.cvtColor(r.window, cv2.COLOR_GRAY2BGR) if r.window.ndim == 2 else r.window
        tile = np.full((100, 560, 3), 255, np.uint8)
        tile[4 : 4 + colour.shape[0], 4 : 4 + min(colour.shape[1], 552)] = colour[:, :552]
        cv2.putText(tile, f"{r.raw}, true {r.digits}  {r.confidence:.2f}  {r.meter[:20]}", (4, 90), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 0, 1)
        tiles.append(tile)
    picture = np.vstack(tiles) if tiles else np.full((100, 560, 3), 255, np.uint8)
    if not cv2.imwrite(str(path), picture):
        raise UsageError(f"--sheet {path}: cannot be written; expected a name that ends in .png or .jpg, in a folder that exists")
