"""`digitd run` before the daemon is there: a signal that comes early is not lost, and kills nobody."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge import daemon as module
from edge.capture import attendant
from edge.cli import main
from tests.edge.daemons import configured


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


def test_its_own_words_are_told_while_the_libraries_are_silent(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "edge", "run", "--config", str(configured(tmp_path))]
    environment = {**os.environ, "NOTIFY_SOCKET": "here", "JOURNAL_STREAM": "1:1"}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "<4>NOTIFY_SOCKET=here: expected a path or @name; systemd is told nothing\n"
        process.kill()
