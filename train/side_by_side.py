"""Several commands at once, each a process of its own, which end with the one that started them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from edge.guard import FAILED

PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""
NICER = 5
"""By how much each gives way to the one before it (`nice`): where cores are few, the first and longest is not the last to end."""


def side_by_side(commands: Mapping[str, Sequence[str]], program: str) -> int:
    """Run the commands, by name, to their ends; returns the highest exit code. One that a signal ended is named on stderr, and failed.

    Whatever ends this process before (Ctrl-C, SIGTERM, on Linux even SIGKILL) ends them too. program: how stderr's lines begin.
    """
    processes: dict[str, subprocess.Popen[bytes]] = {}
    with sigterm_as_exit():
        try:
            for line, (name, command) in enumerate(commands.items()):
                # Where several show how far they are, each has a line of the terminal to itself.
                gives_way = ["nice", "-n", str(NICER * line), *command]
                environment = {**os.environ, "TQDM_POSITION": str(line)}
                processes[name] = subprocess.Popen(gives_way, env=environment, preexec_fn=_end_with_parent)
            codes = {name: process.wait() for name, process in processes.items()}
        finally:
            for process in processes.values():
                process.terminate()
            for process in processes.values():
                process.wait()
    for name, code in codes.items():
        if code < 0:
            ended = signal.Signals(-code).name
            why = "; memory may have run out: train one model at a time (--model)" if -code == signal.SIGKILL else ""
            print(f"{program}: {name}: ended by {ended}{why}. The same command goes on from the last finished epoch", file=sys.stderr)
    return max(FAILED if code < 0 else code for code in codes.values())


@contextlib.contextmanager
def sigterm_as_exit() -> Iterator[None]:
    """SIGTERM ends what is inside as Ctrl-C does: what was begun is put away."""
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end_with_parent() -> None:
    """Of Linux: SIGTERM once the process that started this one is gone, by whatever ended it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
