"""How a command ends: what it says, and with which priority the journal gets it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.guard import FAILED, guarded
from tests.test_arrows import ROOT


def failing() -> int:
    raise ConfigError("first\nsecond")


def mistaken() -> int:
    raise KeyError("x")


def test_the_journal_gets_every_line_of_an_error_as_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
    assert guarded(failing, program="digitd", debug=False) == FAILED
    assert capsys.readouterr().err == "<3>digitd: first\n<3>digitd: second\n"


def test_the_traceback_of_debug_goes_with_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
    guarded(failing, program="digitd", debug=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "<3>Traceback (most recent call last):"
    assert lines[-1] == "<3>digitd: second"
    assert all(line.startswith("<3>") for line in lines)


def test_a_mistake_of_digitds_own_is_an_error_in_the_journal_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
    assert guarded(mistaken, program="digitd", debug=False) == FAILED
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("<3>") for line in lines)
    assert lines[-1] == "<3>digitd: KeyError: 'x'; a mistake in the program itself"


def test_a_person_gets_a_line_of_it_and_with_debug_where_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    assert guarded(mistaken, program="digitd", debug=False) == FAILED
    assert capsys.readouterr().err == "digitd: KeyError: 'x'; a mistake in the program itself, --debug shows where\n"
    assert guarded(mistaken, program="digitd", debug=True) == FAILED
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.endswith("digitd: KeyError: 'x'; a mistake in the program itself\n")


@pytest.mark.parametrize("debug", [False, True])
def test_a_person_reads_no_priorities(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], debug: bool) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    guarded(failing, program="digitd", debug=debug)
    said = capsys.readouterr().err
    assert said.endswith("digitd: first\ndigitd: second\n")
    assert ("Traceback" in said) == debug
    assert "<3>" not in said


def test_digitd_run_with_a_wrong_configuration_shows_up_among_the_errors_of_the_journal(tmp_path: Path) -> None:
    (tmp_path / "digitd.toml").write_text('[webhook]\nurl = "http://h:99999/"\n')
    command = [sys.executable, "-m", "edge", "run", "--config", str(tmp_path / "digitd.toml")]
    ended = subprocess.run(command, env={**os.environ, "JOURNAL_STREAM": "8:12345"}, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"<3>digitd: {tmp_path / 'digitd.toml'}:2:webhook.url: found")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [["convert", "card", "models/lenet5-counter.json"], ["edge", "read", "--help"]])
@pytest.mark.parametrize("said", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_an_encoding_that_cannot_hold_what_is_said_ends_no_command(words: list[str], said: dict[str, str]) -> None:
    environment = {**os.environ, **said}
    ended = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert r"\x" in ended.stdout or r"\u" in ended.stdout
