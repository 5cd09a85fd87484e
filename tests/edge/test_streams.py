"""Streams that deliver whether one looks or not: MJPEG over HTTP and RTSP against real servers, and the thread that keeps them empty."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from bench.mosquitto import free_port
from edge.capture.camera import Camera, CameraSettings, open_camera
from edge.capture.live import Live
from edge.capture.pictures import Image
from edge.errors import CameraError
from tests.edge import camera_servers
from tests.edge.camera_servers import BURST, PASSWORD, USER, CameraServer, number_of, numbered
from tests.edge.rtsp_server import rtsp_server


@pytest.fixture
def server() -> Iterator[CameraServer]:
    with camera_servers.camera_server() as running:
        yield running


def settings(source: str, **given: object) -> CameraSettings:
    return CameraSettings(**{"source": source, "timeout_s": 5.0} | given)  # type: ignore[arg-type]


def eventually(claim: Callable[[], bool]) -> None:
    for _ in range(500):
        if claim():
            return
        time.sleep(0.02)
    raise AssertionError("did not come true within ten seconds")


def drain(camera: Camera) -> None:
    """Read until it fails; no test's stream is longer."""
    for _ in range(1000):
        camera.frame()


class Tap:
    """A source that gives numbered frames one by one, when the test lets one through."""

    def __init__(self, *, fails_at: int = 2**16, cannot_decode: int = 2**16, runs: bool = False) -> None:
        """runs: one frame after the other, whether the test lets them through or not."""
        self.through = threading.Semaphore(0)
        self.grabbed = self.decoded = 0
        self.fails_at, self.cannot_decode, self.runs = fails_at, cannot_decode, runs
        self.released = threading.Event()

    def let(self, frames: int) -> None:
        before = self.grabbed
        self.through.release(frames)
        eventually(lambda: self.grabbed >= before + frames)

    def grab(self) -> None:
        self.through.acquire(timeout=0.001 if self.runs else 5)
        if self.grabbed + 1 == self.fails_at:
            raise CameraError("tap: dry")
        self.grabbed += 1

    def retrieve(self) -> Image:
        self.decoded += 1
        if self.grabbed == self.cannot_decode:
            raise ZeroDivisionError("a decoder's own error")
        return numbered(self.grabbed)

    def release(self) -> None:
        self.released.set()


def asked(camera: Live) -> tuple[threading.Thread, list[int]]:
    """A reader that waits for a frame in a thread of its own."""
    got: list[int] = []

    def read() -> None:
        with contextlib.suppress(CameraError):
            got.append(number_of(camera.frame().picture))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    eventually(lambda: camera._asked)
    return reader, got


def test_a_frame_is_the_first_that_arrives_after_it_was_asked_for() -> None:
    tap = Tap()
    with Live("tap", lambda: tap, timeout_s=5) as camera:
        tap.let(100)
        shown = []
        for _ in range(3):
            reader, got = asked(camera)
            tap.through.release()
            reader.join()
            shown += got
    assert shown == [101, 102, 103]


def test_a_frame_that_came_too_late_is_not_kept_for_the_next_reader() -> None:
    tap = Tap()
    with Live("tap", lambda: tap, timeout_s=0.2) as camera:
        with pytest.raises(CameraError):
            camera.frame()
        tap.let(5)
        reader, got = asked(camera)
        tap.through.release()
        reader.join()
    assert got == [6]


def test_frames_that_nobody_asks_for_are_not_decoded() -> None:
    tap = Tap()
    with Live("tap", lambda: tap, timeout_s=5) as camera:
        tap.let(100)
        reader, _ = asked(camera)
        tap.let(50)
        reader.join()
        assert tap.decoded == 1


def test_a_reader_of_every_frame_sees_none_twice() -> None:
    tap = Tap(runs=True)
    with Live("tap", lambda: tap, timeout_s=5) as camera:
        numbers = [camera.frame().number for _ in range(50)]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(("tap", "said"), [(Tap(fails_at=50), "tap: dry"), (Tap(cannot_decode=2), "ZeroDivisionError: a decoder's own")])
def test_a_source_that_fails_is_told_to_whoever_waits_and_released(tap: Tap, said: str) -> None:
    camera = Live("tap", lambda: tap, timeout_s=5)
    tap.let(1)
    reader, _ = asked(camera)
    tap.through.release(100)
    reader.join()
    for _ in range(2):
        with pytest.raises(CameraError, match=said):
            camera.frame()
    assert tap.released.wait(5)
    camera.close()


def test_a_silent_source_is_told_after_the_timeout() -> None:
    with Live("tap", Tap, timeout_s=0.1) as camera, pytest.raises(CameraError, match=r"tap: no frame within 0\.1 s"):
        camera.frame()


def test_closing_from_elsewhere_ends_a_frame_that_waits() -> None:
    camera = Live("tap", Tap, timeout_s=600)
    threading.Timer(0.1, camera.close).start()
    with pytest.raises(CameraError, match="tap: closed"):
        camera.frame()


def test_a_source_that_opens_too_late_is_let_go() -> None:
    tap, late = Tap(), threading.Event()

    def opened() -> Tap:
        late.wait(5)
        return tap

    with pytest.raises(CameraError, match=r"did not open within 0\.1 s"):
        Live("tap", opened, timeout_s=0.1)
    late.set()
    assert tap.released.wait(5)


def test_an_mjpeg_stream_gives_the_newest_picture_after_a_long_pause(server: CameraServer) -> None:
    with open_camera(settings(f"{server.url}/stream")) as camera:
        eventually(lambda: server.sent >= BURST)
        time.sleep(0.5)  # what has been sent is read meanwhile; an undrained stream would hold it for as long as it takes
        server.go_on.set()
        assert number_of(camera.frame().picture) > BURST


def test_an_mjpeg_stream_without_lengths_is_cut_at_its_boundary(server: CameraServer) -> None:
    with open_camera(settings(f"{server.url}/plain-stream")) as camera:
        first, second = camera.frame(), camera.frame()
    assert number_of(second.picture) > number_of(first.picture) > 0
    assert np.abs(first.picture.astype(int) - numbered(number_of(first.picture))).mean() < 8


def test_an_mjpeg_stream_that_ends_is_told(server: CameraServer) -> None:
    with open_camera(settings(f"{server.url}/short-stream")) as camera, pytest.raises(CameraError, match="the stream ended"):
        drain(camera)


def test_an_mjpeg_stream_that_falls_silent_is_told(server: CameraServer) -> None:
    with open_camera(settings(f"{server.url}/stuck-stream", timeout_s=0.5)) as camera, pytest.raises(CameraError, match=r"within 0\.5 s"):
        drain(camera)


def test_an_mjpeg_stream_without_end_is_not_taken_into_memory(server: CameraServer) -> None:
    with open_camera(settings(f"{server.url}/wild-stream")) as camera, pytest.raises(CameraError, match="without its boundary"):
        camera.frame()


def test_an_rtsp_stream_gives_pictures_that_grow_newer() -> None:
    with rtsp_server() as server, open_camera(settings(server.url)) as camera:
        first, second = camera.frame(), camera.frame()
        shown = number_of(first.picture), number_of(second.picture)
        assert shown[1] > shown[0] > 0
        assert np.abs(first.picture.astype(int) - numbered(shown[0])).mean() < 8


def test_an_rtsp_stream_takes_user_and_password_and_tells_none() -> None:
    with rtsp_server(password=PASSWORD) as server:
        with open_camera(settings(server.url, user=USER, password=PASSWORD)) as camera:
            assert number_of(camera.frame().picture) > 0
            assert camera.name == server.url
        with pytest.raises(CameraError, match="answers, and gives no stream; are path, user and password right") as raised:
            open_camera(settings(server.url, user=USER, password="wr0ng"))
        assert "wr0ng" not in str(raised.value)


def test_an_rtsp_stream_that_falls_silent_is_told() -> None:
    with rtsp_server(silent_after=30) as server, open_camera(settings(server.url, timeout_s=1.0)) as camera:
        camera.frame()
        with pytest.raises(CameraError, match="no frame"):
            drain(camera)


def test_an_rtsp_camera_that_refuses_is_told() -> None:
    with pytest.raises(CameraError, match=r"rtsp://127\.0\.0\.1:\d+/live: refuses the connection"):
        open_camera(settings(f"rtsp://127.0.0.1:{free_port()}/live"))


@pytest.mark.parametrize(
    ("device", "said"), [("/dev/video-none", "no such device; is the camera plugged in"), ("/etc/hostname", "not a device")]
)
def test_a_device_that_is_none_is_told(device: str, said: str) -> None:
    with pytest.raises(CameraError, match=f"v4l2:{device}: {said}"):
        open_camera(settings(f"v4l2:{device}"))


def test_a_device_that_is_no_camera_is_told() -> None:
    with pytest.raises(CameraError, match="v4l2:/dev/null: a device without pictures"):
        open_camera(settings("v4l2:/dev/null"))
