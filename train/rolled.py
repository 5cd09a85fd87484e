"""Real wheels rolled on: one digit at rest and the next, put together as the wheel shows them on its way from one to the other.

Real pictures hold few wheels in mid-roll, and rendered ones none of the real faces, grounds and lights. Position and pitch are chosen
here, so each picture carries its exact tenth.
"""

from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.circle import distance, turn

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
AT_REST = 0.15
"""Digits off a whole one, up to which a wheel shows one digit."""
WAY = (0.08, 0.92)
"""From where on and up to where a wheel is on its way, in digits."""
PITCHES = (0.75, 1.35)
"""Distance from digit to digit, in heights of a picture."""
FRAME_PX = 3
"""Rows at the top and at the bottom that may show the window's frame, which does not roll."""
ALIKE = 12
"""The next digit comes from one of so many pictures that look most like the first one's: some collections mix meters."""
SEAM_PX = (0.3, 1.5)
MOST_GAIN = 1.5
"""How much the second picture is made lighter or darker at most, to fit the first."""


class Labelled(Protocol):
    """N digits of counters with their labels, without their pictures."""

    @property
    def positions(self) -> npt.NDArray[np.floating]:
        """What each wheel shows, in digits."""

    @property
    def kinds(self) -> list[str]:
        """`tenths`, `integer` or `nan`."""

    @property
    def displays(self) -> list[str]:
        """`lcd`, or something that rolls."""

    @property
    def meters(self) -> list[str]:
        """The meter each picture was taken of."""


def rolled(pictures: Image, digits: Labelled, count: int, *, seed: int) -> tuple[Image, Doubles]:
    """Pictures uint8 [count, H, W, 3] of wheels between two digits, and their positions in digits [count], made of pictures [N, H, W, 3].

    None where no meter was seen at rest on two digits that follow one another. The same ones for the same seed.
    """
    rng = np.random.default_rng(seed)
    first, second = _pairs(pictures, digits)
    if not len(first):
        return np.empty((0, *pictures.shape[1:]), np.uint8), np.empty(0)
    chosen = rng.integers(0, len(first), count)
    made, positions = np.empty((count, *pictures.shape[1:]), np.uint8), np.empty(count)
    for k, pair in enumerate(chosen):
        upper, lower = int(first[pair]), int(rng.choice(second[pair]))
        positions[k] = (np.rint(digits.positions[upper]) + rng.uniform(*WAY)) % 10
        turns = [turn(float(digits.positions[i]), float(positions[k])) for i in (upper, lower)]
        made[k] = _between(pictures[upper], pictures[lower], turns, float(positions[k] % 1), rng)
    return made, positions


def _pairs(pictures: Image, digits: Labelled) -> tuple[Numbers, Numbers]:
    """Pictures at rest on a digit [P], and those of the same meter at rest on the next that look most like each, [P, ALIKE]."""
    whole = np.rint(np.nan_to_num(digits.positions)).astype(np.int64) % 10
    resting = distance(digits.positions, whole) <= AT_REST
    resting &= (np.array(digits.kinds) == "tenths") & (np.array(digits.displays) != "lcd")
    meters = np.array(digits.meters)
    looks = np.concatenate([_colours(pictures[:, :, :4]), _colours(pictures[:, :, -4:]), _colours(pictures)], axis=1)
    first, second = [np.empty(0, np.int64)], [np.empty((0, ALIKE), np.int64)]
    for meter in np.unique(meters[resting]):
        at = [np.flatnonzero(resting & (meters == meter) & (whole == digit)) for digit in range(10)]
        for now, after in zip(at, at[1:] + at[:1], strict=True):
            if len(now) and len(after):
                unlike = np.abs(looks[now][:, None] - looks[after]).sum(2)
                order = np.argsort(unlike, axis=1)
                first.append(now)
                second.append(after[order[:, np.arange(ALIKE) % len(after)]])
    return np.concatenate(first), np.concatenate(second)


def _colours(parts: Image) -> Floats:
    """Mean and deviation of each channel, float32 [N, 6]."""
    flat = parts.reshape(len(parts), -1, 3)
    return np.concatenate([flat.mean(1, dtype=np.float32), flat.std(1, dtype=np.float32)], axis=1)


def _between(upper: Image, lower: Image, turns: list[float], way: float, rng: np.random.Generator) -> Image:
    """One digit above the next. turns: digits by which each of them has rolled up; way: digits from the upper to what is shown."""
    height, pitch = len(upper), rng.uniform(*PITCHES)
    gain = np.clip(upper.mean((0, 1)) / np.maximum(lower.mean((0, 1)), 1), 1 / MOST_GAIN, MOST_GAIN)
    above, below = (_shifted(each, turn * pitch * height) for each, turn in zip((upper, lower * gain), turns, strict=True))
    seam = height * (0.5 + (0.5 - way) * pitch)
    share = 1 / (1 + np.exp((np.arange(height) - seam) / rng.uniform(*SEAM_PX)))[:, None, None]
    return np.asarray(np.clip(above * share + below * (1 - share), 0, 255), np.uint8)


def _shifted(picture: npt.NDArray[np.generic], by: float) -> Floats:
    """Rolled up by so many pixels; what was not seen is as the nearest row that was."""
    height, width = picture.shape[:2]
    seen = picture[FRAME_PX:-FRAME_PX].astype(np.float32)
    matrix = np.array([[1, 0, 0], [0, 1, FRAME_PX - by]], np.float32)
    return np.asarray(cv2.warpAffine(seen, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
