"""`python -m bench.reading`: milliseconds of a reading, and of each of its steps, against the network alone.

A grey frame of 1280×720 with eight wheels, one thread, one frame at a time, in one run. First the four steps by themselves: the window
is found again against the reference, cut into cells, these are read by the shipped int8 network, and decoded as a counter whose ways are
known; together they are what the goal of three times the network's time is for. Then what digitd does with a frame, whole: `read` of
one picture, which also judges its light and focus, looks where the cells are, and knows nothing of the counter's ways; and the daemon's
`look` at a frame on which all wheels are new, on which the last one has turned, and on which none has, each weighed against what it knew.
"""

import argparse
import datetime
import functools
import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import cv2
import numpy as np

from edge.counter.history import Rules
from edge.counter.odometer import Decoded, Evidence
from edge.counter.wheels import Mechanism
from edge.inference.model import Probabilities, load
from edge.inference.models import shipped
from edge.reader import Reader
from edge.rendering import wheel
from edge.rendering.strokes import random_strokes, stroke_glyphs
from edge.tracker import Tracker
from edge.vision import placement
from edge.vision.align import align
from edge.vision.reference import Reference
from edge.vision.window import Corners, Image, rectangle

DIGITS, CELL = 8, (60, 42)
VALUE, TURN = 12345678.4, 0.1
"""In steps of the last wheel: where the counter stands, and how much it turns from frame to frame."""
LEARNT = Mechanism(rolling=True, offset=0.0, carry_starts=((9.0, 1.0),))
STEPS = ("align", "cut", "network", "decode")
WHOLE = ("read: one picture", "look: all wheels new", "look: the last has turned", "look: none has")
NOON = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)


def main() -> int:
    """Run the benchmark; exit code 1 where the steps together take more than three times the network's own time."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.reading", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=300, metavar="N", help="frames (default: 300)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    medians = measure(args.repeat)
    ratio = sum(medians[step] for step in STEPS) / medians["network alone"]
    if args.json:
        print(json.dumps({**medians, "ratio": ratio}))
    else:
        for name, (ms, alone) in rows(medians).items():
            print(f"{name:28}{ms:>9.3f} ms{ms / alone:>8.2f}")
    return int(ratio > 3.0)


def rows(medians: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Milliseconds of each thing, and of the network alone beside it."""
    alone = medians["network alone"]
    steps = {step: (medians[step], alone) for step in STEPS}
    whole = {name: (medians[name], medians[f"{name}, network alone"]) for name in WHOLE}
    return {**steps, "together": (sum(medians[step] for step in STEPS), alone), "network alone": (alone, alone), **whole}


def measure(repeat: int) -> dict[str, float]:
    """Median milliseconds of each step, of whole readings, and of the network alone between these."""
    frames, corners = scenes(repeat)
    frame = frames[0]
    recognizer = load(shipped("lenet5-counter"))
    reference = Reference.of(frame, corners)
    near = align(reference, frame)
    taken: dict[str, list[float]] = {}

    def timed(name: str, step: Callable[..., Any], *given: Any) -> Any:
        started = time.perf_counter()
        result = step(*given)
        taken.setdefault(name, []).append((time.perf_counter() - started) * 1e3)
        return result

    def decode(probabilities: Probabilities) -> Decoded:
        return Evidence(probabilities, LEARNT).decode()

    for _ in range(repeat):
        found = timed("align", align, reference, frame, near)
        cells = timed("cut", placement.cut, frame, found.corners, DIGITS)
        probabilities = timed("network", recognizer.read, cells)
        timed("decode", decode, probabilities)
        timed("network alone", recognizer.quantized, cells)
    read = functools.partial(Reader(recognizer, digits=DIGITS).read, reference=reference)
    new, turned, still = (
        Tracker(Reader(recognizer, digits=DIGITS, rules=Rules(max_rate=1.0)), corners, reference=reference) for _ in WHOLE[1:]
    )
    for tracker in (new, turned, still):
        tracker.set_value(Decimal(int(VALUE)), NOON)
    for second, turning in enumerate(frames):  # a processor's clock changes: each thing beside the network alone
        at = NOON + datetime.timedelta(seconds=second)
        new.look_anew()
        steps: list[Callable[..., Any]] = [read, new.look, turned.look, still.look]
        given = (frame, corners), (turning, at), (turning, at), (frame, at)
        for name, step, words in zip(WHOLE, steps, given, strict=True):
            timed(name, step, *words)
            timed(f"{name}, network alone", recognizer.quantized, cells)
    return {name: float(np.median(times)) for name, times in taken.items()}


def scenes(count: int) -> tuple[list[Image], Corners]:
    """Frames uint8 [720, 1280] with a counter that turns, in a textured housing, and its window."""
    rng = np.random.default_rng(0)
    plate = cv2.resize(rng.integers(60, 140, (45, 80), np.uint8), (1280, 720), interpolation=cv2.INTER_CUBIC)
    strip = wheel.unrolled(stroke_glyphs(random_strokes(rng)))
    noise = rng.normal(0, 3, plate.shape)
    top, left = 300, 400
    frames = []
    for number in range(count):
        value = VALUE + TURN * number
        places = [value % 10, *(int(value // 10**i) % 10 for i in range(1, DIGITS))][::-1]
        row = np.hstack([wheel.window(strip, float(place), size=CELL)[0] for place in places])
        frame = plate.astype(np.float64)
        frame[top : top + CELL[0], left : left + DIGITS * CELL[1]] = np.rint(20 + 210 * row)
        frames.append(np.clip(frame + noise, 0, 255).astype(np.uint8))
    return frames, rectangle(CELL[0], DIGITS * CELL[1]) + np.array([left, top])


if __name__ == "__main__":
    raise SystemExit(main())
