"""A counter's reference: a picture that holds its window, as large as the frames that the camera is asked for."""

from pathlib import Path

from edge.capture.pictures import load
from edge.config.camera import ROUNDED_PX, named_size
from edge.errors import PictureError
from edge.sizes import ANEW, beyond
from edge.vision.window import Corners, inside


def check_reference(file: Path, asked: tuple[int | None, int | None], corners: Corners | None) -> None:
    """Raises PictureError where it cannot be what the window was drawn in.

    asked: width and height of the frames, None where it is not said; corners: the window, None where it is not known.
    """
    height, width = load(file).frame.shape[:2]
    if corners is not None and not inside(corners, (height, width)):
        raise PictureError(f"{file}: {beyond(corners, width, height)}; expected the picture that it was drawn in; {ANEW}")
    if any(side and abs(side - found) > ROUNDED_PX for side, found in zip(asked, (width, height), strict=True)):
        raise PictureError(f"{file}: {width} × {height} pixels; expected {named_size(asked)}, as [camera] has its frames; {ANEW}")
