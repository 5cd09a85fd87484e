"""`python -m bench.start`: seconds from the daemon's start to its first reading, with database, MQTT, API and metrics on.

It says READY to whoever supervises it after its first frame was read and kept (sd_notify); that is waited for, in several starts. The
camera is a folder with one picture of 1280×720, two counters in it. Needs mosquitto (apt-get install mosquitto).
"""

import argparse
import json
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import cv2

from bench.daemon import running
from bench.mosquitto import program
from edge.capture.simulated import Simulated

GOAL_S, PATIENCE_S = 2.0, 60.0


def main() -> int:
    """Run it; exit code 1 where the median is above two seconds."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.start", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=7, metavar="N", help="starts (default: 7)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    if program() is None:
        print(f"{parser.prog}: no mosquitto; apt-get install mosquitto", file=sys.stderr)
        return 1
    taken = [started_within_s() for _ in range(args.repeat)]
    result = {"median_s": round(statistics.median(taken), 2), "fastest_s": round(min(taken), 2), "slowest_s": round(max(taken), 2)}
    print(json.dumps(result) if args.json else "  ".join(f"{key}: {value}" for key, value in result.items()))
    return int(result["median_s"] > GOAL_S)


def started_within_s() -> float:
    """Seconds that one start takes. Raises TimeoutError, with what the daemon logged, where it takes a minute."""
    camera = Simulated.of("?digits=8&decimals=3&counters=2")
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        folder = Path(name)
        (folder / "pictures").mkdir()
        cv2.imwrite(str(folder / "pictures" / "1.jpg"), camera.frame().picture)
        told.bind(str(folder / "notify"))
        told.settimeout(PATIENCE_S)
        begun = time.perf_counter()
        with running(folder, f"folder:{folder / 'pictures'}", camera.windows, NOTIFY_SOCKET=str(folder / "notify")):
            while b"READY=1" not in _message(told, folder / "log"):
                pass
            return time.perf_counter() - begun


def _message(told: socket.socket, log: Path) -> bytes:
    try:
        return told.recv(4096)
    except TimeoutError:
        raise TimeoutError(f"not ready after {PATIENCE_S:.0f} s; it said: {log.read_text()}") from None


if __name__ == "__main__":
    sys.exit(main())
