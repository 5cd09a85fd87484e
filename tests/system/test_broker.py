"""A real broker, mosquitto, that is stopped and started while readings are made: all arrive, in order, and what comes twice has one id.

Four stops here; 50 with DIGITD_LONG=1. Half of them kill -9, half TERM.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bench.mosquitto import Certificates, Mosquitto
from edge.outputs.homeassistant import CounterInfo
from edge.outputs.mqtt import Mqtt
from edge.outputs.mqtt_settings import MqttSettings, Tls
from edge.outputs.store import Store
from edge.outputs.topics import Command
from tests.edge.outbox import MemoryOutbox, record, until
from tests.edge.stored import add
from tests.system.mosquitto import Listener, certificates, listener, mosquitto, publish
from tests.test_arrows import ROOT

STOPS = 50 if os.environ.get("DIGITD_LONG") == "1" else 4
LONGEST_S = 0.4
"""How long the broker is up after it works again, and how long it is down."""
EVERY_S = 0.004
AVAILABLE = "digitd/digitd/availability"
STATE = "digitd/digitd/+/state"
COUNTERS = [CounterInfo(name="water", device_class="water", unit="m³", digits=8, decimals=3)]


def settings(broker: Mosquitto, **more: Any) -> MqttSettings:
    tls = None
    if broker.certificates is not None:
        certificate, key = broker.certificates.client
        tls = Tls(ca_file=broker.certificates.authority, certificate_file=certificate, key_file=key)
    return MqttSettings(host="localhost", port=broker.port, tls=tls, **more)


class Meter:
    """Stores readings as fast as a camera takes them, from a thread of its own; `shown` is what each id stands for."""

    def __init__(self, store: Store, mqtt: Mqtt) -> None:
        self._store, self._mqtt = store, mqtt
        self._stop = threading.Event()
        self.shown: dict[int, str] = {}
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(EVERY_S):
            number += 1
            value = str(Decimal(number).scaleb(-3))
            self.shown[add(self._store, value, after_s=number, rate=0.5, changed=True)] = value
            self._mqtt.wake()

    @contextlib.contextmanager
    def turning(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()


def received(heard: Listener, last: int = 0) -> list[tuple[int, str]]:
    """Id and value of each message, as they came; last: of no more than so many."""
    states = [json.loads(line.partition(" ")[2], parse_float=str) for line in heard.lines[-last:]]
    return [(each["id"], each["value"]) for each in states]


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS with client certificates"])
def test_every_reading_arrives_in_order_whatever_becomes_of_the_broker(tmp_path: Path, encrypted: bool) -> None:
    chance = random.Random(4)
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(mosquitto(tmp_path, certificates(tmp_path) if encrypted else None))
        heard = stack.enter_context(listener(broker, STATE))
        store = stack.enter_context(Store(tmp_path / "digitd.sqlite", commit_interval_s=0.05, changed_interval_s=0.02))
        mqtt = stack.enter_context(Mqtt(settings(broker), COUNTERS, store, first_wait_s=0.05, longest_wait_s=0.2))
        meter = Meter(store, mqtt)
        with meter.turning():
            until(lambda: heard.lines, "the listener hears nothing")
            broker.stop()  # properly at first, so that the listener's session is on the disk, and survives kill -9
            for number in range(STOPS):
                broker.start()
                newest = max(meter.shown)
                until(lambda newest=newest: any(each > newest for each, _ in received(heard, 20)), f"start {number}")  # type: ignore[misc]
                time.sleep(chance.uniform(0, LONGEST_S))
                broker.stop(signal.SIGKILL if number % 2 else signal.SIGTERM)
                time.sleep(chance.uniform(0, LONGEST_S))
            broker.start()
        store.commit()
        mqtt.wake()
        until(lambda: store.queue_length("mqtt") == 0, "not all counts as delivered")
        until(lambda: max(meter.shown) in dict(received(heard, 20)), "the last has not arrived")
        assert mqtt.problem is None
    came = received(heard)
    first = list(dict.fromkeys(came))
    assert first == sorted(meter.shown.items()), "in order, without a gap, each id for one reading"
    print(f"{STOPS} stops, {len(first)} readings, {len(came) - len(first)} of them again")


def test_a_farewell_says_offline(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker, listener(broker, AVAILABLE) as heard:
        with Mqtt(settings(broker), COUNTERS, MemoryOutbox()):
            until(lambda: heard.lines == [f"{AVAILABLE} online"])
        until(lambda: heard.lines[1:] == [f"{AVAILABLE} offline"])


def test_after_kill_9_the_broker_says_offline(tmp_path: Path) -> None:
    forever = (
        "import sys, time; from edge.outputs.mqtt import Mqtt; from edge.outputs.mqtt_settings import MqttSettings; "
        "from tests.edge.outbox import MemoryOutbox\n"
        "with Mqtt(MqttSettings(host='localhost', port=int(sys.argv[1])), [], MemoryOutbox()): time.sleep(600)"
    )
    with (
        mosquitto(tmp_path) as broker,
        listener(broker, AVAILABLE) as heard,
        subprocess.Popen([sys.executable, "-c", forever, str(broker.port)], cwd=ROOT) as daemon,
    ):
        until(lambda: heard.lines == [f"{AVAILABLE} online"])
        daemon.kill()
        until(lambda: heard.lines[1:] == [f"{AVAILABLE} offline"])


@pytest.mark.parametrize("protocol", ["auto", "5", "3.1.1"])
def test_commands_and_home_assistants_birth_come_through(tmp_path: Path, protocol: Any) -> None:
    told: list[tuple[str, Command, Decimal | None]] = []
    outbox = MemoryOutbox([record(1)])
    with mosquitto(tmp_path) as broker, listener(broker, "homeassistant/device/+/config") as announced:
        chosen = settings(broker, protocol=protocol)
        with Mqtt(chosen, COUNTERS, outbox, on_command=lambda *command: told.append(command)):
            until(lambda: outbox.up_to("mqtt") == 1 and announced.lines)
            publish(broker, "digitd/digitd/water/set_value", "12.5")
            until(lambda: told == [("water", Command.SET_VALUE, Decimal("12.5"))])
            publish(broker, "homeassistant/status", "online")
            until(lambda: len(announced.lines) == 2)
    assert announced.lines[0] == announced.lines[1]


def test_without_a_certificate_that_the_broker_knows_the_problem_says_so(tmp_path: Path) -> None:
    good, strange = tmp_path / "good", tmp_path / "strange"
    good.mkdir()
    strange.mkdir()
    known, unknown = certificates(good), certificates(strange)

    def problem(shown: Certificates | None, trusted: Path) -> str:
        pair = shown.client if shown else (None, None)
        tls = Tls(ca_file=trusted, certificate_file=pair[0], key_file=pair[1])
        chosen = MqttSettings(host="localhost", port=broker.port, tls=tls)
        with Mqtt(chosen, COUNTERS, MemoryOutbox([record(1)]), first_wait_s=0.05) as mqtt:
            until(lambda: mqtt.problem)
            return str(mqtt.problem).partition(f":{broker.port}: ")[2]

    with mosquitto(tmp_path, known) as broker:
        wanted = (
            "the broker hangs up before it answers; perhaps it wants a certificate that it knows (mqtt.certificate_file, mqtt.key_file)"
        )
        assert problem(None, known.authority).startswith(wanted)
        assert problem(unknown, known.authority).startswith(wanted)
        assert problem(known, unknown.authority).startswith("its certificate is not trusted: ")
        assert problem(known, tmp_path / "none.pem") == f"{tmp_path / 'none.pem'}: No such file or directory"
        swapped = Certificates(known.authority, known.broker, (known.client[0], unknown.client[1]))
        assert problem(swapped, known.authority).startswith(f"{known.client[0]}: no proper certificate, or no key that fits it (")
