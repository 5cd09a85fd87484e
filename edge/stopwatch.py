"""How long each step of a reading takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Milliseconds that each step of a reading took; those of one that is taken again are added."""

    def __init__(self, timings_ms: dict[str, float] | None = None) -> None:
        """timings_ms: of the steps before, to go on with."""
        self.timings_ms = {} if timings_ms is None else timings_ms

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        started = time.perf_counter()
        yield
        self.timings_ms[name] = round(self.timings_ms.get(name, 0.0) + (time.perf_counter() - started) * 1e3, 3)
