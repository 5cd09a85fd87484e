"""A meter's plate, flat and evenly lit: housing, enamel, screws, dials, print, and the windows in which its counters turn."""

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

from edge.rendering import wheel
from edge.rendering.strokes import random_strokes, stroke_glyphs
from edge.vision.window import Corners, rectangle

Image = npt.NDArray[np.uint8]
WIDTH_SHARE, HEIGHT_SHARE = 0.42, 0.38
"""How much of the picture's width a counter takes, and how much of its height its share of the plate."""
CELL_ASPECT = 1.45
BEZEL = 0.16
"""Width of the dark frame round a window, in cell heights."""
WHITE_ON_BLACK, BLACK_ON_WHITE = (46, 222), (214, 38)
"""Grey levels of a wheel's ground and of its ink."""
DECIMALS = (92, 226)
"""White on red, in grey."""
MOST_SLANT = 0.1
"""Horizontal shift of a digit's top against its foot, in digit heights."""
FINENESS = 50
"""Places that a wheel is drawn at from one digit to the next."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drum:
    """The wheels of one counter: their face and how it is printed."""

    strip: wheel.Mask
    whole: tuple[int, int]
    """Ground and ink of the digits before the point."""
    pitch: float
    """From digit to digit, in window heights."""
    width: float
    """Horizontal stretch of the digits."""

    def cell(self, place: float, size: tuple[int, int], *, decimal: bool = False) -> Image:
        """What a window uint8 [H, W] shows with a wheel at `place` (digits, 0 to 10)."""
        ink, facing = wheel.window(self.strip, place, size=size, pitch=self.pitch, width=self.width)
        ground, print_ = DECIMALS if decimal else self.whole
        grey = (ground + (print_ - ground) * ink) * (0.35 + 0.65 * facing)
        # The window's upper edge throws a shadow, and a gap parts the wheels.
        grey[: max(1, size[0] // 12)] *= 0.7
        grey[:, 0], grey[:, -1] = grey[:, 0] * 0.45, grey[:, -1] * 0.45
        return np.asarray(np.rint(np.clip(grey, 0, 255)), np.uint8)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Opening:
    """Where on the plate a counter shows."""

    drum: Drum
    corners: Corners
    """On the plate, in pixels."""
    cell: tuple[int, int]
    """Height and width of one digit in pixels."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plate:
    """uint8 [H, W], with dark openings where the counters are."""

    picture: Image
    openings: tuple[Opening, ...]


def places(steps: float, digits: int, *, carry_start: float = 9.0) -> list[float]:
    """Where each wheel stands, in digits, the first wheel first, when the counter stands at so many steps of its last wheel.

    carry_start: a wheel begins to move when the one to its right passes this digit, and has moved on by one when that reaches 0.
    """
    found = [steps % 10.0]
    for i in range(1, digits):
        carried = max(0.0, (found[-1] - carry_start) / (10.0 - carry_start))
        found.append((int(steps // 10**i) % 10 + carried) % 10.0)
    return found[::-1]


def drum(rng: np.random.Generator) -> Drum:
    """Wheels with a face of their own."""
    face = random_strokes(rng)
    # As most wheels are printed: upright or nearly, neither thin nor fat.
    face = dataclasses.replace(
        face, width=rng.uniform(0.48, 0.66), thickness=rng.uniform(0.1, 0.16), slant=min(face.slant, MOST_SLANT)
    )  # fmt: skip
    return Drum(
        strip=wheel.unrolled(stroke_glyphs(face), digit_height=rng.uniform(0.66, 0.74)),
        whole=WHITE_ON_BLACK if rng.random() < 0.5 else BLACK_ON_WHITE,
        pitch=rng.uniform(0.95, 1.05),
        width=rng.uniform(0.95, 1.1),
    )


def plate(rng: np.random.Generator, *, size: tuple[int, int], counters: int, digits: int, decimals: int) -> Plate:
    """A plate of that size (height and width in pixels), its counters one above the other."""
    height, width = size
    picture = _ground(rng, height, width)
    row = height / counters
    across = min(WIDTH_SHARE * width / digits, HEIGHT_SHARE * row / CELL_ASPECT)
    cell = max(8, round(across * CELL_ASPECT)), max(6, round(across))
    openings = []
    for i in range(counters):
        left, top = round(width / 2 - cell[1] * digits / 2 + rng.uniform(-0.03, 0.03) * width), round(row * (i + 0.32))
        _print(picture, rng, left, top, cell, digits, decimals)
        _dials(picture, rng, left, round(top + cell[0] * 1.75), cell, digits)
        corners = rectangle(cell[0], cell[1] * digits) + np.array([left, top])
        openings.append(Opening(drum=drum(rng), corners=corners, cell=cell))
    return Plate(picture=picture, openings=tuple(openings))


def _ground(rng: np.random.Generator, height: int, width: int) -> Image:
    """Housing, enamel plate and four screws."""
    mottled = cv2.resize(rng.normal(0, 1, (9, 16)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    brushed = cv2.resize(rng.normal(0, 1, (height, 12)).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    picture = np.clip(86 + 7 * mottled + 3 * brushed, 0, 255).astype(np.uint8)
    middle, axes = (width // 2, height // 2), (round(0.44 * width), round(0.47 * height))
    for shrink, level in ((0, 58), (6, 128), (12, 196)):
        cv2.ellipse(picture, middle, (axes[0] - shrink, axes[1] - shrink), 0, 0, 360, level, -1, cv2.LINE_AA)
    for x, y in ((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)):
        centre, radius = (round(x * width), round(y * height)), round(0.035 * height)
        for share, level in ((1.0, 44), (0.88, 168), (0.7, 140)):
            cv2.circle(picture, centre, max(1, round(share * radius)), level, -1, cv2.LINE_AA)
        turn = rng.uniform(0, np.pi)
        slot = np.rint(np.array([np.cos(turn), np.sin(turn)]) * radius * 0.7).astype(int)
        ends = [(int(centre[0] + sign * slot[0]), int(centre[1] + sign * slot[1])) for sign in (-1, 1)]
        cv2.line(picture, ends[0], ends[1], 36, max(1, radius // 5), cv2.LINE_AA)
    return np.asarray(picture, np.uint8)


def _print(picture: Image, rng: np.random.Generator, left: int, top: int, cell: tuple[int, int], digits: int, decimals: int) -> None:
    """The window's frame, unit and number."""
    rim, right = round(BEZEL * cell[0]), left + digits * cell[1]
    cv2.rectangle(picture, (left - rim, top - rim), (right + rim, top + cell[0] + rim), 30, -1)
    if decimals:
        cv2.rectangle(picture, (right - decimals * cell[1], top - rim), (right + rim, top + cell[0] + rim), 74, -1)
    cv2.rectangle(picture, (left, top), (right - 1, top + cell[0] - 1), 20, -1)
    size, pen = cell[0] / 75, max(1, cell[0] // 40)
    cv2.putText(picture, "m", (right + 2 * rim, top + cell[0]), cv2.FONT_HERSHEY_SIMPLEX, 1.2 * size, 40, pen, cv2.LINE_AA)
    number = f"Nr. {rng.integers(10**7, 10**8)}   Q3 4   {rng.integers(2005, 2026)}"
    cv2.putText(picture, number, (left, top - 2 * rim), cv2.FONT_HERSHEY_SIMPLEX, 0.55 * size, 60, pen, cv2.LINE_AA)


def _dials(picture: Image, rng: np.random.Generator, left: int, y: int, cell: tuple[int, int], digits: int) -> None:
    """Three small dials with pointers, which no counter is."""
    radius = max(4, round(0.42 * cell[0]))
    for i in range(3):
        centre = (left + round((i + 0.5) * cell[1] * digits / 3), y)
        cv2.circle(picture, centre, radius, 226, -1, cv2.LINE_AA)
        cv2.circle(picture, centre, radius, 52, 1, cv2.LINE_AA)
        for tick in range(10):
            way = np.array([np.cos(tick * np.pi / 5), np.sin(tick * np.pi / 5)]) * radius
            inner, outer = ((round(centre[0] + share * way[0]), round(centre[1] + share * way[1])) for share in (0.8, 0.95))
            cv2.line(picture, inner, outer, 40, 1, cv2.LINE_AA)
        turn = rng.uniform(0, 2 * np.pi)
        tip = (round(centre[0] + 0.7 * radius * np.cos(turn)), round(centre[1] + 0.7 * radius * np.sin(turn)))
        cv2.line(picture, centre, tip, 70, max(1, radius // 8), cv2.LINE_AA)
