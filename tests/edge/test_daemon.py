"""The daemon as its user and as systemd meet it: a real process, real signals, a real database."""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path

import cv2
import pytest

from bench.mosquitto import free_port
from edge.capture.simulated import Simulated
from edge.outputs.store import Store
from edge.reading import Status
from tests.edge.daemons import Running, configured

RESTING = "?digits=7&decimals=1&rate=0"
TOKEN = "kYqWn3v0Zt8sX5bRf2LmJ7hD"


def kept(folder: Path) -> list[tuple[Decimal | None, Status]]:
    with Store(folder / "digitd.sqlite") as store:
        return [(record.value, record.status) for record in store.readings("water", None, None, 100_000)]


def test_it_is_ready_when_the_first_frame_was_read_and_says_what_it_reads(tmp_path: Path) -> None:
    with Running(configured(tmp_path), watchdog_s=15) as daemon:
        daemon.heard("READY=1")
        assert daemon.heard("STATUS=").startswith("STATUS=water 1234.")
        daemon.heard("WATCHDOG=1")
        assert daemon.stopped() == 0
    values = [value for value, status in kept(tmp_path) if status is Status.OK]
    assert len(values) >= 1
    assert all(value is not None and value >= Decimal("1234.5") for value in values)
    assert "<6>stopped; all that was read is kept" in daemon.log.read_text()


def test_all_that_is_in_the_log_are_its_own_words(tmp_path: Path) -> None:
    with Running(configured(tmp_path)) as daemon:
        daemon.heard("READY=1")
        assert daemon.stopped() == 0
    assert [line for line in daemon.log.read_text().splitlines() if not line.startswith("<6>")] == []


def test_after_a_kill_it_goes_on_where_it_was(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with Running(config) as daemon:
        daemon.logged("water: 1234.7")
        assert daemon.stopped(signal.SIGKILL) == -signal.SIGKILL
    before = kept(tmp_path)
    with Running(config) as daemon:
        daemon.heard("READY=1")
        daemon.stopped()
    after = kept(tmp_path)
    assert after[: len(before)] == before
    assert (Decimal("1234.7"), Status.OK) in before


def from_source(config: Path, source: str) -> None:
    """Let it read another camera than the simulated one."""
    config.write_text(re.sub(r'source = ".*"', f'source = "{source}"', config.read_text()))


def test_a_camera_that_is_not_there_is_said_once_and_never_counts_as_alive(tmp_path: Path) -> None:
    config = configured(tmp_path)
    from_source(config, "v4l2:/dev/no-such-camera")
    with Running(config, watchdog_s=15) as daemon:
        told = daemon.all_heard("STATUS=no frame")
        with pytest.raises(subprocess.TimeoutExpired):
            daemon.process.wait(3)
        assert daemon.stopped() == 0
        told += daemon.all_heard("STOPPING=1")
    assert {message.partition("=")[0] for message in told} == {"WATCHDOG_USEC", "STATUS", "STOPPING"}
    assert not any("WATCHDOG=1" in message for message in told)
    assert {status for _, status in kept(tmp_path)} == {Status.NO_FRAME}
    assert daemon.log.read_text().count("<4>") == 1


def test_a_wrong_configuration_is_refused_line_by_line_before_anything_starts(tmp_path: Path) -> None:
    config = configured(tmp_path, more='colour = "red"\n')
    result = subprocess.run([sys.executable, "-m", "edge", "run", "--config", config], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert f"{config}:" in result.stderr
    assert "store.colour" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "digitd.sqlite").exists()


def test_a_reload_takes_a_new_configuration_and_leaves_a_wrong_one(tmp_path: Path) -> None:
    config = configured(tmp_path)
    right = config.read_text()
    with Running(config) as daemon:
        daemon.heard("READY=1")
        config.write_text(right.replace("digits = 7", "digits = 77"))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.heard("RELOADING=1")
        log = daemon.logged("the configuration is left as it was")
        assert f"<3>{config}:7: counter.water.digits" in log or "digits" in log
        config.write_text(right.replace('name = "water"', 'name = "cellar"'))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.logged("the configuration was read again")
        daemon.logged("cellar: 1234.")
        assert daemon.stopped() == 0
        told = daemon.all_heard("STOPPING=1")
    # One READY for each reload, after it: the first one's RELOADING was heard above.
    assert [message.partition("\n")[0] for message in told if "RE" in message] == ["READY=1", "RELOADING=1", "READY=1"]


def test_a_reload_before_the_first_reading_is_ready_with_it_and_not_before(tmp_path: Path) -> None:
    config, folder = configured(tmp_path, source=RESTING), tmp_path / "pictures"
    folder.mkdir()
    from_source(config, f"folder:{folder}")
    with Running(config) as daemon:
        daemon.heard("STATUS=no frame")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.logged("the configuration was read again")
        daemon.heard("RELOADING=1")
        with Simulated.of(RESTING) as camera:
            cv2.imwrite(str(folder / ".1.png"), camera.frame().picture)
        (folder / ".1.png").rename(folder / "1.png")
        told = [message for message in daemon.all_heard("STATUS=water") if not message.startswith("STATUS=no frame")]
        assert told == ["READY=1", "STATUS=water 1234.5 m³ (ok)"]
        assert daemon.stopped() == 0
        assert "READY=1" not in daemon.all_heard("STOPPING=1")


def test_the_api_answers_while_it_reads_and_sets_a_value(tmp_path: Path) -> None:
    port = free_port()
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    more = f'[http]\nenabled = true\nport = {port}\ntoken_file = "{token}"\n'
    with Running(configured(tmp_path, source=RESTING, more=more)) as daemon:
        daemon.heard("READY=1")

        def ask(path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> tuple[int, bytes]:
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers or {})
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()

        allowed = {"Authorization": f"Bearer {TOKEN}"}
        assert ask("/healthz")[0] == 200
        assert ask("/api/v1/counters/water")[0] == 401
        code, body = ask("/api/v1/counters/water", allowed)
        assert (code, json.loads(body)["value"]) == (200, 1234.5)
        assert ask("/api/v1/annotated.jpg", allowed)[1][:2] == b"\xff\xd8"
        assert b'digitd_readings_total{counter="water",status="ok"}' in ask("/metrics", allowed)[1]
        wrong = {**allowed, "Content-Type": "application/json"}
        assert ask("/api/v1/counters/water/value", wrong, b'{"value": 9999999.9}')[0] in (400, 422)
        assert ask("/api/v1/counters/water/value", wrong, b'{"value": 2000.5}')[0] in (200, 202, 204)
        daemon.logged("water: set to 2000.5")
        daemon.logged("water: decreased")
        assert daemon.stopped() == 0
