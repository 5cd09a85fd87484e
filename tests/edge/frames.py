"""The real frames: whole photos of counters with the true reading and the window."""

import dataclasses
import functools
import json
from pathlib import Path

import cv2
import numpy as np

from edge.vision.window import Corners, Image
from train import datasets


@dataclasses.dataclass(frozen=True)
class Frame:
    """One photo: uint8 [H, W, 3], the corners of its window, and its digits (`N` where a wheel is in mid-roll, and any digit is right)."""

    name: str
    meter: str
    display: str
    picture: Image
    corners: Corners
    digits: str

    def shows(self, raw: str) -> bool:
        """Whether a reading is right."""
        return len(raw) == len(self.digits) and all(read == true or true == "N" for read, true in zip(raw, self.digits, strict=True))


@functools.cache
def frames() -> tuple[Frame, ...]:
    """All of them; their folder lies beside the data's."""
    folder = next(path / "frames" for path in datasets.folders() if (path / "frames" / "frames.json").is_file())
    return tuple(
        Frame(
            each["path"], each["meter"], "lcd" if each["display"] == "lcd7" else "wheels", _picture(folder / each["path"]),
            np.array(each["polygon"], np.float64), each["digits"],
        )
        for each in json.loads((folder / "frames.json").read_text())
    )  # fmt: skip


def sequence() -> list[Frame]:
    """The frames of one fixed camera, in order."""
    return [frame for frame in frames() if frame.meter == "aiedge-demo-GWF-MTK3"]


def _picture(path: Path) -> Image:
    picture = cv2.imread(str(path))
    assert picture is not None
    return np.asarray(picture, np.uint8)
