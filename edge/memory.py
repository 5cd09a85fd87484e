"""Memory that lies idle, given back to the machine."""

import contextlib
import ctypes


def give_back() -> None:
    """Let the C library part with what was freed. By itself it keeps what importing, reading the configuration and opening the camera
    took and will never take again. Only GNU's has to be told; others have no `malloc_trim`.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
