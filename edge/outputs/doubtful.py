"""Pictures of readings that were in doubt: a ring of so many files and megabytes, each with what was read.

`<id>.png` is the window, one cell after the other, in the frame's own resolution; `<id>.json` beside it says what was read there.
"""

import collections
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from edge.counter.wheels import Display
from edge.errors import StoreError
from edge.reading import Reading, Status
from edge.vision.window import Image, grown, size_px, strip

DOUBTFUL = frozenset({Status.LOW_CONFIDENCE, Status.DECREASED, Status.TOO_FAST})
MARGIN = 0.1
"""Share of the window's height that is added above and below, as where digits are cut for reading."""
CELL_PX = (16, 128)
"""A cell is at least and at most so many pixels high."""

log = logging.getLogger(__name__)


def beside(database: Path) -> Path:
    """The folder where the pictures lie that belong to a database."""
    return database.with_name("doubtful")


class Doubtful:
    """Keeps the last `count` pictures, in `megabytes` at most, in a folder that is made where it is not there.

    spacing_s: no two pictures of a counter come closer; a misread that lasts looks the same all the time. clock: monotonic, in seconds.
    Raises StoreError where the folder cannot be made.
    """

    def __init__(
        self, folder: Path, *, count: int = 500, megabytes: float = 50.0, spacing_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.folder, self.count, self.bytes = folder, count, int(megabytes * 1e6)
        self.spacing_s, self.clock = spacing_s, clock
        self._last: dict[str, float] = {}
        self._failed = False
        try:
            folder.mkdir(exist_ok=True)
            for unfinished in folder.glob("*.part"):
                unfinished.unlink()
            sizes: dict[int, int] = collections.defaultdict(int)
            for path in folder.iterdir():
                if path.stem.isdecimal() and path.suffix in (".png", ".json"):
                    sizes[int(path.stem)] += path.stat().st_size
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror}; expected a folder for pictures that digitd may write to") from error
        self._ring = collections.deque(sorted(sizes.items()))
        self._total = sum(sizes.values())

    def keep(self, number: int, counter: str, frame: Image, reading: Reading, *, display: Display = "wheels") -> bool:
        """Keep the window's picture if the reading is in doubt; whether it was kept. number: the reading's id in the store.

        frame: uint8 [H, W] or [H, W, 3] (blue, green, red). A disk without room costs the picture, no more.
        """
        if reading.status not in DOUBTFUL or not reading.wheels or self.clock() - self._last.get(counter, -self.spacing_s) < self.spacing_s:
            return False
        self._last[counter] = self.clock()
        told = {
            "counter": counter,
            "display": display,
            "status": reading.status.value,
            "raw": reading.raw,
            "wheels": [{"position": wheel.position, "confidence": round(wheel.confidence, 4)} for wheel in reading.wheels],
        }
        picture = cv2.imencode(".png", _picture(frame, reading))[1].tobytes()
        size = 0
        try:
            # The text last: what has none is not there.
            for suffix, content in ((".png", picture), (".json", json.dumps(told, indent=1).encode())):
                path = self.folder / f"{number}{suffix}"
                path.with_suffix(".part").write_bytes(content)
                path.with_suffix(".part").replace(path)
                size += len(content)
        except OSError as error:
            if not self._failed:
                log.warning("%s: no pictures of doubtful readings are kept (%s)", self.folder, error.strerror)
            self._failed = True
            self._drop(number)
            return False
        self._failed = False
        self._ring.append((number, size))
        self._total += size
        while self._ring and (len(self._ring) > self.count or self._total > self.bytes):
            oldest, size = self._ring.popleft()
            self._total -= size
            self._drop(oldest)
        return True

    def _drop(self, number: int) -> None:
        for suffix in (".json", ".png", ".part"):
            try:
                (self.folder / f"{number}{suffix}").unlink(missing_ok=True)
            except OSError as error:
                log.warning("%s: cannot be removed (%s)", self.folder / f"{number}{suffix}", error.strerror)


def _picture(frame: Image, reading: Reading) -> Image:
    """The window's cells side by side, uint8 [height, cells · width] in the frame's own channels, every cell of the same width."""
    height, width = size_px(reading.window)
    rows = min(max(round(height * (1 + 2 * MARGIN)), CELL_PX[0]), CELL_PX[1])
    columns = max(round(width / len(reading.wheels) * rows / (height * (1 + 2 * MARGIN))), 1)
    return strip(frame, grown(reading.window, top=MARGIN, bottom=MARGIN), size=(rows, columns * len(reading.wheels)))
