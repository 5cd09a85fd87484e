"""Pictures from files: whatever a camera, a telephone or a scanner has written, as a frame; or one error that says what is wrong.

picture = load(Path("meter.jpg"))
picture.frame    # uint8 [H, W] or [H, W, 3] (blue, green, red)
"""

import dataclasses
import re
import stat
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.formats import EXPECTED, HEAD_BYTES, SUFFIXES, header, is_picture
from edge.errors import PictureError

Image = npt.NDArray[np.uint8]
MAX_PIXELS = 100_000_000
"""More than any camera makes, and still decoded in less than a gigabyte."""
MIN_SIDE_PX = 2
MAX_BYTES = 8 * MAX_PIXELS
"""As much as the largest picture takes with nothing compressed: four channels of 16 bits."""
DEPTHS = (8, 10, 12, 14, 16)
"""Bits that sensors have; what they give is kept in 16."""


@dataclasses.dataclass(frozen=True)
class Picture:
    """A frame, uint8 [H, W] or [H, W, 3] (blue, green, red), and the file it came from."""

    frame: Image
    path: Path


def load(path: Path) -> Picture:
    """The picture in a file, upright as its EXIF data has it. Raises PictureError where there is none to be had."""
    return Picture(decode(read(path), str(path)), path)


def expand(paths: Iterable[Path]) -> list[Path]:
    """The paths, with each folder replaced by its pictures in natural order: 2 before 10.

    A folder's pictures are the files that are called one or begin like one; hidden files and folders within are left out. Raises
    PictureError for a folder without a picture, or one that cannot be read.
    """
    files = []
    for path in paths:
        files += _pictures(path) if path.is_dir() else [path]
    return files


def decode(content: bytes, name: str) -> Image:
    """A picture file's content as a frame, uint8 [H, W] or [H, W, 3] (blue, green, red), upright, transparent parts on white.

    16 bits become 8 by the smallest of the depths in `DEPTHS` that holds the brightest value. Raises PictureError, naming `name`.
    """
    if not content:
        raise PictureError(f"{name}: an empty file; {EXPECTED}")
    head = header(content, name)
    size = f"a {head.format} of {head.width} × {head.height} pixels"
    if head.width * head.height > MAX_PIXELS:
        raise PictureError(f"{name}: {size}; expected at most {MAX_PIXELS // 1_000_000} megapixels. Scale it down first")
    if min(head.width, head.height) < MIN_SIDE_PX:
        raise PictureError(f"{name}: {size}, nothing that could be read; {EXPECTED} of a meter")
    if not head.whole:
        raise PictureError(f"{name}: {size} that is cut short: its end is missing. Copy it again from where it came")
    try:
        # Unchanged: neither turned, which OpenCV's versions do for some formats only, nor robbed of alpha and 16 bits.
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise PictureError(f"{name}: {size} that cannot be decoded: damaged, or cut short. Copy it again from where it came")
    if pixels.dtype not in (np.uint8, np.uint16):
        raise PictureError(f"{name}: {size} in {pixels.dtype}; expected whole numbers of 8 or 16 bits. Convert it to PNG")
    # OpenCV's reader of TIFF hands out 8-bit colour that alpha is already multiplied into.
    frame = _opaque(np.asarray(pixels), multiplied=head.format == "TIFF" and pixels.dtype == np.uint8)
    return np.ascontiguousarray(_turned(_eight_bit(frame), head.orientation))


def read(path: Path) -> bytes:
    """The content of a picture's file. Raises PictureError where it is missing, unreadable, larger than any picture, or no file."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PictureError(f"{path}: a folder; {EXPECTED}")
        if not stat.S_ISREG(status.st_mode):
            raise PictureError(f"{path}: a device or pipe; {EXPECTED} in a file")
        if status.st_size > MAX_BYTES:
            raise PictureError(f"{path}: a file of {status.st_size / 1e6:,.0f} MB; expected at most {MAX_BYTES // 1_000_000} MB")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PictureError(f"{path}: no such file; {EXPECTED}. Is its name spelt so?") from error
    except PermissionError as error:
        raise PictureError(f"{path}: no permission to read it; try `chmod a+r`, or as its owner") from error
    except OSError as error:
        raise PictureError(f"{path}: cannot be read ({error.strerror}); {EXPECTED}") from error


def head_of(path: Path) -> bytes:
    """The first `HEAD_BYTES` of a file, nothing where there is no file or none that may be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def natural(path: Path) -> tuple[list[str | int], str]:
    """Sorting by this puts 2 before 10."""
    # Splitting at numbers gives text and number in turns, text first, so that like is compared with like.
    return [int(part) if i % 2 else part for i, part in enumerate(re.split("([0-9]+)", path.name.casefold()))], path.name


def _pictures(folder: Path) -> list[Path]:
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()]
    except OSError as error:
        raise PictureError(f"{folder}: a folder that cannot be read ({error.strerror})") from error
    pictures = [path for path in files if path.suffix.lower() in SUFFIXES or is_picture(head_of(path))]
    if not pictures:
        raise PictureError(f"{folder}: a folder without a picture; {EXPECTED} directly in it")
    return sorted(pictures, key=natural)


def _eight_bit(pixels: npt.NDArray[np.uint8 | np.uint16]) -> Image:
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    brightest = int(pixels.max())
    full = next(2**depth - 1 for depth in DEPTHS if brightest < 2**depth)
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=255 / full), np.uint8)


def _opaque(pixels: npt.NDArray[np.uint8 | np.uint16], *, multiplied: bool) -> npt.NDArray[np.uint8 | np.uint16]:
    """Laid on white where there is alpha, [H, W, 4]."""
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels
    if pixels.shape[2] == 1:
        return pixels[:, :, 0]
    white = np.iinfo(pixels.dtype).max
    if (alpha := pixels[:, :, 3:]).min() == white:
        return pixels[:, :, :3]
    share = alpha.astype(np.float32) / white
    colour = pixels[:, :, :3] * (1 if multiplied else share)
    return np.rint(np.minimum(colour + white * (1 - share), white)).astype(pixels.dtype)


def _turned(frame: Image, orientation: int) -> Image:
    """Upright, from EXIF's orientation (CIPA DC-008, tag 274): 5 to 8 are mirrored along the diagonal before all else."""
    if orientation >= 5:
        frame = frame.swapaxes(0, 1)
    # Which of the axes then runs backwards.
    down, across = {1: (1, 1), 2: (1, -1), 3: (-1, -1), 4: (-1, 1), 5: (1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}[orientation]
    return frame[::down, ::across]
