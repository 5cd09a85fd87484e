"""`python -m bench.reading`: milliseconds of each step from a frame in memory to the digits it shows, against the network alone.

A grey frame of 1280×720 with eight wheels, one thread, one frame at a time, in one run: the window is found again against the
reference, cut, read by the shipped int8 network, and decoded; those steps are "together". The daemon also weighs every frame against
what it knew before: "decode and track" is the decoder with that, and "with history" are the other steps with it in decode's place.
"""

import argparse
import functools
import json
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from edge.counter.contest import observe
from edge.counter.history import History, Rules
from edge.counter.odometer import Decoded, Evidence
from edge.counter.wheels import Mechanism
from edge.inference.model import Probabilities, load
from edge.inference.models import shipped
from edge.rendering import wheel
from edge.rendering.strokes import random_strokes, stroke_glyphs
from edge.vision import placement
from edge.vision.align import align
from edge.vision.reference import Reference
from edge.vision.window import Corners, Image, rectangle

DIGITS, CELL = 8, (60, 42)
VALUE = 12345678.4
LEARNT = Mechanism(rolling=True, offset=0.0, carry_starts=((9.0, 1.0),))
STEPS = ("align", "cut", "network", "decode")


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
    alone, tracked = medians["network alone"], medians["decode and track"]
    together = sum(medians[step] for step in STEPS)
    with_history = together - medians["decode"] + tracked
    if args.json:
        print(json.dumps({**medians, "ratio": together / alone, "ratio with history": with_history / alone}))
    else:
        steps = {step: medians[step] for step in STEPS}
        rest = {"together": together, "network alone": alone, "decode and track": tracked, "with history": with_history}
        for name, median in {**steps, **rest}.items():
            print(f"{name:18}{median:>9.3f} ms{median / alone:>8.2f}")
    return int(together / alone > 3.0)


def measure(repeat: int) -> dict[str, float]:
    """Median milliseconds of each step."""
    frame, corners = scene()
    recognizer = load(shipped("lenet5-counter"))
    reference = Reference.of(frame, corners)
    near = align(reference, frame)
    rules = Rules(mechanism=LEARNT, max_rate=1.0)
    history = History.known(int(VALUE), 0.0)
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
    for number in range(1, repeat + 1):  # by itself: each step is slower, the more is run between one time and the next
        probabilities = recognizer.read(placement.cut(frame, align(reference, frame, near).corners, DIGITS))
        timed("decode and track", functools.partial(observe, time_s=float(number)), history, probabilities, rules)
    return {name: float(np.median(times)) for name, times in taken.items()}


def scene() -> tuple[Image, Corners]:
    """A frame uint8 [720, 1280] with a counter in a textured housing, and its window."""
    rng = np.random.default_rng(0)
    frame = cv2.resize(rng.integers(60, 140, (45, 80), np.uint8), (1280, 720), interpolation=cv2.INTER_CUBIC)
    strip = wheel.unrolled(stroke_glyphs(random_strokes(rng)))
    places = [VALUE % 10, *(int(VALUE // 10**i) % 10 for i in range(1, DIGITS))][::-1]
    row = np.hstack([wheel.window(strip, float(place), size=CELL)[0] for place in places])
    top, left = 300, 400
    frame[top : top + CELL[0], left : left + DIGITS * CELL[1]] = np.rint(20 + 210 * row)
    noisy = np.clip(frame + rng.normal(0, 3, frame.shape), 0, 255).astype(np.uint8)
    return noisy, rectangle(CELL[0], DIGITS * CELL[1]) + np.array([left, top])


if __name__ == "__main__":
    raise SystemExit(main())
