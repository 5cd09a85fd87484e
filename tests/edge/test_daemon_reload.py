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
from typing import NoReturn, Self

import pytest

from bench.mosquitto import free_port
from edge import assembly
from edge import daemon as module
from edge.capture.camera import Frame
from edge.capture.simulated import Simulated
from edge.capture.watching import Watched
from edge.config.schema import Config
from edge.daemon import SLICE_S, Daemon
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
    """Away, and not to be asked again for an hour; or one that gives the same picture whenever it is asked."""

    stale_s = 0.0

    def __init__(self) -> None:
        self.asked, self.rest_s = 0, 0.0
        self.shown: Frame | None = None

    def frame(self, _: Callable[[], None]) -> Frame:
        self.asked += 1
        if self.shown is not None:
            return self.shown
        self.rest_s = 3600.0
        raise CameraError("away")

    def anew(self) -> "Camera":
        return self

    def close(self) -> None:
        pass


class Bench:
    """The daemon in a thread of this process, with a camera that is away."""

    def __init__(self, folder: Path) -> None:
        self.camera: Camera | Watched = Camera()
        self.path, self.file = folder / "digitd.sqlite", configured(folder, source=RESTING, interval='"1h"')
        self.right = self.file.read_text()
        self.begin()

    def begin(self) -> None:
        """With the file as it is now."""
        self.daemon = Daemon(self.file)
        self._thread = threading.Thread(target=self.daemon.run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.daemon.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def asked(self) -> int:
        assert isinstance(self.camera, Camera)
        return self.camera.asked

    def value(self) -> int:
        """In steps, as it is kept once the daemon has ended."""
        with Store(self.path) as store:
            state = store.load_state("water")
        assert state is not None
        return int(state["history"]["value"])


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Bench:
    made = Bench(tmp_path)
    monkeypatch.setattr(assembly, "camera", lambda _: made.camera)
    caplog.set_level(logging.INFO)
    return made


def eventually(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_commands_and_reloads_do_not_wait_for_a_camera_that_is_away(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(bench.camera, Camera)
    with bench:
        eventually(lambda: bench.asked() == 1)
        bench.daemon.told("water", "set_value", Decimal("1500.0"))
        eventually(lambda: "water: set to 1500.0" in caplog.text)
        bench.daemon.reload()
        eventually(lambda: "was read again" in caplog.text)
        assert bench.asked() == 1  # it is left alone as long as it wants to be
        bench.camera.rest_s = 0.0
        eventually(lambda: bench.asked() == 2)  # and not for the interval, which is an hour
    assert bench.value() == 15000


def test_nor_for_a_camera_that_does_not_answer(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    opened, never = list[int](), threading.Event()

    def hangs() -> NoReturn:
        opened.append(1)
        never.wait(PATIENCE_S)
        raise CameraError("no answer")

    bench.camera = Watched(hangs, name="fake")
    with bench:
        eventually(lambda: len(opened) == 1)
        bench.daemon.told("water", "set_value", Decimal("1500.0"))
        eventually(lambda: "water: set to 1500.0" in caplog.text)
        bench.daemon.reload()
        eventually(lambda: "was read again" in caplog.text)
        eventually(lambda: len(opened) == 2)
    never.set()
    assert bench.value() == 15000


def test_one_frame_is_taken_for_each_start_and_command(bench: Bench) -> None:
    assert isinstance(bench.camera, Camera)
    with Simulated.of(RESTING) as simulated:
        bench.camera.shown = simulated.frame()
    with bench:
        eventually(lambda: bench.asked() == 1)
        for taken in (2, 3):
            bench.daemon.told("water", "read_now", None)
            eventually(lambda: bench.asked() >= taken)  # noqa: B023
        time.sleep(2 * SLICE_S)
        assert bench.asked() == 3


def test_a_command_that_was_taken_is_followed_even_where_the_daemon_ends_before_the_next_frame(bench: Bench) -> None:
    with bench:
        eventually(lambda: bench.asked() == 1)
        bench.daemon.told("water", "set_value", Decimal("1500.0"))
        bench.daemon.stop()
    assert bench.value() == 15000


def failing(monkeypatch: pytest.MonkeyPatch, times: int) -> list[Config]:
    """Let so many attempts to have the outputs fail; what was asked for each time."""
    real, asked = assembly.outputs, list[Config]()

    def outputs(config: Config, store: Store, told: assembly.OnCommand) -> dict[str, assembly.Output]:
        asked.append(config)
        if len(asked) <= times:
            raise ValueError("Port out of range 0-65535")
        return real(config, store, told)

    monkeypatch.setattr(assembly, "outputs", outputs)
    return asked


def test_whatever_keeps_a_new_configuration_from_running_what_ran_before_comes_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with bench:
        eventually(lambda: bench.asked() == 1)
        asked, before = failing(monkeypatch, 1), bench.daemon.config
        bench.daemon.reload()
        eventually(lambda: LEFT in caplog.text)
        bench.daemon.told("water", "set_value", Decimal("1500.0"))
        eventually(lambda: "water: set to 1500.0" in caplog.text)
        assert bench.daemon.config is before
        assert asked[1] is before
    assert "Port out of range" in caplog.text


def test_where_that_does_not_come_back_either_reading_goes_on_and_it_is_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.1)
    with bench:
        eventually(lambda: bench.asked() == 1)
        asked = failing(monkeypatch, 3)
        bench.daemon.reload()
        eventually(lambda: len(asked) == 4)
        bench.daemon.told("water", "set_value", Decimal("1500.0"))
        eventually(lambda: "water: set to 1500.0" in caplog.text)
        time.sleep(0.3)
        assert len(asked) == 4
    assert "readings wait in the database" in caplog.text


def test_a_reload_that_cannot_be_had_loses_nothing_that_waits_for_a_broker(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bench.file.write_text(f'{bench.right}[mqtt]\nhost = "127.0.0.1"\nport = {free_port()}\n')
        bench.begin()
        with bench:
            eventually(lambda: bench.asked() == 1)
            bench.file.write_text(bench.right + http(bench.file.parent, taken.getsockname()[1]))
            bench.daemon.reload()
            eventually(lambda: LEFT in caplog.text)
    with Store(bench.path) as store:
        assert store.queue_length("mqtt") == 1  # that there was no frame
