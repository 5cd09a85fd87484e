"""Real wheels rolled on: pictures of one digit at rest and of the next, put together as the wheel shows them halfway between.

Real pictures hold few wheels in mid-roll, and rendered ones none of the real faces, grounds and lights. Position and pitch are chosen,
so each carries its exact tenth.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.circle import distance

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
AT_REST = 0.15
"""Digits off a whole one, up to which a wheel shows one digit."""
PITCHES = (0.75, 1.35)
"""Distance from digit to digit, in heights of a picture."""
INSET = 3
"""Rows at the top and at the bottom that may show the window's frame, which does not roll."""
ALIKE = 12
"""The next digit comes from one of so many pictures that look most like the first one's, for some collections mix meters."""
SEAM_PX = 1.5
MOST_GAIN = 1.5


@dataclass(frozen=True)
class _Faces:
    """Pictures of wheels at rest, uint8 [N, H, W, 3], where they stand [N], of which meter, and how they look [N, F]."""

    pictures: Image
    positions: Doubles
    meters: npt.NDArray[np.str_]
    looks: Floats

    @classmethod
    def of(cls, pictures: Image, positions: Doubles, kinds: list[str], displays: list[str], meters: list[str]) -> "_Faces":
        resting = distance(positions, np.round(positions) % 10) <= AT_REST
        use = resting & (np.array(kinds) == "tenths") & (np.array(displays) != "lcd")
        chosen = pictures[use]
        sides = np.concatenate([chosen[:, :, :4].mean((1, 2)), chosen[:, :, -4:].mean((1, 2)), chosen.mean((1, 2)), chosen.std((1, 2))], 1)
        return cls(chosen, positions[use], np.array(meters)[use], sides.astype(np.float32))


def rolled(
    pictures: Image, positions: Doubles, kinds: list[str], displays: list[str], meters: list[str], count: int, *, seed: int
) -> tuple[Image, Doubles]:
    """`count` pictures uint8 [count, H, W, 3] between two digits, and their positions in digits [count].

    pictures: uint8 [N, H, W, 3], at positions in digits [N]; kinds, displays and meters as in the real data.
    """
    faces, rng = _Faces.of(pictures, positions, kinds, displays, meters), np.random.default_rng(seed)
    digits = np.round(faces.positions).astype(int) % 10
    made, where = np.empty((count, *pictures.shape[1:]), np.uint8), np.empty(count)
    filled = 0
    while filled < count:
        first = int(rng.integers(len(digits)))
        after = np.flatnonzero((digits == (digits[first] + 1) % 10) & (faces.meters == faces.meters[first]))
        if not len(after):
            continue
        unlike = np.abs(faces.looks[after] - faces.looks[first]).sum(1)
        second = int(after[rng.choice(np.argsort(unlike)[:ALIKE])])
        where[filled] = (digits[first] + rng.uniform(0.08, 0.92)) % 10
        made[filled] = _between(faces, first, second, float(where[filled]), float(rng.uniform(*PITCHES)), rng)
        filled += 1
    return made, where


def _between(faces: _Faces, first: int, second: int, position: float, pitch: float, rng: np.random.Generator) -> Image:
    upper, lower = (faces.pictures[i].astype(np.float32) for i in (first, second))
    gain = np.clip(faces.looks[first][6:9] / np.maximum(faces.looks[second][6:9], 1), 1 / MOST_GAIN, MOST_GAIN)
    lower = lower * gain
    height, width = upper.shape[:2]
    rows = np.arange(height, dtype=np.float32)
    turned = _turn(float(faces.positions[first]), position), _turn(float(faces.positions[second]), position)
    above, below = (_shifted(each, by * pitch * height) for each, by in zip((upper, lower), turned, strict=True))
    seam = height * (0.5 + (np.floor(position) + 0.5 - position) * pitch)
    share = 1 / (1 + np.exp((rows - seam) / rng.uniform(0.3, SEAM_PX)))
    return np.clip(above * share[:, None, None] + below * (1 - share[:, None, None]), 0, 255).astype(np.uint8)


def _turn(start: float, end: float) -> float:
    """From one position to another, the short way round, in digits."""
    return (end - start + 5) % 10 - 5


def _shifted(picture: Floats, by: float) -> Floats:
    """Rolled up by so many pixels; what was not seen is as the nearest row that was."""
    height, width = picture.shape[:2]
    rows = np.clip(np.arange(height, dtype=np.float32) + by, INSET, height - 1 - INSET)
    columns = np.arange(width, dtype=np.float32)
    return np.asarray(
        cv2.remap(picture, np.tile(columns, (height, 1)), np.repeat(rows[:, None], width, 1).astype(np.float32), cv2.INTER_LINEAR),
        np.float32,
    )
