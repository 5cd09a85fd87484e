"""What a library says on stderr while it works: libjpeg and libtiff make up what a damaged picture lacks, and tell it nowhere else.

Sources: jerror.h of libjpeg, OpenCV's grfmt_tiff.cpp.
"""

import os
import re
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
STDERR = 2
MOST_BYTES = 65_536
DAMAGE = re.compile(rb"Corrupt JPEG data: (?!\d extraneous bytes before marker 0xd)|Premature end of JPEG|TIFF_Error")
"""A few bytes too many before a restart or the end are a habit of cheap cameras: every pixel was decoded by then."""

_alone = threading.Lock()


def overheard(work: Callable[[], Result]) -> tuple[Result, bytes]:
    """What the work gives, and what was written to stderr meanwhile. That is written there when the work is done, so nothing is lost.

    Nothing is heard where the process has no stderr. For commands: a daemon's words would wait, and those of a crash be lost.
    """
    with _alone:
        try:
            kept = os.dup(STDERR)
        except OSError:
            return work(), b""
        heard = os.memfd_create("stderr")
        os.dup2(heard, STDERR)
        try:
            result = work()
        finally:
            os.dup2(kept, STDERR)
            said = os.pread(heard, MOST_BYTES, 0)
            os.close(heard)
            if said:
                os.write(kept, said)
            os.close(kept)
        return result, said


def tells_damage(said: bytes) -> bool:
    """Whether a library that decoded a picture complained of what it was given."""
    return bool(DAMAGE.search(said))
