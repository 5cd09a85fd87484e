"""The whole way: a rendered counter, the daemon as a process, Debian's mosquitto, and what a client of the broker hears and says."""

import json
import signal
import subprocess
import time
from pathlib import Path

from bench.mosquitto import Mosquitto
from tests.edge.daemons import PATIENCE_S, Running, configured
from tests.system.mosquitto import mosquitto, publish


def retained(broker: Mosquitto, topic: str) -> str:
    """The message that the broker keeps for a topic."""
    command = ["mosquitto_sub", *broker.client, "-t", topic, "-C", "1", "-W", str(int(PATIENCE_S))]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def kept(broker: Mosquitto) -> set[str]:
    """The topics that the broker keeps a message for."""
    command = ["mosquitto_sub", *broker.client, "-t", "digitd/#", "--retained-only", "-F", "%t", "-W", "1"]
    return set(subprocess.run(command, capture_output=True, text=True, check=False).stdout.split())


def test_readings_reach_the_broker_home_assistant_is_told_and_commands_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    with mosquitto(folder) as broker:
        more = f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\ndevice = "cellar"\n'
        with Running(configured(tmp_path, source="?digits=7&decimals=1&rate=0", more=more)) as daemon:
            daemon.heard("READY=1")
            state = json.loads(retained(broker, "digitd/cellar/water/state"))
            assert (state["value"], state["raw"], state["status"]) == (1234.5, "0012345", "ok")
            assert retained(broker, "digitd/cellar/availability") == "online"
            told = json.loads(retained(broker, "homeassistant/device/digitd_cellar/config"))
            assert told["o"]["name"] == "digitd" if "o" in told else told["origin"]["name"] == "digitd"
            publish(broker, "digitd/cellar/water/set_value", "2000.5")
            daemon.logged("water: set to 2000.5")
            until = time.monotonic() + PATIENCE_S
            while json.loads(retained(broker, "digitd/cellar/water/state"))["value"] != 2000.5:
                assert time.monotonic() < until
            publish(broker, "digitd/cellar/water/set_value", "many")
            daemon.logged("set_value")
            assert daemon.stopped() == 0
        assert retained(broker, "digitd/cellar/availability") == "offline"


def test_a_counter_that_was_renamed_leaves_nothing_at_the_broker_and_in_home_assistant(tmp_path: Path) -> None:
    parts = ("state", "time", "value", "raw", "confidence", "status", "rate", "id", "last_read")
    folder = tmp_path / "broker"
    folder.mkdir()
    with mosquitto(folder) as broker:
        more = f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'
        config = configured(tmp_path, source="?digits=7&decimals=1&rate=600", more=more)
        with Running(config) as daemon:
            until = time.monotonic() + PATIENCE_S
            while kept(broker) != {"digitd/digitd/availability", *(f"digitd/digitd/water/{part}" for part in parts)}:
                assert time.monotonic() < until
            config.write_text(config.read_text().replace('name = "water"', 'name = "cellar"'))
            daemon.process.send_signal(signal.SIGHUP)
            until = time.monotonic() + PATIENCE_S
            while kept(broker) != {"digitd/digitd/availability", *(f"digitd/digitd/cellar/{part}" for part in parts)}:
                assert time.monotonic() < until
            announced = json.loads(retained(broker, "homeassistant/device/digitd/config"))["components"]
            assert {name.rpartition("_")[2] for name in announced} == {"cellar"}
            assert daemon.stopped() == 0


def test_who_asks_for_a_reading_is_told_one_though_nothing_has_changed(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    with mosquitto(folder) as broker:
        more = f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'
        with Running(configured(tmp_path, source="?digits=7&decimals=1&rate=0", interval='"1h"', more=more)) as daemon:
            daemon.heard("READY=1")
            before = json.loads(retained(broker, "digitd/digitd/water/state"))
            publish(broker, "digitd/digitd/water/read_now", "PRESS")
            until = time.monotonic() + PATIENCE_S
            while (after := json.loads(retained(broker, "digitd/digitd/water/state")))["id"] == before["id"]:
                assert time.monotonic() < until
            assert after["time"] > before["time"]
            assert (after["value"], after["status"]) == (before["value"], "ok")
            assert daemon.stopped() == 0
