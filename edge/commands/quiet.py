"""stderr for this program's own words: the libraries that decode pictures and run networks print there whatever they think of."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STDERR = 2


@contextmanager
def only_our_words() -> Iterator[None]:
    """What native code prints to stderr is dropped inside; what Python prints there still comes out.

    Where `sys.stderr` is not the process's own, as in tests, nothing is done.
    """
    before = sys.stderr
    try:
        own = before.fileno() == STDERR
    except (AttributeError, OSError, ValueError):
        own = False
    if not own:
        yield
        return
    before.flush()
    kept = os.dup(STDERR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR)
    os.close(nowhere)
    try:
        with open(kept, "w", buffering=1, encoding=before.encoding, errors=before.errors, closefd=False) as sys.stderr:
            yield
    finally:
        sys.stderr = before
        os.dup2(kept, STDERR)
        os.close(kept)
