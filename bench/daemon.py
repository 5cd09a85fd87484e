"""The daemon as a user runs it, with all of it on: database, MQTT, HTTP and metrics, in a folder of its own."""

import contextlib
import dataclasses
import os
import secrets
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.mosquitto import Mosquitto, free_port
from edge.vision.window import Corners

END_WITHIN_S = 30
NAMES = ("first", "second")


@dataclasses.dataclass(frozen=True)
class Daemon:
    """It runs."""

    process: subprocess.Popen[bytes]
    port: int
    token: str

    def get(self, path: str) -> bytes:
        """What its API answers. Raises OSError while it does not."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())


@contextlib.contextmanager
def running(folder: Path, source: str, windows: Sequence[Corners], **environment: str) -> Iterator[Daemon]:
    """It reads two counters of eight digits from a source, in every frame, until the block ends. What it logs is in `folder/log`.

    environment: variables beside those of this process.
    """
    token, port = secrets.token_urlsafe(32), free_port()
    (folder / "token").write_text(token)
    (folder / "token").chmod(0o600)
    with (folder / "log").open("wb") as log, Mosquitto(folder) as broker:
        lines = [f'[camera]\nsource = "{source}"\ninterval = 0']
        for name, window in zip(NAMES, windows, strict=True):
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in window)
            lines.append(f'[[counter]]\nname = "{name}"\nwindow = "{corners}"\ndigits = 8\ndecimals = 3\nmax_rate = 5')
        lines.append('[store]\npath = "digitd.sqlite"')
        lines.append(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}')
        lines.append(f'[http]\nenabled = true\nport = {port}\ntoken_file = "{folder / "token"}"\n')
        (folder / "digitd.toml").write_text("\n".join(lines))
        command = [sys.executable, "-m", "edge", "run", "--config", str(folder / "digitd.toml")]
        with subprocess.Popen(command, stderr=log, env={**os.environ, **environment}) as process:
            try:
                yield Daemon(process, port, token)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(END_WITHIN_S)
