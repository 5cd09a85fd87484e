"""`python -m bench.cold`: how long `digitd read` takes for one picture, against importing its libraries alone, processes in turns."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from edge.capture.simulated import Simulated

LIBRARIES = "import numpy, cv2, ai_edge_litert.interpreter"
MOST = 2.0


def main() -> int:
    """Run it; exit code 1 where reading takes more than twice as long."""
    parser = argparse.ArgumentParser(prog="python -m bench.cold", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15, metavar="N", help="starts of each (default: 15)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    read, alone = measured(args.repeat)
    result = {"read_s": round(read, 3), "libraries_s": round(alone, 3), "ratio": round(read / alone, 2)}
    print(json.dumps(result) if args.json else "  ".join(f"{key}: {value}" for key, value in result.items()))
    return int(result["ratio"] > MOST)


def measured(repeat: int) -> tuple[float, float]:
    """Median seconds of `digitd read`, and of its libraries alone."""
    camera = Simulated.of("?digits=8&decimals=3")
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "meter.jpg"
        cv2.imwrite(str(picture), camera.frame().picture)
        window = " ".join(f"{x:.1f},{y:.1f}" for x, y in camera.windows[0])
        read = [sys.executable, "-m", "edge", "read", str(picture), "--window", window, "--digits", "8"]
        taken = [(_seconds(read), _seconds([sys.executable, "-c", LIBRARIES])) for _ in range(repeat + 1)][1:]  # the first fills caches
    first, second = (statistics.median(each) for each in zip(*taken, strict=True))
    return first, second


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
