"""Debian's mosquitto on a port of its own, started and stopped at will: for the benchmarks here and for the tests."""

import contextlib
import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

UP_WITHIN_S = 20.0
SBIN = "/usr/sbin"
"""Where Debian puts it, which is not on everybody's path."""


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def program() -> str | None:
    """The path of mosquitto; None where it is not installed."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:{SBIN}")


@dataclasses.dataclass(frozen=True)
class Certificates:
    """Of an authority that broker and clients trust."""

    authority: Path
    broker: tuple[Path, Path]
    """Certificate and key."""
    client: tuple[Path, Path]


class Mosquitto:
    """A broker that can be stopped and started, in a folder of its own. It keeps sessions and messages across a proper stop.

    Example: `with Mosquitto(folder) as broker: connect("127.0.0.1", broker.port)`
    """

    def __init__(self, folder: Path, certificates: Certificates | None = None) -> None:
        """certificates: speak TLS, and only with clients that show theirs."""
        self.certificates = certificates
        self.port = free_port()
        lines = [
            f"listener {self.port} 127.0.0.1", "user root", "persistence true", f"persistence_location {folder}/",
            # All that may be on the way to a listener: what is acknowledged is on its socket, and survives kill -9.
            "max_inflight_messages 0", "max_queued_messages 0", f"log_dest file {folder / 'mosquitto.log'}",
        ]  # fmt: skip
        if certificates is None:
            lines.append("allow_anonymous true")
        else:
            certificate, key = certificates.broker
            lines += [
                f"cafile {certificates.authority}", f"certfile {certificate}", f"keyfile {key}", "require_certificate true",
                "use_identity_as_username true",
            ]  # fmt: skip
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join([*lines, ""]))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def client(self) -> list[str]:
        """How its own clients reach it."""
        reach = ["-h", "localhost", "-p", str(self.port)]
        if self.certificates is not None:
            certificate, key = self.certificates.client
            reach += ["--cafile", str(self.certificates.authority), "--cert", str(certificate), "--key", str(key)]
        return reach

    def start(self) -> None:
        """Returns once it answers. Raises FileNotFoundError where there is no mosquitto."""
        command = [program() or "mosquitto", "-c", str(self._config)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + UP_WITHIN_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                self._process = process
                return
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise RuntimeError(f"mosquitto does not start: {process.communicate()[1].decode().strip()}")
            time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Returns once it has ended."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.communicate()
            self._process = None
