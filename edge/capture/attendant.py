"""The thread in which a camera is opened, read and closed, so that nobody has to wait for a camera any longer than they want to."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from typing import Any, TypeVar

from edge.errors import CameraError

Result = TypeVar("Result")
SLICE_S = 0.5
"""So often, while it waits, it does what does not wait."""
GOODBYE_S = 1.0
"""How long dismissing waits for a thread that has nothing else to do, so that the device is free for the next."""


class Attendant:
    """Does what it is asked in a thread of its own, one thing after the other, until it is dismissed.

    Whoever waits does so on a queue, and dismissing puts something into it: of all that threads share only that is safe in a signal
    handler, which may interrupt the very thread that waits, with a lock in its hands.
    """

    def __init__(self, name: str, *, at_end: Callable[[], None]) -> None:
        """name: of the camera. at_end: lets go of it, and ends what waits for it; done once, or twice where it is busy when dismissed."""
        self._name, self._at_end = name, at_end
        self._asked: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Future[Any] | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._dismissed = self._waited_for = False
        self._start(self._run)

    def done(self, work: Callable[[], Result], meanwhile: Callable[[], None] | None = None) -> Result:
        """What the work gives, or what it raises; CameraError as soon as the attendant is dismissed. From one thread at a time.

        meanwhile: done again and again until then.
        """
        self._waited_for = True
        try:
            if self._dismissed:
                raise self._no_longer()
            self._asked.put(work)
            answer: Future[Result] | None = self._answered(meanwhile or (lambda: None))
        finally:
            self._waited_for = False
        if answer is None:
            # The work may wait for the camera, and only closing ends that.
            self._start(self._at_end)
            raise self._no_longer()
        try:
            return answer.result()
        finally:
            del answer  # an error holds this frame, and would hold itself

    def _answered(self, meanwhile: Callable[[], None]) -> Future[Any] | None:
        while True:
            with contextlib.suppress(queue.Empty):
                return self._answers.get(timeout=SLICE_S)
            meanwhile()

    def dismiss(self) -> None:
        """Let whoever waits go at once. From any thread, and from a signal handler."""
        if self._dismissed:
            return
        self._dismissed = True
        self._answers.put(None)
        self._asked.put(None)
        if not self._waited_for:
            with contextlib.suppress(queue.Empty):
                self._ended.get(timeout=GOODBYE_S)

    def _run(self) -> None:
        while (work := self._asked.get()) is not None and not self._dismissed:
            answer: Future[Any] = Future()
            try:
                answer.set_result(work())
            # Whatever it is, it is for whoever asked.
            except BaseException as error:
                answer.set_exception(error)
            self._answers.put(answer)
            del work, answer  # a picture is large
        self._at_end()
        self._ended.put(None)

    def _start(self, run: Callable[[], None]) -> None:
        threading.Thread(target=run, name=f"camera {self._name}", daemon=True).start()

    def _no_longer(self) -> CameraError:
        return CameraError(f"{self._name}: no longer waited for")


def busy_after(seconds: float, others: Collection[threading.Thread] = ()) -> bool:
    """Whether any camera's thread but those is still at work after so long: maybe in a library that aborts where the interpreter ends."""
    until = time.monotonic() + seconds
    for thread in _threads(others):
        thread.join(max(0.0, until - time.monotonic()))
    return bool(_threads(others))


def _threads(others: Collection[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("camera ") and thread not in others]
