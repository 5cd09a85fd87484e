"""A printed wheel seen through a counter's window: a cylinder with ten digits, at any position between two of them."""

import cv2
import numpy as np
import numpy.typing as npt

from edge.rendering.glyphs import GLYPH_HEIGHT_PX, Glyphs

Mask = npt.NDArray[np.float32]
STRIP_PITCH_PX = 96
STRIP_WIDTH_PX = 96
DIGITS_ROUND_THE_END = 2
WHEEL_RADIUS_PITCHES = 10 / (2 * np.pi)


def unrolled(glyphs: Glyphs, digit_height: float = 0.72) -> Mask:
    """The wheel's face laid flat: float32 [14 · 96, 96], 1 where ink is, digits 8 9 0 1 … 9 0 1 from top to bottom.

    digit_height: share of the pitch, the distance from digit to digit.
    """
    strip = np.zeros(((10 + 2 * DIGITS_ROUND_THE_END) * STRIP_PITCH_PX, STRIP_WIDTH_PX), np.float32)
    height = round(digit_height * STRIP_PITCH_PX)
    for slot in range(10 + 2 * DIGITS_ROUND_THE_END):
        glyph = glyphs[(slot - DIGITS_ROUND_THE_END) % 10]
        width = min(STRIP_WIDTH_PX, max(2, round(glyph.shape[1] * height / GLYPH_HEIGHT_PX)))
        top, left = slot * STRIP_PITCH_PX + (STRIP_PITCH_PX - height) // 2, (STRIP_WIDTH_PX - width) // 2
        strip[top : top + height, left : left + width] = cv2.resize(glyph, (width, height), interpolation=cv2.INTER_AREA)
    return strip


def window(
    strip: Mask,
    position: float,
    *,
    size: tuple[int, int],
    pitch: float = 1.0,
    width: float = 1.0,
    shear: float = 0.0,
    shift_x: float = 0.0,
) -> tuple[Mask, Mask]:
    """What the window shows with the wheel at `position` (digits, 0 to 10): ink float32 [H, W] and how the surface faces the viewer,
    float32 [H, 1], 1 at the centre, the cosine of the cylinder's angle elsewhere.

    size: height and width in pixels. pitch: distance from digit to digit, in window heights. width: horizontal stretch of the digits.
    shear: slant. shift_x: in window widths. At 4.7 the 4 stands 0.7 of the pitch above the centre and the 5 0.3 below it.
    """
    rows, columns = size
    y = (np.arange(rows, dtype=np.float32) + 0.5 - rows / 2) / (rows * pitch)
    sine = np.clip(y / WHEEL_RADIUS_PITCHES, -1, 1)
    arc = np.arcsin(sine) * WHEEL_RADIUS_PITCHES
    source_y = (position + DIGITS_ROUND_THE_END + 0.5 + arc) * STRIP_PITCH_PX - 0.5
    pixel = STRIP_PITCH_PX / (rows * pitch)
    x = (np.arange(columns, dtype=np.float32) + 0.5 - columns * (0.5 + shift_x)) * pixel / width
    source_x = x[None, :] + shear * y[:, None] * STRIP_PITCH_PX + (STRIP_WIDTH_PX - 1) / 2
    map_y = np.repeat(source_y[:, None].astype(np.float32), columns, axis=1)
    small = cv2.GaussianBlur(strip, (0, 0), 0.45 * pixel) if pixel > 1.5 else strip
    ink = cv2.remap(small, source_x.astype(np.float32), map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(ink, np.float32), np.sqrt(1 - sine**2).astype(np.float32)[:, None]
