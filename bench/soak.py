"""`python -m bench.soak`: does the daemon's memory grow? The daemon itself, with database, MQTT, API and metrics on, as fast as it goes.

A rendered counter turns all the time, so that every frame is read, kept and published. This process renders it, and the daemon fetches
each frame as a JPEG, as from an ESP32-CAM: rendering takes memory that no camera takes. Needs mosquitto (apt-get install mosquitto).
"""

import argparse
import contextlib
import http.server
import json
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from bench.daemon import Daemon, running
from bench.mosquitto import program
from edge.capture.simulated import Simulated

SOURCE = "?digits=8&decimals=3&counters=2&rate=0.2&step=0.0333"
MOST_MB, MOST_GROWN_MB = 120, 1
WARM_FRAMES = 10_000
"""Until then caches fill."""
STILL_S = 60
TOTAL = re.compile(rb'digitd_readings_total\{counter="first",status="[a-z_]+"\} ([0-9.]+)')


def main() -> int:
    """Run it; exit code 1 where memory grew by a megabyte or more, or is above 120."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200_000, metavar="N", help="default: 200000")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    if program() is None:
        print(f"{parser.prog}: no mosquitto; apt-get install mosquitto", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        result = soaked(Path(folder), args.frames)
    print(json.dumps(result) if args.json else "  ".join(f"{key}: {value}" for key, value in result.items()))
    return int(result["grown_mb"] >= MOST_GROWN_MB or result["rss_mb"] > MOST_MB)


def soaked(folder: Path, frames: int) -> dict[str, float]:
    """Frames read, frames a second, megabytes of memory at the end, and by how much the process's own grew since the first frames.

    Its own are those that no file holds as well (RssAnon): pages of programs and libraries come and go as the kernel pleases. Raises
    RuntimeError where the daemon ends, or reads nothing any more.
    """
    camera = Simulated.of(SOURCE)
    camera.frame()
    with _serving(camera) as source, running(folder, source, camera.windows) as daemon:
        return _watched(daemon, frames, folder / "log")


@contextlib.contextmanager
def _serving(camera: Simulated) -> Iterator[str]:
    """The address of a camera that answers every request with its next frame."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            picture = cv2.imencode(".jpg", camera.frame().picture)[1].tobytes()
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(picture)))
            self.end_headers()
            with contextlib.suppress(OSError):  # the daemon may have ended meanwhile
                self.wfile.write(picture)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/picture.jpg"
        server.shutdown()


def _watched(daemon: Daemon, frames: int, log: Path) -> dict[str, float]:
    process = daemon.process.pid
    started, done, own = time.monotonic(), 0.0, list[tuple[float, float]]()
    moved = started
    warm = min(WARM_FRAMES, frames / 4)
    while done < frames:
        time.sleep(1)
        before, done = done, _frames(daemon)
        moved = time.monotonic() if done > before else moved
        if daemon.process.poll() is not None or time.monotonic() - moved > STILL_S:
            raise RuntimeError(f"no more frames after {before:.0f}; the daemon's log:\n{log.read_text()[-2000:]}")
        own.append((done, _megabytes(process, "RssAnon")))
        if sys.stderr.isatty():
            print(f"\r{done:.0f} of {frames} frames, {_megabytes(process, 'VmRSS'):.1f} MB ", end="", file=sys.stderr)
    begun = _kept([mb for at, mb in own if warm <= at <= 2 * warm])
    ended = _kept([mb for at, mb in own if at >= done - warm])
    return {
        "frames": done,
        "frames_a_second": round(done / (time.monotonic() - started), 1),
        "rss_mb": round(_megabytes(process, "VmRSS"), 1),
        "grown_mb": round(ended - begun, 2),
    }


def _kept(megabytes: list[float]) -> float:
    """What is taken in one moment of ten: pictures on their way come and go, a megabyte each."""
    return statistics.quantiles(megabytes, n=10)[0]


def _frames(daemon: Daemon) -> float:
    with contextlib.suppress(OSError):
        return sum(float(number) for number in TOTAL.findall(daemon.get("/metrics")))
    return 0.0


def _megabytes(process: int, what: str) -> float:
    """One of the kinds of memory that proc(5) tells of in `status`."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    sys.exit(main())
