"""The command `digitd` as its user meets it."""

import platform
import subprocess
import sys

import numpy as np
import pytest

import edge
from edge.cli import main


def test_version_prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"digitd {edge.__version__}\n"


def test_the_command_version_names_what_it_runs_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"digitd {edge.__version__}"
    assert lines[1] == f"Python {platform.python_version()} on {platform.machine()}"
    assert f"numpy {np.__version__}" in lines


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "version" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [[], ["nonsense"]])
def test_wrong_use_is_refused_with_the_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == 2
    assert "usage: digitd" in capsys.readouterr().err


def test_python_m_edge_is_the_same_command() -> None:
    result = subprocess.run([sys.executable, "-m", "edge", "--version"], capture_output=True, text=True, check=True)
    assert result.stdout == f"digitd {edge.__version__}\n"
