"""Pictures from files: whatever a camera, a telephone or a scanner has written, as a frame; or one error that says what is wrong.

picture = load(Path("meter.jpg"))
picture.frame    # uint8 [H, W] or [H, W, 3] (blue, green, red)
"""

import dataclasses
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.formats import (
    ASSOCIATED,
    EXPECTED,
    HEAD_BYTES,
    SUFFIXES,
    UNASSOCIATED,
    UNREAD_SUFFIXES,
    VIDEO_SUFFIXES,
    header,
    is_picture,
    is_unread,
    is_video,
)
from edge.capture.overheard import overheard, tells_damage
from edge.errors import PictureError

Image = npt.NDArray[np.uint8]
Pixel = TypeVar("Pixel", np.uint8, np.uint16, np.uint8 | np.uint16)
MAX_PIXELS = 100_000_000
"""More than any camera makes, and still decoded in less than a gigabyte; in 1.6 where it has alpha and 16 bits."""
BAND_PIXELS = 100_000
"""So many are laid on white, or made eight bits deep, at a time."""
MIN_SIDE_PX = 2
MAX_BYTES = 8 * MAX_PIXELS
"""As much as the largest picture takes with nothing compressed: four channels of 16 bits."""
CALLED = SUFFIXES | UNREAD_SUFFIXES | VIDEO_SUFFIXES
"""How files end that are called a picture or a video."""
DEPTHS = (8, 10, 12, 14, 16)
"""Bits that sensors have; what they give is kept in 16."""


@dataclasses.dataclass(frozen=True)
class Picture:
    """A frame, uint8 [H, W] or [H, W, 3] (blue, green, red), and the file it came from."""

    frame: Image
    path: Path


def load(path: Path) -> Picture:
    """The picture in a file, upright as its EXIF data has it. Raises PictureError where there is none to be had, or not all of it."""
    return Picture(decode(read(path), str(path), strict=True), path)


def expand(paths: Iterable[Path]) -> list[Path]:
    """The paths, with each folder replaced by its pictures and videos in natural order: 2 before 10.

    Those are the files that are called a picture or a video, or begin like one, of whatever form; hidden files and folders within are
    left out. Raises PictureError for a folder without a picture, or one that cannot be read.
    """
    files = []
    for path in paths:
        files += _pictures(path) if _is_folder(path) else [path]
    return files


def _is_folder(path: Path) -> bool:
    """Whether it is one; what cannot be looked at is none, and told when it is read."""
    try:
        return path.is_dir()
    except OSError:
        return False


def decode(content: bytes, name: str, *, strict: bool = False) -> Image:
    """A picture file's content as a frame, uint8 [H, W] or [H, W, 3] (blue, green, red), upright, transparent parts on white.

    16 bits become 8 by the smallest of the depths in `DEPTHS` that holds the brightest value. strict: what is damaged within is refused
    too, for which stderr is listened to (see `overheard`). Raises PictureError, naming `name`.
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
    pixels, said = overheard(lambda: _pixels(content)) if strict else (_pixels(content), b"")
    if pixels is None:
        raise PictureError(
            f"{name}: {size} that cannot be decoded: damaged, cut short, or packed in a way that is not read here. Copy it again from "
            "where it came, or save it as PNG"
        )
    if head.damaged or tells_damage(said):
        raise PictureError(f"{name}: {size} that is damaged: not all of it can be decoded. Copy it again from where it came")
    if pixels.dtype not in (np.uint8, np.uint16):
        raise PictureError(f"{name}: {size} in {pixels.dtype}; expected whole numbers of 8 or 16 bits. Convert it to PNG")
    # OpenCV's reader of TIFF multiplies 8-bit colour by its alpha itself, where the file says that it is not yet.
    multiplied = head.alpha == ASSOCIATED or (head.alpha == UNASSOCIATED and pixels.dtype == np.uint8)
    frame = _opaque(pixels, multiplied=multiplied)
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
    pictures = [path for path in files if path.suffix.lower() in CALLED or _shows(head_of(path))]
    if not pictures:
        raise PictureError(f"{folder}: a folder without a picture; {EXPECTED} directly in it")
    return sorted(pictures, key=natural)


def _shows(head: bytes) -> bool:
    """Whether a file that begins so has frames, in a form that is read or in one whose error should be told."""
    return is_picture(head) or is_video(head) or is_unread(head)


def _pixels(content: bytes) -> npt.NDArray[Any] | None:
    """As they are stored; None where they cannot be decoded."""
    try:
        # Unchanged: neither turned, which OpenCV's versions do for some formats only, nor robbed of alpha and 16 bits.
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None


def _eight_bit(pixels: npt.NDArray[np.uint8 | np.uint16]) -> Image:
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    brightest = int(pixels.max())
    full = next(2**depth - 1 for depth in DEPTHS if brightest < 2**depth)
    scaled = np.empty(pixels.shape, np.uint8)
    for band, to in zip(_bands(pixels), _bands(scaled), strict=True):
        to[:] = cv2.convertScaleAbs(band, alpha=255 / full)
    return scaled


def _opaque(pixels: npt.NDArray[np.uint8 | np.uint16], *, multiplied: bool) -> npt.NDArray[np.uint8 | np.uint16]:
    """Laid on white where there is alpha, [H, W, 4], in place."""
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels
    if pixels.shape[2] == 1:
        return pixels[:, :, 0]
    white = np.iinfo(pixels.dtype).max
    if pixels[:, :, 3].min() == white:
        return pixels[:, :, :3]
    for band in _bands(pixels):
        share = band[:, :, 3:].astype(np.float32) / white
        colour = band[:, :, :3] * (1 if multiplied else share)
        band[:, :, :3] = np.rint(np.minimum(colour + white * (1 - share), white))
    return pixels[:, :, :3]


def _bands(pixels: npt.NDArray[Pixel]) -> Iterator[npt.NDArray[Pixel]]:
    """Views of so many rows that what is calculated from them takes some megabytes, not some gigabytes."""
    rows = max(1, BAND_PIXELS // pixels.shape[1])
    return (pixels[top : top + rows] for top in range(0, len(pixels), rows))


def _turned(frame: Image, orientation: int) -> Image:
    """Upright, from EXIF's orientation (CIPA DC-008, tag 274): 5 to 8 are mirrored along the diagonal before all else."""
    if orientation >= 5:
        frame = frame.swapaxes(0, 1)
    # Which of the axes then runs backwards.
    down, across = {1: (1, 1), 2: (1, -1), 3: (-1, -1), 4: (-1, 1), 5: (1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}[orientation]
    return frame[::down, ::across]
