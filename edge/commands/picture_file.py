"""Pictures that a command writes: their names checked before any work is done, and whatever fails told in a line."""

from pathlib import Path

import cv2

from edge.capture.formats import SUFFIXES
from edge.errors import PictureError, UsageError
from edge.vision.window import Image


def check_name(option: str, path: Path) -> None:
    """Raises UsageError where no picture can have that name: it ends in nothing we write, or its folder is missing."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{option} {path}: ends in {path.suffix or 'nothing'}; expected a name that ends in .png or .jpg")
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: no folder {path.parent}; make it first")


def write(path: Path, picture: Image) -> None:
    """Write a picture, uint8 [H, W] or [H, W, 3] (blue, green, red), in the form its name ends in. Raises PictureError where that fails."""
    try:
        # Not cv2.imwrite: a name that is not UTF-8 ends the process.
        done, content = cv2.imencode(path.suffix.lower(), picture)
    except cv2.error:
        done = False
    if not done:
        height, width = picture.shape[:2]
        raise PictureError(f"{path}: {width} × {height} pixels cannot be written so; expected a name that ends in .png")
    try:
        path.write_bytes(content.tobytes())
    except OSError as error:
        raise PictureError(f"{path}: cannot be written ({error.strerror}); is it in a folder of yours, on a disk with room?") from error


def identity(path: Path) -> tuple[int, int] | None:
    """The same for every name of a file; None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError: a zero in the name
        return None
    return status.st_dev, status.st_ino
