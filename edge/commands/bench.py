"""`digitd bench`: how fast this machine reads, stage by stage, with a rendered counter in place of a camera."""

import argparse
import json
import resource
import statistics
import time

from edge.commands.quiet import only_our_words

EXAMPLES = """examples:
  digitd bench                     two counters of eight digits, 1280×720, as fast as it goes
  digitd bench --json --frames 2000
"""
RATES = {"spinning": 30.0, "running": 2.5, "resting": 0.0}
"""Units per hour of the first counter: its last wheel turns by a fourth of a digit from frame to frame, by a fiftieth, not at all."""
FRAME_S = 1 / 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `digitd bench`."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
    parser.add_argument("--frames", type=int, default=600, metavar="N", help="frames of each kind (default: 600)")
    parser.add_argument("--counters", type=int, default=2, metavar="N", help="counters in the picture, 1 or 2 (default: 2)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(args: argparse.Namespace) -> int:
    """Run `digitd bench`."""
    from edge.errors import UsageError

    if args.frames < 10:
        raise UsageError(f"--frames {args.frames}: expected 10 or more")
    with only_our_words():
        result = {kind: _measured(args.frames, args.counters, rate) for kind, rate in RATES.items()}
    result["rss_mb"] = {"largest": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)}
    if args.json:
        print(json.dumps(result))
        return 0
    print(f"{'median ms a frame':20}" + "".join(f"{stage:>12}" for stage in result["running"]))
    for kind in RATES:
        print(f"{kind:20}" + "".join(f"{ms:>12.3f}" for ms in result[kind].values()))
    print(f"memory: {result['rss_mb']['largest']} MB at most")
    return 0


def _measured(frames: int, counters: int, rate: float) -> dict[str, float]:
    """Median milliseconds a frame of all counters together, by stage."""
    from edge.capture.camera import CameraSettings, open_camera
    from edge.capture.simulated import Simulated
    from edge.counter.history import Rules
    from edge.inference.model import load
    from edge.inference.models import shipped
    from edge.reader import Reader
    from edge.tracker import Tracker

    recognizer = load(shipped("lenet5-counter"))
    source = f"simulated:?digits=8&decimals=3&counters={counters}&rate={rate}&step={FRAME_S}"
    taken: dict[str, list[float]] = {}
    with open_camera(CameraSettings(source=source)) as camera:
        assert isinstance(camera, Simulated)
        trackers = [Tracker(Reader(recognizer, digits=8, decimals=3, rules=Rules(max_rate=100.0)), window) for window in camera.windows]
        for _ in range(frames):
            frame = camera.frame()
            started = time.perf_counter()
            readings = [tracker.look(frame.picture, frame.time) for tracker in trackers]
            whole = (time.perf_counter() - started) * 1e3
            stages = {stage: sum(reading.timings_ms.get(stage, 0.0) for reading in readings) for stage in readings[0].timings_ms}
            for stage, ms in {**stages, "all": whole}.items():
                taken.setdefault(stage, []).append(ms)
    return {stage: round(statistics.median(times), 3) for stage, times in taken.items()}
