"""Network cameras that give one JPEG at a time, against a real server."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from bench.mosquitto import free_port
from edge.capture.camera import CameraSettings, open_camera
from edge.errors import CameraError
from tests.edge.camera_servers import PASSWORD, USER, CameraServer, camera_server, number_of, numbered

TIMEOUT_S = 0.5


@pytest.fixture
def server() -> Iterator[CameraServer]:
    with camera_server() as running:
        yield running


def settings(source: str, **given: object) -> CameraSettings:
    return CameraSettings(**{"source": source, "timeout_s": 5.0} | given)  # type: ignore[arg-type]


def ended(name: str) -> list[threading.Thread]:
    """The threads of a camera, each given time to end."""
    threads = [thread for thread in threading.enumerate() if thread.name == f"camera {name}"]
    for thread in threads:
        thread.join(5)
    return threads


def test_each_frame_is_a_picture_asked_for_anew(server: CameraServer) -> None:
    with open_camera(settings(f"{server.url}/capture.jpg")) as camera:
        frames = [camera.frame() for _ in range(3)]
    shown = [number_of(frame.picture) for frame in frames]
    assert shown == [shown[0], shown[0] + 1, shown[0] + 2]
    assert [frame.number for frame in frames] == [1, 2, 3]
    assert frames[0].time < frames[1].time
    assert np.abs(frames[0].picture.astype(int) - numbered(shown[0])).mean() < 8


def test_frames_are_turned_clockwise(server: CameraServer) -> None:
    with open_camera(settings(f"{server.url}/capture.jpg", rotation=90)) as camera:
        assert number_of(np.rot90(camera.frame().picture)) == 2


def test_user_and_password_go_along(server: CameraServer) -> None:
    with open_camera(settings(f"{server.url}/guarded.jpg", user=USER, password=PASSWORD)) as camera:
        assert camera.frame().number == 1


def test_user_and_password_may_stand_in_the_address_and_are_not_told(server: CameraServer) -> None:
    url = server.url.replace("//", "//maria:s3cret%2F%26%40%3F@")
    with open_camera(settings(f"{url}/guarded.jpg")) as camera:
        assert camera.frame().number == 1
        assert "s3cret" not in camera.name


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("guarded.jpg", "401 Unauthorized: user or password are missing or wrong"),
        ("digest.jpg", "asks for Digest authentication, and only Basic"),
        ("nothing.jpg", "404 Not Found: the address is wrong after the host"),
        ("moved.jpg", r"302 Found and leads to http://…@elsewhere/capture\.jpg; name that address"),
        ("broken.jpg", "503 Service Unavailable; expected a picture"),
        ("silent.jpg", r"no (answer|picture) within 0\.5 s"),
        ("garbage.jpg", "no proper HTTP answer"),
        ("film.mp4", r"a stream of the kind video/mp4; expected JPEGs"),
        ("huge.jpg", "10000 MB or more; expected a picture of at most 32 MB"),
        ("endless.jpg", "MB or more; expected a picture of at most 32 MB|and no end"),
        ("drip.jpg", r"no picture within 0\.5 s|bytes after 0\.5 s and no end"),
        ("cut.jpg", "bytes before the length it announced"),
        ("half.jpg", "cut short"),
        ("page.jpg", 'text that begins "<html>'),
        ("empty.jpg", "an empty file"),
    ],
)
def test_what_is_no_picture_is_told_by_its_reason(server: CameraServer, path: str, said: str) -> None:
    url = f"{server.url}/{path}?pwd=hidden".replace("//", f"//{USER}:wrong@")
    with pytest.raises(CameraError, match=said) as raised:
        open_camera(settings(url, timeout_s=TIMEOUT_S)).frame()
    assert f"127.0.0.1:{server.server_address[1]}/{path}" in str(raised.value)
    assert "wrong@" not in str(raised.value)
    assert "hidden" not in str(raised.value)


def test_an_endless_answer_is_not_taken_into_memory(server: CameraServer) -> None:
    with pytest.raises(CameraError):
        open_camera(settings(f"{server.url}/endless.jpg")).frame()
    assert server.sent < 80_000_000  # what was read, and what the two ends' buffers hold


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"http://127.0.0.1:{free_port()}/a.jpg", "refuses the connection"),
        ("http://no-such-camera.invalid/a.jpg", "no such host"),
    ],
)
def test_a_camera_that_cannot_be_reached_is_told(url: str, said: str) -> None:
    with pytest.raises(CameraError, match=said):
        open_camera(settings(url, timeout_s=TIMEOUT_S)).frame()


def test_it_recovers_by_itself(server: CameraServer) -> None:
    with open_camera(settings(f"{server.url}/capture.jpg", timeout_s=TIMEOUT_S)) as camera:
        camera.frame()
        server.shutdown()
        with pytest.raises(CameraError):
            camera.frame()
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        assert camera.frame().number == 2


def test_closing_ends_a_frame_that_waits(server: CameraServer) -> None:
    from edge.capture.address import Address
    from edge.capture.snapshot import Snapshot

    camera = Snapshot(Address.of(f"{server.url}/silent.jpg"), timeout_s=600)
    timer = threading.Timer(0.2, camera.close)
    timer.start()
    with pytest.raises(CameraError, match="closed"):
        camera.frame()
    timer.join()
    # Nor does a thread stay behind and wait on.
    assert all(not thread.is_alive() for thread in ended(camera.name))


def test_a_password_is_in_no_description_of_the_settings() -> None:
    assert "s3cret" not in repr(settings("http://a/b", user=USER, password=PASSWORD))
