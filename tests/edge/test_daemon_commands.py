"""`digitd demo` and `bench`, as their users run them."""

import json
import subprocess
import sys

import pytest

from edge.commands import bench, demo
from tests.edge.commanded import command


def test_the_demo_shows_truth_and_reading_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(demo, "--frames", 30, "--fps", 0) == 0
    head, *lines, tally = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["counter", "truth", "read"]
    assert len(lines) == 60
    assert int(tally.split()[0]) >= 55
    assert tally.endswith("of 60 readings right to a step of the last wheel")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--fps", "-1", "--fps -1: expected 0.01 to 1000, or 0 for as fast as it goes"),
        ("--fps", "nan", "--fps nan: expected 0.01 to 1000"),
        ("--rate", "nan", "--rate nan: expected 0 to 1e+09"),
        ("--rate", "-60", "--rate -60: expected 0 to 1e+09"),
        ("--counters", "3", "--counters 3: expected 1 or 2"),
        ("--counters", "0", "--counters 0: expected 1 or 2"),
        ("--frames", "0", "--frames 0: expected 1 or more"),
    ],
)
def test_the_demo_refuses_what_it_cannot_show(option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(demo, "--frames", 1, option, value) == 2
    assert capsys.readouterr().err.startswith(f"digitd: {said}")


def test_the_libraries_of_the_demo_say_nothing() -> None:
    words = [sys.executable, "-m", "edge", "demo", "--frames", "2", "--fps", "0"]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr, len(ended.stdout.splitlines())) == (0, "", 6)


def test_the_bench_tells_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(bench, "--frames", 10, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"spinning", "running", "resting", "rss_mb"}
    assert set(told["running"]) == {"align", "window", "inference", "decode", "all"}
    assert command(bench, "--frames", 1) == 2
