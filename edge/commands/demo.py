"""`digitd demo`: a rendered counter that runs, and what is read of it, side by side. No camera, no configuration, no broker."""

import argparse
import itertools
import sys
from decimal import Decimal

EXAMPLES = """examples:
  digitd demo                     until Ctrl-C
  digitd demo --frames 300 --fps 0    as fast as it goes
"""
COLUMNS = f"{'counter':>8} {'truth':>12} {'read':>12} {'raw':>10}  {'confidence':>10}  {'status':16} {'ms':>6}"
GREEN, YELLOW, PLAIN, UP = "\033[32m", "\033[33m", "\033[0m", "\033[{}F"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd demo`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    parser.add_argument("--frames", type=int, metavar="N", help="stop after so many frames (default: at Ctrl-C)")
    parser.add_argument("--fps", type=float, default=10.0, metavar="N", help="frames a second (default: 10; 0: as fast as it goes)")
    parser.add_argument("--counters", type=int, default=2, metavar="N", help="how many counters the plate has, 1 or 2 (default: 2)")
    parser.add_argument("--rate", type=float, default=60.0, metavar="N", help="units per hour of the first one (default: 60)")


def run(args: argparse.Namespace) -> int:
    """Run `digitd demo`."""
    from edge.capture.camera import CameraSettings, open_camera
    from edge.capture.simulated import LIMITS, Simulated
    from edge.commands.quiet import only_our_words
    from edge.counter.history import Rules
    from edge.errors import UsageError
    from edge.inference.model import load
    from edge.inference.models import shipped
    from edge.reader import Reader
    from edge.reading import Status
    from edge.tracker import Tracker

    if args.frames is not None and args.frames < 1:
        raise UsageError(f"--frames {args.frames}: expected 1 or more")
    slowest, fastest = LIMITS["fps"]
    if args.fps != 0 and not slowest <= args.fps <= fastest:
        raise UsageError(f"--fps {args.fps:g}: expected {slowest:g} to {fastest:g}, or 0 for as fast as it goes")
    if args.counters not in (1, 2):
        raise UsageError(f"--counters {args.counters}: expected 1 or 2")
    if not 0 <= args.rate <= LIMITS["rate"][1]:
        raise UsageError(f"--rate {args.rate:g}: expected 0 to {LIMITS['rate'][1]:g}")
    pace = f"fps={args.fps}" if args.fps else "step=0.1"
    recognizer = load(shipped("lenet5-counter"))
    good = total = 0
    settings = CameraSettings(source=f"simulated:?counters={args.counters}&rate={args.rate}&{pace}")
    with only_our_words(), open_camera(settings) as camera:
        assert isinstance(camera, Simulated)
        rules = Rules(max_rate=10 * args.rate * 10 / 3600)
        trackers = [Tracker(Reader(recognizer, digits=7, decimals=1, rules=rules), corners) for corners in camera.windows]
        terminal = sys.stdout.isatty()
        print(COLUMNS)
        try:
            for number in itertools.count() if args.frames is None else range(args.frames):
                frame = camera.frame()
                truths = camera.truth
                lines = []
                for i, (tracker, truth) in enumerate(zip(trackers, truths, strict=True), 1):
                    reading = tracker.look(frame.picture, frame.time)
                    ok = reading.status is Status.OK
                    total, good = total + 1, good + (ok and reading.value is not None and abs(reading.value - truth) <= Decimal("0.1"))
                    line = (
                        f"{i:>8} {truth:>12} {'–' if reading.value is None else reading.value:>12} {reading.raw:>10}  "
                        f"{reading.confidence:>10.1%}  {reading.status.value:16} {sum(reading.timings_ms.values()):>6.2f}"
                    )
                    lines.append(f"{GREEN if ok else YELLOW}{line}{PLAIN}" if terminal else line)
                if terminal and number:
                    print(UP.format(len(lines)), end="")
                print("\n".join(lines), flush=True)
        except KeyboardInterrupt:
            print()
    print(f"{good} of {total} readings right to a step of the last wheel")
    return 0
