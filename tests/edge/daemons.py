"""The daemon as systemd runs it: a process of its own, with a configuration, a notify socket and a rendered counter."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.capture.simulated import Simulated

PATIENCE_S = 60.0
"""Long enough for a machine with much else to do; a test that passes never waits for it."""


def configured(folder: Path, *, source: str = "?digits=7&decimals=1&rate=600", interval: str = '"200ms"', more: str = "") -> Path:
    """A configuration in a folder that reads the first counter of a simulated camera."""
    with Simulated.of(source) as camera:
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in camera.windows[0])
    path = folder / "digitd.toml"
    path.write_text(
        f'[camera]\nsource = "simulated:{source}"\ninterval = {interval}\n[[counter]]\nname = "water"\nwindow = "{corners}"\n'
        f'digits = 7\ndecimals = 1\nmax_rate = 5000\n[store]\npath = "digitd.sqlite"\n{more}'
    )
    return path


class Running:
    """`digitd run`, until it is left."""

    def __init__(self, config: Path, *, watchdog_s: float | None = None) -> None:
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = str(config.parent / "notify")
        Path(address).unlink(missing_ok=True)
        self._manager.bind(address)
        self._manager.settimeout(PATIENCE_S)
        environment = {**os.environ, "NOTIFY_SOCKET": address, "OMP_NUM_THREADS": "1", "JOURNAL_STREAM": "1:1"}
        if watchdog_s is not None:
            environment["WATCHDOG_USEC"] = str(round(watchdog_s * 1e6))
        self.log = config.parent / "log"
        command = [sys.executable, "-m", "edge", "run", "--config", str(config)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, env=environment, cwd="/")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._manager.close()

    def heard(self, beginning: str) -> str:
        """The next message to systemd that begins so; those before it are passed over."""
        return self.all_heard(beginning)[-1]

    def all_heard(self, beginning: str) -> list[str]:
        """The messages to systemd up to the next one that begins so."""
        messages = []
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            messages.append(self._manager.recv(4096).decode())
            if messages[-1].startswith(beginning):
                return messages
        raise TimeoutError(f"no {beginning}; the log says:\n{self.log.read_text()}")

    def logged(self, text: str) -> str:
        """The log, as soon as the text is in it."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if text in (log := self.log.read_text()):
                return log
            time.sleep(0.05)
        raise TimeoutError(f"not logged: {text}; but\n{self.log.read_text()}")

    def stopped(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)
