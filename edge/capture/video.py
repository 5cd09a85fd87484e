"""Frames from video files."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.ffmpeg import open_video
from edge.capture.formats import described, is_video
from edge.capture.pictures import MAX_PIXELS, head_of
from edge.errors import PictureError

Image = npt.NDArray[np.uint8]
MISSING = 0.1
"""A file that lacks more than this share of the frames it announces is cut short; some formats only estimate their number."""


class Video:
    """A video file, its frames from the first to the last, upright.

    Example: `with Video(path) as video: for frame in video: …`, each frame uint8 [H, W, 3] (blue, green, red). Raises PictureError where
    the file is none, and after the last frame that can be decoded where more were announced.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not is_video(head := head_of(path)):
            raise PictureError(f"{path}: {described(head) if head else 'no such file, or an empty one'}; expected a video")
        self._capture = open_video(path)
        if not self._capture.isOpened():
            raise PictureError(f"{path}: a video that cannot be opened: damaged, cut short, or of a kind that OpenCV cannot decode")
        width, height = (self._capture.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if width * height > MAX_PIXELS:
            self._capture.release()
            raise PictureError(
                f"{path}: a video of {width:.0f} × {height:.0f} pixels; expected at most {MAX_PIXELS // 1_000_000} megapixels"
            )

    @property
    def count(self) -> int | None:
        """Number of frames that the file announces; None where it does not."""
        announced = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        return announced if announced > 0 else None

    def __iter__(self) -> Iterator[Image]:
        seen, announced = 0, self.count or 1
        while True:
            got, frame = self._capture.read()
            if not got:
                break
            seen += 1
            yield np.asarray(frame, np.uint8)
        if seen < announced * (1 - MISSING):
            raise PictureError(f"{self.path}: a video that ends after {seen} of {announced} frames: damaged, or cut short. Copy it again")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._capture.release()
