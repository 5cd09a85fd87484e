"""Work apart: done in a thread of its own, which ends when it was not needed for a while, and what it held with it."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from edge.memory import give_back

Result = TypeVar("Result")
LINGER_S = 10.0
"""So long the thread waits for more: whoever watches pictures asks for one after the other."""


class Apart:
    """One thread for work that any thread may ask for, a piece at a time.

    For what writes text into pictures: OpenCV 5 unpacks its fonts, 6 MB and a tenth of a second, for each thread that does, and keeps
    them as long as that thread lives.

    Example: `Apart().done(lambda: annotate(frame, …))`
    """

    def __init__(self, *, linger_s: float = LINGER_S) -> None:
        self._linger_s = linger_s
        self._lock, self._runs = threading.Lock(), False
        self._asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def done(self, work: Callable[[], Result]) -> Result:
        """What the work gives, or what it raises."""
        answer: Future[Result] = Future()

        def do() -> None:
            try:
                answer.set_result(work())
            # Whatever it is, it is for whoever asked.
            except BaseException as error:
                answer.set_exception(error)

        with self._lock:
            self._asked.put(do)
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="apart", daemon=True).start()
        return answer.result()

    def _run(self) -> None:
        while True:
            try:
                self._asked.get(timeout=self._linger_s)()
            except queue.Empty:
                with self._lock:
                    # Somebody may have asked at the last moment.
                    if self._asked.empty():
                        self._runs = False
                        break
        give_back()
