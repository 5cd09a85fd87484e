"""How a command ends that has asked a camera: its thread may still be deep in FFmpeg or a driver."""

import logging
import os
import sys
import threading
from collections.abc import Collection

GOODBYE_S = 0.5
"""How long the cameras' threads are waited for."""


def left(code: int, others: Collection[threading.Thread] = ()) -> int:
    """The exit code. Where a camera's thread is still at work the process ends here: it would abort once the interpreter is taken down.

    others: threads that are not the command's.
    """
    from edge.capture.attendant import busy_after

    if busy_after(GOODBYE_S, others):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
