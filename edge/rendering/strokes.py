"""Digits drawn with a pen of one width, the way wheels are engraved: each face a random hand within what such faces do."""

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

from edge.rendering.glyphs import Glyphs, arrange

Points = npt.NDArray[np.float64]
CANVAS_PX = 160
MARGIN_PX = 32


@dataclasses.dataclass(frozen=True)
class Strokes:
    """A face's choices. Lengths are shares of the digit's height."""

    width: float = 0.55
    thickness: float = 0.14
    slant: float = 0.0
    squareness: float = 2.0
    """Exponent of the bowls' superellipse: 2 is round, 5 nearly a rectangle."""
    open_four: bool = False
    flat_three: bool = False
    curved_seven: bool = False
    serif_seven: bool = False
    flag_one: float = 0.3
    base_one: bool = False
    curved_six: bool = True
    waist: float = 0.45
    """Height of the upper bowl of 3 and 8, and where 4's and 5's middles sit."""


def random_strokes(rng: np.random.Generator) -> Strokes:
    """One face, drawn from what wheels, printed counters and old enamel show."""
    return Strokes(
        width=rng.uniform(0.36, 0.75),
        thickness=rng.uniform(0.06, 0.21),
        slant=rng.choice([0.0, rng.uniform(0.0, 0.22)]),
        squareness=rng.uniform(1.9, 5.0),
        open_four=bool(rng.random() < 0.4),
        flat_three=bool(rng.random() < 0.3),
        curved_seven=bool(rng.random() < 0.4),
        serif_seven=bool(rng.random() < 0.15),
        flag_one=rng.choice([0.0, rng.uniform(0.1, 0.4)]),
        base_one=bool(rng.random() < 0.15),
        curved_six=bool(rng.random() < 0.6),
        waist=rng.uniform(0.40, 0.5),
    )


def stroke_glyphs(face: Strokes) -> Glyphs:
    """The ten digits of a face: a list of ten masks, float32 [H, W], 1 where ink is, all at the same scale."""
    return arrange([_draw(_outline(digit, face), face) for digit in range(10)])


def _arc(centre: tuple[float, float], radius: tuple[float, float], start_deg: float, end_deg: float, exponent: float) -> Points:
    """Part of a superellipse; 0° points right, 90° down."""
    angle = np.deg2rad(np.linspace(start_deg, end_deg, 28))
    cos, sin = np.cos(angle), np.sin(angle)
    x = centre[0] + radius[0] * np.sign(cos) * np.abs(cos) ** (2 / exponent)
    y = centre[1] + radius[1] * np.sign(sin) * np.abs(sin) ** (2 / exponent)
    return np.column_stack([x, y])


def _curve(*points: tuple[float, float]) -> Points:
    """A quadratic Bézier curve through its first and last point."""
    a, b, c = (np.array(point) for point in points)
    t = np.linspace(0, 1, 16)[:, None]
    return np.asarray((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c)


def _line(*points: tuple[float, float]) -> Points:
    return np.array(points, np.float64)


def _outline(digit: int, f: Strokes) -> list[Points]:
    """Pen strokes in a unit box, x to the right and y down."""
    n, waist = f.squareness, f.waist
    lower = 1 - waist
    match digit:
        case 0:
            return [_arc((0.5, 0.5), (0.5, 0.5), 0, 360, n)]
        case 1:
            strokes = [_line((0.5, 0), (0.5, 1))]
            if f.flag_one:
                strokes.append(_line((0.5 - f.flag_one / f.width / 1.6, 0.25), (0.5, 0.0)))
            if f.base_one:
                strokes.append(_line((0.15, 1), (0.85, 1)))
            return strokes
        case 2:
            bowl = _arc((0.5, 0.29), (0.5, 0.29), 185, 372, n)
            return [np.vstack([bowl, _curve((bowl[-1][0], bowl[-1][1]), (0.85, 0.6), (0.02, 1.0)), [[1.0, 1.0]]])]
        case 3:
            bottom = _arc((0.5, 1 - lower / 2), (0.5, lower / 2), -90, 160, n)
            if f.flat_three:
                return [_line((0.05, 0), (0.95, 0), (0.45, waist)), np.vstack([[[0.42, waist]], bottom])]
            return [_arc((0.5, waist / 2), (0.46, waist / 2), 200, 450, n), np.vstack([[[0.38, waist]], bottom])]
        case 4:
            if f.open_four:
                return [_line((0.2, 0), (0.0, 0.66), (1.0, 0.66)), _line((0.75, 0.35), (0.75, 1.0))]
            return [_line((0.72, 1.0), (0.72, 0.0), (0.0, 0.7), (1.0, 0.7))]
        case 5:
            bowl = _arc((0.48, 0.68), (0.5, 0.32), -135, 150, n)
            return [np.vstack([_line((0.92, 0), (0.14, 0), (0.08, 0.48)), bowl])]
        case 6:
            bowl = _arc((0.5, 0.68), (0.5, 0.32), 0, 360, n)
            if f.curved_six:
                return [bowl, np.vstack([_arc((0.55, 0.5), (0.55, 0.5), 180, 310, min(n, 2.6))])]
            return [bowl, _line((0.7, 0.0), (0.06, 0.55))]
        case 7:
            strokes = [_line((0, 0), (1, 0))]
            strokes.append(_curve((1, 0), (0.45, 0.45), (0.35, 1)) if f.curved_seven else _line((1, 0), (0.32, 1)))
            return [*strokes, _line((0, 0), (0, 0.18))] if f.serif_seven else strokes
        case 8:
            return [_arc((0.5, waist / 2), (0.45, waist / 2), 0, 360, n), _arc((0.5, 1 - lower / 2), (0.5, lower / 2), 0, 360, n)]
        case _:
            return [1.0 - stroke for stroke in _outline(6, f)]


def _draw(strokes: list[Points], f: Strokes) -> npt.NDArray[np.float32]:
    """Ink on a canvas, cut to the digit's full height and its own width."""
    pen = max(1, round(f.thickness * CANVAS_PX))
    canvas = np.zeros((CANVAS_PX + 2 * MARGIN_PX, 2 * CANVAS_PX + 2 * MARGIN_PX), np.uint8)
    height = CANVAS_PX - pen
    for points in strokes:
        y = points[:, 1] * height + MARGIN_PX + pen / 2
        x = MARGIN_PX * 2 + pen / 2 + points[:, 0] * (f.width * CANVAS_PX - pen) + f.slant * (MARGIN_PX + CANVAS_PX - y)
        pixels = np.rint(np.column_stack([x, y]) * 16).astype(np.int32)
        cv2.polylines(canvas, [pixels], False, 255, pen, cv2.LINE_AA, shift=4)
    columns = np.flatnonzero(canvas.any(0))
    return np.asarray(canvas[MARGIN_PX : MARGIN_PX + CANVAS_PX, columns[0] : columns[-1] + 1], np.float32) / np.float32(255)
