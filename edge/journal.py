"""The log: lines on stderr, with the priority that the journal sorts by, and what repeats itself folded."""

import logging
import os
import time
from collections.abc import Callable
from typing import TextIO

PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""As syslog(3) numbers them; a line that begins with <N> has that priority (sd-daemon(3))."""
FOLD_S = 3600.0
"""The same fault is said again after so long, with how often it came meanwhile."""
MOST_FOLDED = 256


def listens(stream: TextIO) -> bool:
    """Whether a stream's lines go to the journal: systemd says so, and says it to terminals that it starts as well."""
    return "JOURNAL_STREAM" in os.environ and not stream.isatty()


def marked(text: str, level: int) -> str:
    """A text as the journal takes it: each of its lines with the priority of a level."""
    return "\n".join(f"<{PRIORITIES.get(level, 6)}>{line}" for line in text.splitlines())


ANSWER = {"fold": False}
"""`log.error("…", extra=ANSWER)`: somebody has just asked for it, and waits for a line."""


class Folding(logging.Filter):
    """Lets a warning or an error through when it is new, and once in `FOLD_S` while it goes on. clock: monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is said; if it came before, with how often. An answer to a person (`ANSWER`) always is."""
        if record.levelno < logging.WARNING or not getattr(record, "fold", True):
            return True
        text, now = record.getMessage(), self._clock()
        if (said := self._said.get(text)) is not None and now - said[0] < FOLD_S:
            self._said[text] = (said[0], said[1] + 1)
            return False
        if len(self._said) >= MOST_FOLDED:
            del self._said[next(iter(self._said))]
        self._said[text] = (now, 0)
        if said is not None and said[1]:
            record.msg, record.args = f"{text} ({said[1]} times more in the last {(now - said[0]) / 60:.0f} min)", None
        return True


class Journal(logging.Formatter):
    """A line as the journal takes it, or as a person reads it in a terminal. Line breaks would be lines of their own."""

    def __init__(self, *, journal: bool) -> None:
        super().__init__("%(message)s" if journal else "%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        """One line; with a traceback, one for each of its lines."""
        text = super().format(record)
        return marked(text, record.levelno) if self._journal else text


def log_to(stream: TextIO, *, verbose: bool = False, journal: bool | None = None) -> None:
    """Log to a stream from now on. verbose: every frame too. journal: whether systemd listens; None: as it says itself."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Journal(journal=listens(stream) if journal is None else journal))
    handler.addFilter(Folding())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("edge").setLevel(logging.DEBUG if verbose else logging.INFO)
