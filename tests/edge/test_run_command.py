"""`digitd run` before the daemon is there: a signal that comes early is not lost, and kills nobody."""

import os
import signal
from pathlib import Path

import pytest

from edge import daemon as module
from edge.capture import attendant
from edge.cli import main


class Recorded:
    """A daemon that takes its time to be made, and is told by then what it is to do."""

    told: list[str]

    def __init__(self, _: Path) -> None:
        Recorded.told = []
        for number in (signal.SIGHUP, signal.SIGTERM):
            os.kill(os.getpid(), number)

    def reload(self) -> None:
        self.told.append("reload")

    def stop(self) -> None:
        self.told.append("stop")

    def run(self) -> int:
        self.told.append("run")
        return 0


def test_signals_that_come_while_it_starts_are_followed_once_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Daemon", Recorded)
    # Another test's camera may still be at work, and the command would end this process for it.
    monkeypatch.setattr(attendant, "busy_after", lambda *_: False)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        assert main(["run", "--config", str(tmp_path / "digitd.toml")]) == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert Recorded.told == ["reload", "stop", "run"]
