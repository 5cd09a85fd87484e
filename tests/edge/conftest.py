"""What tests of several files need."""

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from tests.edge.shot import SHOT


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A file with `SHOT`, a real meter."""
    cv2.imwrite(str(tmp_path / "meter.png"), SHOT.picture)
    return tmp_path / "meter.png"


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose days are not those of UTC."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
