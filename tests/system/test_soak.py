"""The daemon with all of it on reads frame after frame, and takes no more memory for it: `bench.soak`.

1,500 frames here; 200,000 with DIGITD_LONG=1.
"""

import os
import sys
from pathlib import Path

import pytest

from bench import soak
from tests.system.mosquitto import installed

LONG = os.environ.get("DIGITD_LONG") == "1"
FRAMES = 200_000 if LONG else 1_500
MOST_GROWN_MB = soak.MOST_GROWN_MB if LONG else 4
"""In a short run caches still fill, with half a megabyte or so; a leak of 10 kB a frame would be 7 MB."""


def test_memory_does_not_grow_with_the_frames_that_are_read(tmp_path: Path) -> None:
    installed()
    told = soak.soaked(tmp_path, FRAMES)
    print(told)
    assert told["frames"] >= FRAMES
    assert told["rss_mb"] <= soak.MOST_MB
    assert told["grown_mb"] < MOST_GROWN_MB


def test_a_daemon_that_has_ended_is_told_and_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="no more frames after 0; the daemon's log:"):
        soak.soaked(tmp_path, FRAMES)
