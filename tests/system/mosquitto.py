"""Debian's mosquitto, started and stopped on ports of its own, and its own client as somebody who listens."""

import contextlib
import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

PROGRAMS = ("mosquitto", "mosquitto_sub")
UP_WITHIN_S = 20.0
PROBE = "probe"


def installed() -> None:
    """Install it where it is missing; without the right to, the test is skipped."""
    path = os.environ["PATH"] = f"{os.environ['PATH']}:/usr/sbin"
    if all(shutil.which(program, path=path) for program in PROGRAMS):
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip("no mosquitto; sudo apt install mosquitto mosquitto-clients")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "mosquitto", "mosquitto-clients"]
    if subprocess.run(install, env=quiet, check=False, capture_output=True).returncode:
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=True, capture_output=True)
        subprocess.run(install, env=quiet, check=True, capture_output=True)


@dataclasses.dataclass(frozen=True)
class Certificates:
    """Of an authority that broker and clients trust."""

    authority: Path
    broker: tuple[Path, Path]
    """Certificate and key."""
    client: tuple[Path, Path]


def certificates(folder: Path) -> Certificates:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")

    def pair(name: str, cert: trustme.LeafCert) -> tuple[Path, Path]:
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        for number, blob in enumerate(cert.cert_chain_pems):
            blob.write_to_path(certificate, append=number > 0)
        cert.private_key_pem.write_to_path(key)
        return certificate, key

    broker = pair("broker", authority.issue_cert("localhost"))
    return Certificates(folder / "ca.pem", broker, pair("client", authority.issue_cert("digitd@cellar", common_name="cellar")))


class Mosquitto:
    """A broker that can be stopped and started, in a folder of its own. It keeps sessions and messages across a proper stop."""

    def __init__(self, folder: Path, certificates: Certificates | None = None) -> None:
        self.certificates = certificates
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        lines = [
            f"listener {self.port} 127.0.0.1", "user root", "persistence true", f"persistence_location {folder}/",
            # All that may be on the way to a listener: what is acknowledged is on its socket, and survives kill -9.
            "max_inflight_messages 0", "max_queued_messages 0", "log_dest file " + str(folder / "log"), "log_type all",
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

    @property
    def client(self) -> list[str]:
        """How its own clients reach it."""
        reach = ["-h", "localhost", "-p", str(self.port)]
        if self.certificates is not None:
            certificate, key = self.certificates.client
            reach += ["--cafile", str(self.certificates.authority), "--cert", str(certificate), "--key", str(key)]
        return reach

    def start(self) -> None:
        self._process = subprocess.Popen(["mosquitto", "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + UP_WITHIN_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            assert self._process.poll() is None, self._process.stderr and self._process.stderr.read().decode()
            assert time.monotonic() < deadline, "mosquitto does not start"
            time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.communicate()
            self._process = None


@contextlib.contextmanager
def mosquitto(folder: Path, certificates: Certificates | None = None) -> Iterator[Mosquitto]:
    """A broker that is up."""
    installed()
    broker = Mosquitto(folder, certificates)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def publish(broker: Mosquitto, topic: str, payload: str) -> None:
    """As somebody else would."""
    program = ["mosquitto_pub", *broker.client, "-t", topic, "-m", payload, "-q", "1"]
    subprocess.run(program, check=True)


class Listener:
    """mosquitto's own client, with a session that outlives its connections; `lines` is what came, as `topic payload`.

    It gives up when TLS breaks off in the middle, and is started again.
    """

    def __init__(self, broker: Mosquitto, topic: str) -> None:
        self._command = ["mosquitto_sub", *broker.client, "-t", topic, "-v", "-q", "1", "-i", "listener", "-c", "-R", "-V", "mqttv5"]
        self.lines: list[str] = []
        self.heard_probe = threading.Event()
        self._closing = threading.Event()
        self._process = self._start()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)

    def _run(self) -> None:
        while True:
            assert self._process.stdout is not None
            with self._process.stdout as lines:
                for line in lines:
                    if line.endswith(f" {PROBE}\n"):
                        self.heard_probe.set()
                    else:
                        self.lines.append(line.rstrip("\n"))
            self._process.wait()
            if self._closing.wait(0.1):
                return
            self._process = self._start()

    def close(self) -> None:
        self._closing.set()
        while self._thread.is_alive():
            self._process.terminate()
            self._thread.join(0.1)


@contextlib.contextmanager
def listener(broker: Mosquitto, topic: str) -> Iterator[Listener]:
    """A client that listens already."""
    found = Listener(broker, topic)
    try:
        while not found.heard_probe.wait(0.05):
            publish(broker, topic.replace("+", PROBE), PROBE)
        yield found
    finally:
        found.close()
