"""What was freed goes back to the machine."""

import ctypes
from pathlib import Path

import pytest

from edge import memory
from edge.memory import EVERY_S, Idle, give_back

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
