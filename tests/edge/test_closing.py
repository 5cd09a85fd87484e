"""A camera that is let go of while it is being opened or waited for: nobody waits any longer, and it is closed when it comes back."""

import contextlib
import importlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from edge.capture.camera import Camera, CameraSettings, open_camera
from edge.capture.watching import Watched
from edge.errors import CameraError
from tests.edge.camera_servers import camera_server
from tests.edge.daemons import PATIENCE_S, configured
from tests.edge.picamera_stand_in import World, modules
from tests.edge.rtsp_server import rtsp_server
from tests.edge.test_streams import drain, eventually
from tests.edge.watched import Bench, Fake

NEVER_S = 600.0
"""As long as a camera may take in these tests."""
AT_ONCE_S = 5.0
"""Far less than that, and enough for a machine with much else to do."""
PIN = 18


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def ended_by(watched: Watched, close: Callable[[], None]) -> str:
    """What `frame` says when the camera is closed half a second after it was asked for."""
    timer = threading.Timer(0.5, close)
    timer.start()
    asked = time.monotonic()
    with pytest.raises(CameraError) as raised:
        drain(watched)
    assert time.monotonic() - asked < AT_ONCE_S
    timer.join()
    return str(raised.value)


def closed_while(source: str, **given: object) -> str:
    settings = CameraSettings(**{"source": source, "timeout_s": NEVER_S} | given)  # type: ignore[arg-type]
    watched = Watched(lambda: open_camera(settings), name="it")
    return ended_by(watched, watched.close)


class Slow(Bench):
    """Takes its time to open, or to give a frame."""

    def __init__(self, *, opens_slowly: bool) -> None:
        super().__init__()
        self.opens_slowly, self.go_on, self.busy = opens_slowly, threading.Event(), threading.Event()

    def open(self) -> Camera:
        if self.opens_slowly:
            self.waits()
        return super().open() if self.opens_slowly else Stuck(self)

    def waits(self) -> None:
        self.busy.set()
        self.go_on.wait(60)


class Stuck(Fake):
    """Deep in a driver, and not to be ended by closing."""

    def frame(self) -> Any:
        assert isinstance(self.bench, Slow)
        self.bench.waits()
        return super().frame()


@pytest.fixture(params=[True, False], ids=["opening", "grabbing"])
def slow(request: pytest.FixtureRequest) -> Iterator[Slow]:
    bench = Slow(opens_slowly=request.param)
    yield bench
    bench.go_on.set()


def test_closing_ends_the_wait_whatever_the_camera_does_and_it_is_closed_when_it_comes_back(
    slow: Slow, caplog: pytest.LogCaptureFixture
) -> None:
    assert ended_by(slow.watched, slow.watched.close) == "fake: no longer waited for"
    slow.go_on.set()
    eventually(lambda: slow.closed == 1)
    assert slow.asked == 0 or not slow.opens_slowly
    with pytest.raises(CameraError, match="fake: closed"):
        slow.watched.frame()
    assert caplog.records == []


def test_a_signal_handler_may_close_it_in_the_middle_of_its_own_threads_wait(slow: Slow) -> None:
    def handle(number: int, frame: FrameType | None) -> None:
        slow.watched.close()

    before = signal.signal(signal.SIGALRM, handle)
    try:
        assert ended_by(slow.watched, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)).endswith(
            "waited for"
        )
    finally:
        signal.signal(signal.SIGALRM, before)


def test_closing_one_that_nobody_waits_for_has_closed_the_camera_when_it_returns() -> None:
    bench = Bench()
    bench.works()
    bench.watched.close()
    assert bench.closed == 1


@pytest.mark.parametrize("path", ["silent.jpg", "stuck-stream"])
def test_an_http_camera_that_never_answers_keeps_nobody_waiting(path: str) -> None:
    with camera_server() as server:
        assert closed_while(f"{server.url}/{path}") in ("it: no longer waited for", "it: closed")


def test_an_rtsp_camera_that_never_answers_keeps_nobody_waiting() -> None:
    with silent_port() as port:
        assert closed_while(f"rtsp://127.0.0.1:{port}/live") == "it: no longer waited for"


def test_an_rtsp_stream_that_falls_silent_keeps_nobody_waiting() -> None:
    with rtsp_server(silent_after=10) as server:
        assert closed_while(server.url) == "it: no longer waited for"


def test_a_pi_camera_that_does_not_settle_keeps_nobody_waiting_and_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(silent=True)
    for name, module in modules(world).items():
        monkeypatch.setitem(sys.modules, name, module)
    settings = CameraSettings(source="picamera2", timeout_s=2.0)
    watched = Watched(lambda: open_camera(settings), name="it")
    assert ended_by(watched, watched.close) == "it: no longer waited for"
    eventually(lambda: (world.opened, world.is_open) == (1, 0))


@pytest.mark.parametrize("warm_up_s", [0.0, NEVER_S], ids=["opening", "warming up"])
def test_the_lamp_goes_out_at_once(warm_up_s: float) -> None:
    gpiozero: Any = importlib.import_module("gpiozero")
    mock: Any = importlib.import_module("gpiozero.pins.mock")
    gpiozero.Device.pin_factory = mock.MockFactory()
    pin = gpiozero.Device.pin_factory.pin(PIN)
    try:
        with camera_server() as server:
            said = closed_while(f"{server.url}/silent.jpg", lamp_pin=PIN, lamp_warm_up_s=warm_up_s)
            assert said == "it: no longer waited for"
            eventually(lambda: (pin.state, pin.function) == (False, "input"))
            assert True in [state.state for state in pin.states]
    finally:
        gpiozero.Device.pin_factory = None


def late(folder: Path, source: str) -> list[str]:
    """The daemon with that camera, which may take ten minutes, in an interpreter that takes two seconds to end."""
    config = configured(folder)
    config.write_text(re.sub(r'source = ".*"', f'source = "{source}"\ntimeout = "10min"', config.read_text()))
    code = (
        "import sys, time\nfrom edge.cli import main\n"
        "class Late:\n    def __del__(self, sleep=time.sleep): sleep(2)\nlate = Late()\n"
        f"sys.exit(main(['run', '--config', {str(config)!r}]))"
    )
    return [sys.executable, "-c", code]


@pytest.mark.parametrize(("scheme", "connections"), [("http", 1), ("rtsp", 2)])  # RTSP is asked first whether it is there
def test_a_daemon_whose_camera_never_answers_ends_at_a_signal_with_its_own_code(tmp_path: Path, scheme: str, connections: int) -> None:
    log = tmp_path / "log"
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.ExitStack() as stack:
        server.settimeout(PATIENCE_S)
        command = late(tmp_path, f"{scheme}://127.0.0.1:{server.getsockname()[1]}/live")
        process = stack.enter_context(subprocess.Popen(command, stderr=stack.enter_context(log.open("wb"))))
        stack.callback(process.kill)
        asked = [stack.enter_context(server.accept()[0]) for _ in range(connections)][-1]
        assert asked.recv(16)
        process.send_signal(signal.SIGTERM)
        eventually(lambda: "stopped; all that was read is kept" in log.read_text())
        # Now the library comes back, while the interpreter ends.
        time.sleep(1)
        asked.close()
        assert process.wait(PATIENCE_S) == 0
    assert "terminate" not in log.read_text()
