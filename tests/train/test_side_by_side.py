"""Commands side by side end together, and a failure of one is a failure of all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.test_arrows import ROOT
from train.side_by_side import NICER, side_by_side


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.mark.parametrize(("codes", "expected"), [((0, 0), 0), ((1, 0), 1), ((0, 2), 2)])
def test_the_highest_exit_code_is_that_of_all(codes: tuple[int, int], expected: int) -> None:
    assert side_by_side({str(i): python(f"raise SystemExit({code})") for i, code in enumerate(codes)}, "train") == expected


def test_the_progress_of_each_has_a_line_of_the_terminal_to_itself() -> None:
    shown = python("import io; from tqdm import tqdm; raise SystemExit(-tqdm(total=1, file=io.StringIO()).pos)")
    assert side_by_side(dict.fromkeys(("first", "second", "third"), shown), "train") == 2


def test_each_gives_way_to_the_one_before_it() -> None:
    """So that the longest, which is named first, does not end long after the others."""
    nice = python("import os; raise SystemExit(os.nice(0))")
    own = os.nice(0)
    assert side_by_side({"longest": nice}, "train") == own
    assert side_by_side(dict.fromkeys(("longest", "second", "third"), nice), "train") == own + 2 * NICER


def test_one_that_a_signal_ended_has_failed_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    killed = python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert side_by_side({"small": killed, "large": python("")}, "train") == 1
    assert capsys.readouterr().err.startswith(
        "train: small: ended by SIGKILL; memory may have run out: train one model at a time (--model)"
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)])
def test_they_end_with_the_one_that_started_them(number: signal.Signals, code: int) -> None:
    sleeping = python("import os, time; os.write(1, (str(os.getpid()) + chr(10)).encode()); time.sleep(60)")
    program = f"from train.side_by_side import side_by_side; side_by_side({{'a': {sleeping}, 'b': {sleeping}}}, 'train')"
    with subprocess.Popen(python(program), cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        children = [int(started.stdout.readline()) for _ in range(2)]
        started.send_signal(number)
        assert started.wait(timeout=30) == code
    ends_s = time.monotonic() + 20
    while (left := [child for child in children if is_alive(child)]) and time.monotonic() < ends_s:
        time.sleep(0.05)
    assert not left


def is_alive(process: int) -> bool:
    """A zombie is not."""
    status = Path(f"/proc/{process}/status")
    return status.exists() and "State:\tZ" not in status.read_text()
