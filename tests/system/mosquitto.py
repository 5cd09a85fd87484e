"""Debian's mosquitto, installed where it is missing, certificates for it, and its own clients as somebody else who is there."""

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import trustme

from bench.mosquitto import Certificates, Mosquitto, program
from tests.system.packages import install

CLIENTS = ("mosquitto_pub", "mosquitto_sub")
PROBE = "probe"


def installed() -> None:
    """Install it where it is missing; without the right to, the test is skipped."""
    if not (program() and all(map(shutil.which, CLIENTS))):
        install("mosquitto", "mosquitto-clients", programs=("mosquitto", *CLIENTS))


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


@contextlib.contextmanager
def mosquitto(folder: Path, certificates: Certificates | None = None) -> Iterator[Mosquitto]:
    """A broker that is up."""
    installed()
    with Mosquitto(folder, certificates) as broker:
        yield broker


def publish(broker: Mosquitto, topic: str, payload: str) -> None:
    """As somebody else would."""
    subprocess.run(["mosquitto_pub", *broker.client, "-t", topic, "-m", payload, "-q", "1"], check=True)


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
