"""`python -m bench.soak`: does the daemon's memory grow? The daemon itself, with database, broker, API and metrics on, as fast as it goes.

A rendered counter turns all the time, so that every frame is read, kept and published. Rendering takes memory that no camera takes: with
`--snapshots` this process renders, and the daemon fetches each frame as a JPEG, as from an ESP32-CAM. Needs mosquitto (apt-get install
mosquitto).
"""

import argparse
import contextlib
import http.server
import json
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import cv2

from bench.mosquitto import Mosquitto, free_port, program
from edge.capture.simulated import Simulated

SOURCE = "?digits=8&decimals=3&counters=2&rate=0.2&step=0.0333"
WARM_FRAMES = 10_000
"""Until then caches fill."""
TOTAL = re.compile(rb'digitd_readings_total\{counter="first",status="[a-z_]+"\} ([0-9.]+)')


def main() -> int:
    """Run it; exit code 1 where memory grew by a megabyte or more, or is above 120 without the renderer's."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200_000, metavar="N", help="default: 200000")
    parser.add_argument("--snapshots", action="store_true", help="rendered outside of the daemon, which asks for snapshots over HTTP")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    if program() is None:
        print(f"{parser.prog}: no mosquitto; apt-get install mosquitto", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        result = soaked(Path(folder), args.frames, snapshots=args.snapshots)
    print(json.dumps(result) if args.json else "  ".join(f"{key}: {value}" for key, value in result.items()))
    return int(result["grown_mb"] >= 1 or (args.snapshots and result["rss_mb"] > 120))


def soaked(folder: Path, frames: int, *, snapshots: bool) -> dict[str, float]:
    """Frames read, frames a second, megabytes of memory at the end, and by how much that is more than after the first frames."""
    broker, port, token = Mosquitto(folder), free_port(), secrets.token_urlsafe(32)
    (folder / "token").write_text(token)
    (folder / "token").chmod(0o600)
    camera = Simulated.of(SOURCE)
    camera.frame()
    windows = [" ".join(f"{x:.1f},{y:.1f}" for x, y in corners) for corners in camera.windows]
    counters = "".join(
        f'[[counter]]\nname = "{name}"\nwindow = "{window}"\ndigits = 8\ndecimals = 3\nmax_rate = 5\n'
        for name, window in zip(("first", "second"), windows, strict=True)
    )
    command = [sys.executable, "-m", "edge", "run", "--config", str(folder / "digitd.toml")]
    serving = _serving(camera) if snapshots else contextlib.nullcontext(f"simulated:{SOURCE}")
    with (folder / "log").open("wb") as log, broker, serving as source:
        (folder / "digitd.toml").write_text(
            f'[camera]\nsource = "{source}"\ninterval = 0\n{counters}[store]\npath = "digitd.sqlite"\n'
            f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n[http]\nenabled = true\nport = {port}\ntoken_file = "{folder / "token"}"\n'
        )
        with subprocess.Popen(command, stderr=log) as daemon:
            try:
                return _watched(daemon.pid, port, token, frames)
            finally:
                daemon.send_signal(signal.SIGTERM)
                daemon.wait(30)


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
            self.wfile.write(picture)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/picture.jpg"
        server.shutdown()


def _watched(process: int, port: int, token: str, frames: int) -> dict[str, float]:
    started, begun, done = time.monotonic(), 0.0, 0.0
    while done < frames:
        time.sleep(2)
        done = _frames(port, token)
        if not begun and done >= min(WARM_FRAMES, frames / 4):
            begun = _rss_mb(process)
        if sys.stderr.isatty():
            print(f"\r{done:.0f} of {frames} frames, {_rss_mb(process):.1f} MB ", end="", file=sys.stderr)
    rss = _rss_mb(process)
    a_second = done / (time.monotonic() - started)
    return {"frames": done, "frames_a_second": round(a_second, 1), "rss_mb": round(rss, 1), "grown_mb": round(rss - begun, 2)}


def _frames(port: int, token: str) -> float:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return sum(float(number) for number in TOTAL.findall(answer.read()))
    except OSError:
        return 0.0


def _rss_mb(process: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    sys.exit(main())
