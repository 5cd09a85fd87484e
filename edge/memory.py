"""Memory that lies idle, given back to the machine."""

import contextlib
import ctypes
import gc
import math
import time
from collections.abc import Callable

EVERY_S = 60.0
"""Between two times that idle memory is given back: it takes a few milliseconds."""
MMAP_THRESHOLD = -3
"""M_MMAP_THRESHOLD of malloc.h."""
LARGE_BYTES = 256 * 1024


def keep_apart() -> None:
    """Let the C library take large blocks, which are pictures, from the system one by one and give them back as soon as they are freed.

    By itself it begins after some to place them among small ones, where they leave holes that are never the size of the next.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, LARGE_BYTES)


def give_back() -> None:
    """Let the C library part with what was freed. By itself it keeps what importing, reading the configuration and opening the camera
    took and will never take again. Only GNU's has to be told; others have no `malloc_trim`.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def settle() -> None:
    """What is there now stays, so Python's garbage collector need not look at it each time; what is there in vain goes.

    By itself the collector waits until there is a quarter as much again that is new. That takes it days, and megabytes of garbage.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class Idle:
    """Gives back what lies idle, at first and then every minute: over years a heap that many threads share frays.

    Example: `idle = Idle()` where all has been built, and `idle.tick()` with each frame.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: monotonic, in seconds."""
        self._clock, self._due = clock, -math.inf

    def tick(self) -> None:
        """Do so if it is time."""
        if (now := self._clock()) < self._due:
            return
        if self._due == -math.inf:
            settle()
        else:
            gc.collect()
        self._due = now + EVERY_S
        give_back()
