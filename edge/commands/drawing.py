"""`digitd read --annotate`: what was read, drawn into copies of the pictures."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from edge.commands.frames import Shot, is_video
from edge.commands.picture_file import check_name, identity, write
from edge.errors import PictureError, UsageError
from edge.reading import Reading, Status
from edge.vision.annotate import Mark, annotate


class Drawings:
    """Where the copies go: each a file of its own, and none of them a file that is read.

    In a folder they lie as their pictures do below the folder that holds them all: `cellar/1.jpg` becomes `OUT/cellar/1.jpg.png`, frame 7
    of `clip.mp4` becomes `OUT/clip.mp4/7.png`.
    """

    def __init__(self, out: Path, files: Sequence[Path], others: Iterable[Path] = ()) -> None:
        """files: whose frames will be drawn; others: what else is read. Raises UsageError where they cannot all be drawn there."""
        self._out, self._in_folder = out, out.is_dir()
        if not self._in_folder:
            if len(files) > 1 or any(is_video(path) for path in files):
                raise UsageError(f"--annotate {out}: a video or several pictures need a folder that exists to be drawn into")
            check_name("--annotate", out)
        self._above = Path(os.path.commonpath([_absolute(path).parent for path in files] or [out]))
        self._read = {known for path in (*files, *others) if (known := identity(path))}
        for path in files:
            if not is_video(path) and self._is_read(drawn := self._place(path, None)):
                raise UsageError(f"--annotate {out}: would overwrite {drawn}, which is read; name another place")

    def draw(self, shot: Shot, readings: Sequence[Reading]) -> None:
        """Write the frame with what was read, and how well the least certain of it. Raises PictureError where that fails."""
        marks = [Mark(wheel.corners, wheel.digit, wheel.confidence) for reading in readings for wheel in reading.wheels]
        worst = min(readings, key=lambda reading: (reading.status is Status.OK, reading.confidence))
        shown = " / ".join(
            reading.raw if reading.value is None or reading.status is not Status.OK else str(reading.value) for reading in readings
        )
        path = self._place(shot.path, shot.number)
        if self._is_read(path):
            raise PictureError(f"{shot.name}: would be drawn over {path}, which is read; name another place by --annotate")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PictureError(f"{path.parent}: no folder to draw into ({error.strerror}); name another by --annotate") from error
        write(path, annotate(shot.picture, marks, shown, worst.confidence, worst.status))

    def _place(self, source: Path, number: int | None) -> Path:
        if not self._in_folder:
            return self._out
        below = self._out / _absolute(source).relative_to(self._above)
        return below.with_name(f"{below.name}.png") if number is None else below / f"{number}.png"

    def _is_read(self, path: Path) -> bool:
        return identity(path) in self._read


def _absolute(path: Path) -> Path:
    """The file under its own name, which may be a link's."""
    return path.parent.resolve() / path.name
