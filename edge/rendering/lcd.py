"""Digits of liquid crystal displays: seven segments, or a matrix of five by seven dots."""

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.float32]
SEGMENTS = ("abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg")
"""Segments lit for 0 to 9: a top, b upper right, c lower right, d bottom, e lower left, f upper left, g middle."""
TAILLESS = {6: "cdefg", 9: "abcfg", 7: "abcf"}
"""How some displays draw 6, 7 and 9."""
DOTS = (
    "01110 10001 10011 10101 11001 10001 01110", "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00010 00100 01000 11111", "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010", "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110", "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110", "01110 10001 10001 01111 00001 00010 01100",
)  # fmt: skip
SCALE = 4


def seven_segments(
    digit: int | None, *, height: int, width: int, thickness: float = 0.12, gap: float = 0.015, slant: float = 0.0, tails: bool = True
) -> tuple[Mask, Mask]:
    """Lit and unlit segments as masks, float32 [height, width] each; `digit` None lights none.

    thickness, gap: shares of the height. slant: horizontal shift of the top against the bottom, in heights. tails: 6 and 9 with
    their bars, 7 without its hook.
    """
    lit_names = "" if digit is None else SEGMENTS[digit] if tails else TAILLESS.get(digit, SEGMENTS[digit])
    h, half = float(height), thickness * height / 2
    left, right = half, max(width - half - abs(slant) * h, 3 * half)
    top, middle, bottom = half, h / 2, h - half
    ends = {
        "a": ((left, top), (right, top)), "b": ((right, top), (right, middle)), "c": ((right, middle), (right, bottom)),
        "d": ((left, bottom), (right, bottom)), "e": ((left, middle), (left, bottom)), "f": ((left, top), (left, middle)),
        "g": ((left, middle), (right, middle)),
    }  # fmt: skip
    lit, unlit = np.zeros((2, height * SCALE, width * SCALE), np.uint8)
    for name, ((x0, y0), (x1, y1)) in ends.items():
        along = np.array([x1 - x0, y1 - y0]) / max(np.hypot(x1 - x0, y1 - y0), 1e-6)
        across = np.array([-along[1], along[0]]) * half
        start, end = np.array([x0, y0]) + along * gap * h, np.array([x1, y1]) - along * gap * h
        hexagon = np.array([start, start + along * half + across, end - along * half + across, end, end - along * half - across,
                            start + along * half - across])  # fmt: skip
        hexagon[:, 0] += slant * (h - hexagon[:, 1]) if slant >= 0 else slant * -hexagon[:, 1]
        points = np.rint(hexagon * SCALE).astype(np.int32)
        cv2.fillPoly(lit if name in lit_names else unlit, [points], 255)
    return _shrink(lit, height, width), _shrink(unlit, height, width)


def dot_matrix(digit: int | None, *, height: int, width: int, fill: float = 0.85) -> tuple[Mask, Mask]:
    """Lit and unlit dots of a 5×7 matrix as masks, float32 [height, width] each; fill: a dot's side in dot pitches."""
    pattern = ["00000"] * 7 if digit is None else DOTS[digit].split()
    lit, unlit = np.zeros((2, height * SCALE, width * SCALE), np.uint8)
    pitch_x, pitch_y = width * SCALE / 5, height * SCALE / 7
    for row, bits in enumerate(pattern):
        for column, bit in enumerate(bits):
            x, y = (column + (1 - fill) / 2) * pitch_x, (row + (1 - fill) / 2) * pitch_y
            corner, far = (round(x), round(y)), (round(x + fill * pitch_x), round(y + fill * pitch_y))
            cv2.rectangle(lit if bit == "1" else unlit, corner, far, 255, -1)
    return _shrink(lit, height, width), _shrink(unlit, height, width)


def _shrink(mask: npt.NDArray[np.uint8], height: int, width: int) -> Mask:
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)
