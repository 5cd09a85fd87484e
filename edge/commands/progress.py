"""How far a command has come with many frames: a bar on stderr with the time that is left, where a person looks at it.

It is gone when the command ends, makes way for each line that is printed, and is never there for one picture, in a pipe or in a log.
"""

import sys
from types import TracebackType
from typing import Any, Self


class Progress:
    """Counts frames.

    Example: `with Progress(total) as progress: progress.say(line); progress.done()`
    """

    def __init__(self, total: int | None) -> None:
        """total: frames there will be; None where nobody knows."""
        self._bar: Any = None
        if sys.stderr.isatty() and total not in (0, 1):
            import tqdm

            self._bar = tqdm.tqdm(total=total, unit=" frames", leave=False, file=sys.stderr, dynamic_ncols=True)

    def done(self) -> None:
        """One frame more is read."""
        if self._bar is not None:
            self._bar.update()

    def say(self, line: str, *, error: bool = False) -> None:
        """Print a line where the bar is not: on stdout, or on stderr."""
        if self._bar is not None:
            self._bar.clear()
        print(line, file=sys.stderr if error else sys.stdout, flush=True)
        if self._bar is not None:
            self._bar.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
