"""A plate as a camera sees it: at an angle, under uneven light with a glare in it, a little out of focus, with noise.

Rendered once; from frame to frame only the wheels that turned are drawn anew, and the noise is laid over all of it.
"""

import dataclasses

import cv2
import numpy as np

from edge.rendering.plate import FINENESS, Image, Opening, Plate
from edge.vision.window import Corners, Homography, homography, moved, rectangle

MARGIN_PX = 16
"""What is rendered beyond the picture on each side: drift is another crop of it."""
FULL_LIGHT = 128
BLUR_PX = 0.7
GRAIN_PX = 0.5
BEYOND_PX = 64
"""By how much the patch of noise is larger than the picture."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conditions:
    """What may change between the camera and the plate. The first three make a new rendering, light does not."""

    shift: tuple[float, float] = (0.0, 0.0)
    """Pixels by which the camera was nudged."""
    degrees: float = 0.0
    """By which it was turned."""
    glare: float = 0.35
    """0: none; 1: the middle of it is white."""
    light: float = 1.0
    """0: the lamp is out."""


class _Box:
    """The part of a scene that one counter's wheels are drawn into."""

    def __init__(self, opening: Opening, pose: Homography, light: Image, glare: Image) -> None:
        corners = moved(opening.corners, pose)
        height, width = opening.cell[0], opening.cell[1] * _digits(opening)
        self.x0, self.y0 = (int(low) - 1 for low in np.floor(corners.min(0)))
        x1, y1 = (int(high) + 1 for high in np.ceil(corners.max(0)))
        self.size = x1 - self.x0, y1 - self.y0
        self.to_box = homography(rectangle(height, width) - 0.5, corners - (self.x0 + 0.5, self.y0 + 0.5))
        self.row = np.zeros((height, width), np.uint8)
        self.mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), self.to_box, self.size)
        self.light, self.glare = (each[self.y0 : y1, self.x0 : x1].copy() for each in (light, glare))
        self.shown: list[int | None] = [None] * _digits(opening)


class Scene:
    """One pose of one plate. Coordinates are those of the picture that `picture` gives without drift."""

    def __init__(self, plate: Plate, tilt: Homography, conditions: Conditions, glare_at: tuple[float, float]) -> None:
        """tilt: plate to picture, which is as large; glare_at: shares of its width and height."""
        self._plate = plate
        self._size = height, width = plate.picture.shape
        nudge = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), conditions.degrees, 1.0), [0, 0, 1]])
        nudge[:2, 2] += conditions.shift
        self._pose = nudge @ tilt
        with_margin = np.array([[1, 0, MARGIN_PX], [0, 1, MARGIN_PX], [0, 0, 1]]) @ self._pose
        whole = width + 2 * MARGIN_PX, height + 2 * MARGIN_PX
        light, glare = _lighting(whole, conditions.glare, glare_at)
        # Pixel centres lie half a pixel inside: (0, 0) is the corner of the first.
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        centred = np.linalg.inv(half) @ with_margin @ half
        flat = cv2.warpPerspective(plate.picture, centred, whole, borderMode=cv2.BORDER_REPLICATE)
        self._base = _lit(np.asarray(cv2.GaussianBlur(flat, (0, 0), BLUR_PX), np.uint8), light, glare)
        self._boxes = [_Box(opening, with_margin, light, glare) for opening in plate.openings]

    @property
    def windows(self) -> tuple[Corners, ...]:
        """Corners float64 [4, 2] of each counter without drift."""
        return tuple(moved(opening.corners, self._pose) for opening in self._plate.openings)

    def turn(self, counter: int, places: list[float], decimals: int) -> None:
        """Draw a counter's wheels where they stand now."""
        box, opening = self._boxes[counter], self._plate.openings[counter]
        steps = [round(place * FINENESS) % (10 * FINENESS) for place in places]
        if steps == box.shown:
            return
        height, width = opening.cell
        for i, (step, before) in enumerate(zip(steps, box.shown, strict=True)):
            if step != before:
                box.row[:, i * width : (i + 1) * width] = opening.drum.cell(
                    step / FINENESS, opening.cell, decimal=i >= len(steps) - decimals
                )
        box.shown = list(steps)
        seen = cv2.GaussianBlur(cv2.warpPerspective(box.row, box.to_box, box.size, flags=cv2.INTER_LINEAR), (0, 0), BLUR_PX)
        across, down = box.size
        part = self._base[box.y0 : box.y0 + down, box.x0 : box.x0 + across]
        cv2.copyTo(_lit(np.asarray(seen, np.uint8), box.light, box.glare), box.mask, part)

    def picture(self, noise: "Noise", *, drift: tuple[int, int], light: float) -> Image:
        """A new picture uint8 [H, W]. drift: whole pixels right and down, `MARGIN_PX` at most."""
        height, width = self._size
        left, top = MARGIN_PX - drift[0], MARGIN_PX - drift[1]
        seen = self._base[top : top + height, left : left + width]
        if light != 1.0:
            seen = np.asarray(cv2.convertScaleAbs(seen, alpha=light), np.uint8)
        return noise.over(seen)


class Noise:
    """A sensor's noise: one large patch of it, each time from another place."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int], sigma: float) -> None:
        """sigma: standard deviation in grey levels."""
        self._rng = rng
        height, width = size
        grain = rng.standard_normal((height + BEYOND_PX, width + BEYOND_PX), np.float32)
        levels = np.asarray(cv2.GaussianBlur(grain, (0, 0), GRAIN_PX), np.float32)
        deviation = levels.std()
        # In place, for each such array takes megabytes.
        levels *= sigma
        levels /= deviation
        np.rint(levels, levels)
        self._brighter = np.clip(levels, 0, 255).astype(np.uint8)
        self._darker = np.clip(np.negative(levels, levels), 0, 255).astype(np.uint8)

    def over(self, picture: Image) -> Image:
        """The picture uint8 [H, W] with noise, as a new one."""
        top, left = self._rng.integers(0, BEYOND_PX, 2)
        rows, columns = slice(top, top + picture.shape[0]), slice(left, left + picture.shape[1])
        noisy = cv2.add(picture, self._brighter[rows, columns])
        return np.asarray(cv2.subtract(noisy, self._darker[rows, columns], noisy), np.uint8)


def _lighting(size: tuple[int, int], glare: float, at: tuple[float, float]) -> tuple[Image, Image]:
    """What the plate is multiplied with, in 1/128, and what is added, uint8 [H, W] each. size: width and height."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0], dtype=np.float32), np.linspace(0, 1, size[1], dtype=np.float32), sparse=True)
    light = 1.08 - 0.3 * ((x - 0.42) ** 2 + (y - 0.4) ** 2) * 2 + 0.06 * (x - 0.5)
    spot = np.exp(-(((x - at[0]) / 0.07) ** 2) - ((y - at[1]) / 0.09) ** 2)
    return np.rint(FULL_LIGHT * light).astype(np.uint8), np.rint(255 * glare * spot).astype(np.uint8)


def _lit(picture: Image, light: Image, glare: Image) -> Image:
    return np.asarray(cv2.add(cv2.multiply(picture, light, scale=1 / FULL_LIGHT), glare), np.uint8)


def _digits(opening: Opening) -> int:
    top_left, top_right = opening.corners[:2]
    return round(float(top_right[0] - top_left[0]) / opening.cell[1])
