"""The service as systemd itself judges it: understood to the last line, and shut in."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.capture.watching import LONGEST_PAUSE_S, REOPEN_BLACK_S
from edge.config.camera import Camera
from edge.config.load import DEFAULT_PATH
from edge.config.outputs import Http, Influx, Mqtt, Webhook
from edge.config.schema import Config
from tests.system.packages import install
from tests.test_arrows import ROOT

MOST_EXPOSURE = 1.5
NEWER = ("Type=notify-reload", "RestartSteps", "RestartMaxDelaySec")
"""What systemd knows since 253 and 254."""

Units = Callable[..., Path]


def settings(name: str = "digitd.service") -> dict[str, list[str]]:
    """Every setting of a file with its values in their order."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "systemd" / name).read_text().splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture(scope="module")
def systemd() -> int:
    """systemd-analyze is there; its version."""
    install("systemd", programs=("systemd-analyze",))
    said = subprocess.run(["systemd-analyze", "--version"], check=True, capture_output=True, text=True).stdout
    return int(said.split()[1])


@pytest.fixture
def units(tmp_path: Path) -> Units:
    """Puts the service where systemd finds it, with some drop-ins, and a program that is there."""

    def put(*drop_ins: str) -> Path:
        unit = tmp_path / "digitd.service"
        unit.write_text((ROOT / "systemd/digitd.service").read_text().replace("/opt/digitd/bin/digitd", "/bin/true"))
        (tmp_path / "digitd.service.d").mkdir()
        for name in drop_ins:
            shutil.copy(ROOT / "systemd" / name, tmp_path / "digitd.service.d" / name)
        return unit

    return put


def analyzed(unit: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"SYSTEMD_UNIT_PATH": f"{unit.parent}:"}
    return subprocess.run(["systemd-analyze", *words], env=environment, capture_output=True, text=True, check=False)


def exposure(unit: Path) -> float:
    said = analyzed(unit, "security", "--offline=true", "--no-pager", str(unit))
    assert said.returncode == 0, said.stderr
    found = re.search(r"Overall exposure level for digitd\.service: ([0-9.]+)", said.stdout)
    assert found, said.stdout
    return float(found[1])


@pytest.mark.parametrize("drop_ins", [(), ("picamera2.conf",)])
def test_systemd_understands_every_line(systemd: int, units: Units, drop_ins: tuple[str, ...]) -> None:
    said = analyzed(units(*drop_ins), "verify", "digitd.service")
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_what_is_only_for_newer_ones_is_all_that_an_older_one_does_not_understand(systemd: int, units: Units) -> None:
    said = analyzed(units("newer.conf"), "verify", "digitd.service")
    lines = [line for line in (said.stdout + said.stderr).splitlines() if "newer.conf" in line]
    if systemd >= 254:
        assert (said.returncode, said.stdout + said.stderr) == (0, "")
    else:
        assert len(lines) == 3, "so drop-ins are read, and the other tests look at them"
        assert all(any(known.partition("=")[2] or known in line for known in NEWER) for line in lines)


def test_a_line_that_systemd_does_not_understand_would_be_seen(systemd: int, units: Units) -> None:
    unit = units()
    unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHome=yes\nProtectHomes=yes"))
    assert "ProtectHomes" in analyzed(unit, "verify", "digitd.service").stderr


def test_it_is_shut_in(systemd: int, units: Units) -> None:
    assert exposure(units()) <= MOST_EXPOSURE


def test_the_raspberry_pis_own_camera_opens_it_no_more_than_it_must(systemd: int, units: Units) -> None:
    assert exposure(units("picamera2.conf")) <= MOST_EXPOSURE
    assert set(settings("picamera2.conf")) == {
        "DeviceAllow", "SupplementaryGroups", "RestrictAddressFamilies", "ProcSubset", "MemoryDenyWriteExecute", "PrivateUsers"
    }  # fmt: skip


def test_a_line_less_would_be_seen(systemd: int, units: Units) -> None:
    unit = units()
    unit.write_text(unit.read_text().replace("CapabilityBoundingSet=\n", ""))
    assert exposure(unit) > MOST_EXPOSURE


def test_it_starts_without_a_network_and_is_started_again_for_ever() -> None:
    unit = settings()
    waits = " ".join(value for key in ("After", "Wants", "Requires", "BindsTo", "Requisite") for value in unit.get(key, []))
    assert not re.search("network|time-sync|nss-lookup", waits)
    assert (unit["Restart"], unit["StartLimitIntervalSec"], unit["WantedBy"]) == (["always"], ["0"], ["multi-user.target"])
    assert unit["RestartSec"] != ["0"]
    assert settings("newer.conf")["RestartMaxDelaySec"] == ["5min"]


def test_it_speaks_with_systemd_as_the_oldest_one_knows() -> None:
    unit = settings()
    assert (unit["Type"], unit["NotifyAccess"], unit["ExecReload"]) == (["notify"], ["main"], ["kill -HUP $MAINPID"])
    assert unit["WatchdogSec"] == ["15min"]
    # A camera that is away is first opened again, as often as it takes.
    assert REOPEN_BLACK_S + LONGEST_PAUSE_S < 15 * 60


def test_it_runs_what_is_installed_on_the_configuration_that_is_installed() -> None:
    assert settings()["ExecStart"] == [f"/opt/digitd/bin/digitd run --config {DEFAULT_PATH}"]
    assert f"/{settings()['ConfigurationDirectory'][0]}/" in str(DEFAULT_PATH)
    assert str(Config().store.path).startswith(f"/var/lib/{settings()['StateDirectory'][0]}/")


def test_every_secret_that_the_configuration_knows_is_handed_over_and_may_be_missing() -> None:
    fields = [
        Http.model_fields["token_file"], Mqtt.model_fields["password_file"], Mqtt.model_fields["key_file"],
        Webhook.model_fields["token_file"], Influx.model_fields["token_file"], Camera.model_fields["password_file"],
    ]  # fmt: skip
    named = {Path(str((field.examples or [""])[0])).name for field in fields}
    loaded = dict(value.split(":", 1) for value in settings()["LoadCredential"])
    assert named <= set(loaded)
    assert all(path == f"/etc/digitd/{name}" for name, path in loaded.items())
    # An empty one would not be understood: systemd takes the \n for a line break.
    assert sorted(settings()["SetCredential"]) == sorted(f"{name}:\\n" for name in loaded)
