"""What systemd hears: the datagrams themselves, on a socket of the kind that it listens on."""

import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.notify import Notifier
from tests.edge.stored import Clock


class Manager:
    """The service manager's end; address: as NOTIFY_SOCKET names it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        """Every message since the last time."""
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    def environment(self, **more: str) -> dict[str, str]:
        return {"NOTIFY_SOCKET": self.address, **more}


@pytest.fixture(params=["a path", "an abstract name"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    # Its own name for each test: an abstract one is shared by all processes.
    address = str(tmp_path / "notify") if request.param == "a path" else f"@digitd-test-{os.getpid()}-{id(request)}"
    found = Manager(address)
    yield found
    found.socket.close()


def test_a_life_is_told_from_start_to_end(manager: Manager) -> None:
    with Notifier(manager.environment()) as service:
        service.ready()
        service.status("water 1234.567 m³")
        service.stopping()
    assert manager.heard() == ["READY=1", "STATUS=water 1234.567 m³", "STOPPING=1"]


def test_a_reload_carries_the_moment_it_began_and_is_done_when_that_is_said(manager: Manager) -> None:
    before = time.monotonic_ns() // 1000
    with Notifier(manager.environment()) as service:
        service.reloading()
        after = time.monotonic_ns() // 1000
        (begun,) = manager.heard()
        service.ready()
    first, second = begun.split("\n")
    assert first == "RELOADING=1"
    assert second.startswith("MONOTONIC_USEC=")
    assert before <= int(second.partition("=")[2]) <= after
    assert manager.heard() == ["READY=1"]


def test_systemd_is_woken_no_more_often_than_it_needs(manager: Manager) -> None:
    clock = Clock()
    with Notifier(manager.environment(WATCHDOG_USEC="120000000"), clock=clock) as service:
        assert service.watchdog_s == 120.0
        for frame in range(30 * 120 + 1):  # two minutes at 30 frames a second
            clock.now_s = frame / 30
            service.alive()
    assert manager.heard() == ["WATCHDOG=1"] * 5


def test_after_ready_the_next_frame_is_a_sign_of_life(manager: Manager) -> None:
    with Notifier(manager.environment(WATCHDOG_USEC="120000000"), clock=Clock()) as service:
        service.alive()
        service.ready()
        service.alive()
    assert manager.heard() == ["WATCHDOG=1", "READY=1", "WATCHDOG=1"]


def test_a_camera_that_is_asked_once_an_hour_is_given_more_time_which_is_no_sign_of_life(manager: Manager) -> None:
    clock = Clock()
    with Notifier(manager.environment(WATCHDOG_USEC="120000000"), clock=clock) as service:
        service.expect(3 * 3600.0)
        service.expect(3 * 3600.0)
        assert manager.heard() == ["WATCHDOG_USEC=10800000000"]
        clock.now_s = 3600.0
        service.alive()
        assert manager.heard() == ["WATCHDOG=1"]
        service.expect(60.0)  # asked more often again: as long as the manager allows
        assert manager.heard() == ["WATCHDOG_USEC=120000000"]


@pytest.mark.parametrize(
    "watched", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}]
)
def test_where_nobody_watches_this_process_it_gives_no_sign_of_life(manager: Manager, watched: dict[str, str]) -> None:
    with Notifier(manager.environment(**watched)) as service:
        service.alive()
        service.expect(60.0)
        assert service.watchdog_s is None
    assert manager.heard() == []


def test_the_watchdog_of_this_very_process_is_meant(manager: Manager) -> None:
    with Notifier(manager.environment(WATCHDOG_USEC="1000000", WATCHDOG_PID=str(os.getpid()))) as service:
        assert service.watchdog_s == 1.0


def test_a_status_is_sent_when_it_changes_and_cannot_pass_for_another_message(manager: Manager) -> None:
    with Notifier(manager.environment()) as service:
        service.status("water 1")
        service.status("water 1")
        service.status("no frame:\nREADY=1")
    assert manager.heard() == ["STATUS=water 1", "STATUS=no frame: READY=1"]


def test_without_systemd_nothing_happens() -> None:
    with Notifier({}) as service:
        service.ready()
        service.alive()
        service.status("water")
        service.reloading()
        service.stopping()


def test_a_manager_that_went_away_is_said_once_and_never_stops_the_loop(
    manager: Manager, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with Notifier(manager.environment()) as service, caplog.at_level(logging.WARNING):
        manager.socket.close()
        Path(manager.address).unlink(missing_ok=True)
        for number in range(3):
            service.status(f"water {number}")
    assert [record.getMessage().partition(": ")[0] for record in caplog.records] == ["systemd cannot be told STATUS=water 0"]


def test_a_manager_that_does_not_read_is_not_waited_for_for_ever(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.notify.TIMEOUT_S", 0.01)
    with Notifier(manager.environment()) as service:
        for number in range(2000):  # more than the kernel queues
            if number % 100 == 0 and service._failed:
                break
            service.status(str(number))
        assert service._failed
        assert manager.heard()[0] == "STATUS=0"
        service.ready()
        assert manager.heard()[-1] == "READY=1"


def test_an_address_of_another_kind_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with Notifier({"NOTIFY_SOCKET": "vsock:2:1234"}) as service:
        service.ready()
    assert "vsock:2:1234" in caplog.text
