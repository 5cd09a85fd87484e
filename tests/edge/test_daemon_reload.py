"""A daemon that goes on: through configurations that cannot be had, and beside a camera that is away."""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from edge import assembly
from edge.config.schema import Config
from edge.daemon import Daemon
from edge.errors import CameraError
from edge.outputs.store import Store
from tests.edge.daemons import PATIENCE_S, Running, configured

RESTING = "?digits=7&decimals=1&rate=0"
LEFT = "the configuration is left as it was"


def http(folder: Path, port: int) -> str:
    """A [http] section with a token that fits."""
    token = folder / "token"
    token.write_text("kYqWn3v0Zt8sX5bRf2LmJ7hD")
    token.chmod(0o600)
    return f'[http]\nenabled = true\nport = {port}\ntoken_file = "{token}"\n'


def test_a_reload_to_what_cannot_be_had_leaves_all_as_it_was_and_reading_goes_on(tmp_path: Path) -> None:
    config = configured(tmp_path)
    right = config.read_text()
    with Running(config) as daemon, socket.create_server(("127.0.0.1", 0)) as taken:
        daemon.heard("READY=1")
        config.write_text(right + http(tmp_path, taken.getsockname()[1]))
        daemon.process.send_signal(signal.SIGHUP)
        log = daemon.logged(LEFT)
        assert "was read again" not in log
        daemon.heard("RELOADING=1")
        daemon.heard("READY=1")
        daemon.heard("STATUS=water")
        config.write_text(right.replace("max_rate = 5000", "max_rate = 4000"))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.logged("was read again")
        daemon.heard("RELOADING=1")
        daemon.heard("STATUS=water")
        assert daemon.stopped() == 0
        assert "Traceback" not in daemon.log.read_text()


class Camera:
    """Away, and not to be asked again for an hour."""

    rest_s = 0.0

    def __init__(self) -> None:
        self.asked = 0

    def frame(self) -> None:
        self.asked += 1
        self.rest_s = 3600.0
        raise CameraError("away")

    def close(self) -> None:
        pass


class Bench:
    """The daemon in a thread of this process, with a camera that is away."""

    def __init__(self, folder: Path) -> None:
        self.camera, self.path = Camera(), folder / "digitd.sqlite"
        self.daemon = Daemon(configured(folder, source=RESTING, interval='"1h"'))
        self._thread = threading.Thread(target=self.daemon.run)

    def __enter__(self) -> Self:
        self._thread.start()
        eventually(lambda: self.camera.asked > 0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.daemon.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def value(self) -> int:
        """In steps, as it is kept once the daemon has ended."""
        with Store(self.path) as store:
            state = store.load_state("water")
        assert state is not None
        return int(state["history"]["value"])


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Bench:
    made = Bench(tmp_path)
    monkeypatch.setattr(assembly, "camera", lambda *_, **__: made.camera)
    caplog.set_level(logging.INFO)
    return made


def eventually(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_commands_and_reloads_do_not_wait_for_a_camera_that_is_away(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with bench:
        bench.daemon.told("water", "set_value", Decimal("1500.0"))
        eventually(lambda: "water: set to 1500.0" in caplog.text)
        bench.daemon.reload()
        eventually(lambda: "was read again" in caplog.text)
        assert bench.camera.asked == 1  # it is left alone as long as it wants to be
        bench.camera.rest_s = 0.0
        eventually(lambda: bench.camera.asked == 2)  # and not for the interval, which is an hour
    assert bench.value() == 15000


def test_a_command_that_was_taken_is_followed_even_where_the_daemon_ends_before_the_next_frame(bench: Bench) -> None:
    with bench:
        bench.daemon.told("water", "set_value", Decimal("1500.0"))
        bench.daemon.stop()
    assert bench.value() == 15000


def test_whatever_keeps_a_new_configuration_from_running_what_ran_before_comes_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, built = assembly.outputs, list[Config]()

    def fails_at_first(config: Config, store: Store, told: assembly.OnCommand) -> dict[str, assembly.Output]:
        built.append(config)
        if len(built) == 1:
            raise ValueError("Port out of range 0-65535")
        return real(config, store, told)

    with bench:
        monkeypatch.setattr(assembly, "outputs", fails_at_first)
        before = bench.daemon.config
        bench.daemon.reload()
        eventually(lambda: LEFT in caplog.text)
        bench.daemon.told("water", "set_value", Decimal("1500.0"))
        eventually(lambda: "water: set to 1500.0" in caplog.text)
        assert bench.daemon.config is before
        assert built[1] is before
    assert "Port out of range" in caplog.text
