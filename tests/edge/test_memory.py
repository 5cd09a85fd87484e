"""What was freed goes back to the machine."""

import ctypes
import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import memory
from edge.memory import EVERY_S, Idle, give_back
from tests.test_arrows import ROOT

BLOCKS, BLOCK_BYTES = 1000, 60_000
"""Small enough that the C library takes them from its heap."""


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only GNU's C library has to be told")
def test_what_was_freed_is_given_back() -> None:
    library = ctypes.CDLL(None)
    library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    blocks = [library.malloc(BLOCK_BYTES) for _ in range(BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, BLOCK_BYTES)
    last = library.malloc(BLOCK_BYTES)  # keeps the heap from shrinking by itself
    for block in blocks:
        library.free(block)
    before = resident_bytes()
    give_back()
    assert before - resident_bytes() > 0.8 * BLOCKS * BLOCK_BYTES
    library.free(last)


def test_it_is_given_back_at_first_and_then_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now, given = [100.0], list[float]()
    monkeypatch.setattr(memory, "give_back", lambda: given.append(now[0]))
    idle = Idle(clock=lambda: now[0])
    for now[0] in (100.0, 100.1, 99.0 + EVERY_S, 100.0 + EVERY_S, 101.0 + EVERY_S, 100.0 + 2 * EVERY_S):
        idle.tick()
    assert given == [100.0, 100.0 + EVERY_S, 100.0 + 2 * EVERY_S]


class Ring:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def unfrozen() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("unfrozen")
def test_garbage_goes_every_minute_and_what_was_built_is_looked_at_only_when_it_is_built_anew() -> None:
    now = [100.0]
    built = Ring()
    idle = Idle(clock=lambda: now[0])
    idle.tick()
    assert gc.get_freeze_count() > 0
    of_old, of_new = weakref.ref(built), weakref.ref(Ring())
    del built
    now[0] += EVERY_S
    idle.tick()
    assert (of_old() is None, of_new() is None) == (False, True)
    Idle(clock=lambda: now[0]).tick()
    assert of_old() is None


PICTURES = """
import ctypes, sys
from pathlib import Path
from edge.memory import keep_apart
if sys.argv[1] == "apart":
    keep_apart()
library = ctypes.CDLL(None)
library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
resident = lambda: int(Path("/proc/self/statm").read_text().split()[1]) * 4096
library.free(library.malloc(1 << 20))  # from then on the C library places blocks of this size among small ones
blocks = [library.malloc(1 << 20) for _ in range(20)]
for block in blocks:
    ctypes.memset(block, 1, 1 << 20)
last = library.malloc(100_000)  # too large for a hole, so it lies behind them and keeps the heap from shrinking by itself
before = resident()
for block in blocks:
    library.free(block)
print(before - resident())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="only GNU's C library has to be told")
def test_pictures_are_given_back_as_soon_as_they_are_freed() -> None:
    freed = {
        how: int(subprocess.run([sys.executable, "-c", PICTURES, how], capture_output=True, text=True, check=True, cwd=ROOT).stdout)
        for how in ("apart", "as it is")
    }
    assert freed["apart"] > 19 << 20
    assert freed["as it is"] < 10 << 20  # else nobody needs to be told
