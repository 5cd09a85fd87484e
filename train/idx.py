"""MNIST's file format: idx files of unsigned bytes, gzip or plain. Source of the format: LeCun's MNIST page."""

import gzip
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import DataError

MAGIC = {"images": 2051, "labels": 2049}
HEIGHT, WIDTH = 28, 28


def parse(content: bytes, what: str, path: Path, fix: str) -> npt.NDArray[np.uint8]:
    """The images uint8 [N, 28, 28] or labels uint8 [N] of a file's content.

    what: "images" or "labels". path: the file, gzip where it ends in .gz. Raises DataError naming it, and `fix`, where it is damaged.
    """
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path}: not a whole gzip file ({error}); {fix}") from error
    magic = int.from_bytes(content[:4], "big")
    if magic != MAGIC[what]:
        raise DataError(f"{path}: starts with {magic}; expected {MAGIC[what]}, the idx format's mark of {what}; {fix}")
    dimensions = 3 if what == "images" else 1
    header = 4 + 4 * dimensions
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, header, 4)]
    if len(content) - header != int(np.prod(shape, dtype=object)) or shape[1:] != [HEIGHT, WIDTH][: dimensions - 1]:
        raise DataError(f"{path}: {len(content) - header} bytes of {what} for the shape {shape} it names; {fix}")
    if not shape[0]:
        raise DataError(f"{path}: no {what} in it; {fix}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
