"""What tests of several files need."""

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.edge.served import Client, Daemon, record, served
from tests.edge.shot import SHOT


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A file with `SHOT`, a real meter."""
    cv2.imwrite(str(tmp_path / "meter.png"), SHOT.picture)
    return tmp_path / "meter.png"


@pytest.fixture(scope="module")
def serving() -> Iterator[tuple[Daemon, Client]]:
    """One server for all tests of a file: it keeps nothing."""
    daemon = Daemon()
    with served(daemon) as client:
        yield daemon, client


@pytest.fixture
def daemon(serving: tuple[Daemon, Client]) -> Daemon:
    """What is served, with three readings and a frame."""
    frame = np.tile(np.arange(200, dtype=np.uint8), (100, 1))
    serving[0].hold(record(1, "1234.500"), record(2, None, counter="gas"), record(3, "1234.570", rate=0.25), frame=frame)
    return serving[0]


@pytest.fixture
def client(serving: tuple[Daemon, Client], daemon: Daemon) -> Client:
    """Asks for it."""
    return serving[1]


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose days are not those of UTC."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
