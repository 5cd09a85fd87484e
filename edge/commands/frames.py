"""The frames that `digitd read` is given: pictures, folders of them, and videos frame by frame."""

import dataclasses
from collections.abc import Callable, Iterator, Set
from pathlib import Path

from edge.capture.formats import VIDEO_SUFFIXES, is_picture
from edge.capture.formats import is_video as begins_like_a_video
from edge.capture.pictures import expand, head_of, load
from edge.errors import DigitdError
from edge.vision.window import Image

Refuse = Callable[[DigitdError], None]
"""Takes what is wrong with one file, so that the others are read."""


@dataclasses.dataclass(frozen=True)
class Shot:
    """A frame, uint8 [H, W] or [H, W, 3] (blue, green, red), and where it is from."""

    picture: Image
    path: Path
    number: int | None = None
    """In a video, from 1."""

    @property
    def name(self) -> str:
        """As readings and errors call it."""
        return str(self.path) if self.number is None else f"{self.path}#{self.number}"


def files(paths: list[Path], refuse: Refuse) -> Iterator[Path]:
    """The files to read; a folder without a picture does not keep the others from being read."""
    for path in paths:
        try:
            yield from expand([path])
        except DigitdError as error:
            refuse(error)


def shots(paths: list[Path], rotation: int, refuse: Refuse, unfit: Set[Path]) -> Iterator[Shot]:
    """Each picture, and each frame of a video, turned clockwise by 0, 90, 180 or 270 degrees.

    unfit: of a video that comes to be among these, no more frames.
    """
    from edge.capture.video import Video

    for path in paths:
        try:
            if is_video(path):
                with Video(path) as video:
                    for number, frame in enumerate(video, 1):
                        if path in unfit:
                            break
                        yield Shot(_turned(frame, rotation), path, number)
            else:
                yield Shot(_turned(load(path).frame, rotation), path)
        except DigitdError as error:
            refuse(error)


def count(paths: list[Path]) -> int | None:
    """How many frames there are; None where a video does not tell."""
    from edge.capture.video import Video

    total = 0
    for path in paths:
        here: int | None = 1
        if is_video(path):
            try:
                with Video(path) as video:
                    here = video.count
            except DigitdError:
                here = 1  # told when its turn comes
        if here is None:
            return None
        total += here
    return total


def is_video(path: Path) -> bool:
    """Whether it begins like one, or is called one and begins like no picture either: then it should be told as a video."""
    head = head_of(path)
    return begins_like_a_video(head) or bool(head and path.suffix.lower() in VIDEO_SUFFIXES and not is_picture(head))


def _turned(picture: Image, rotation: int) -> Image:
    if not rotation:
        return picture
    from edge.capture.camera import turned  # and with it what only cameras need

    return turned(picture, rotation)
