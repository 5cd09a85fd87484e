"""Rendered LCDs with a known text: ghosts of segments that are not lit, light that falls from one side, a camera's noise."""

import dataclasses

import cv2
import numpy as np

from edge.rendering.lcd import dot_matrix, seven_segments
from edge.vision.window import Corners, Image, rectangle

CELL, DIGIT, MARGIN_PX = (60, 40), (44, 26), 40


@dataclasses.dataclass(frozen=True, kw_only=True)
class Display:
    """What one shows, and how well."""

    text: str
    """A digit or a blank for each place."""
    ground: float = 170.0
    """Grey level."""
    contrast: float = 0.6
    """Share of the ground's light that a lit segment takes; negative: that it adds."""
    ghost: float = 0.0
    """Strength of the segments that are not lit, in lit ones."""
    slope: float = 0.0
    """Share of the light that the right end has less than the left one."""
    noise: float = 2.0
    """Standard deviation in grey levels."""
    dots: bool = False
    seed: int = 0


def rendered(display: Display) -> tuple[Image, Corners]:
    """The frame, uint8 [H, W], and its window."""
    (height, width), (tall, wide) = CELL, DIGIT
    ink = np.zeros((height, width * len(display.text)), np.float32)
    for i, character in enumerate(display.text):
        digit = None if character == " " else int(character)
        lit, unlit = (dot_matrix if display.dots else seven_segments)(digit, height=tall, width=wide)
        top, left = (height - tall) // 2, i * width + (width - wide) // 2
        ink[top : top + tall, left : left + wide] = np.maximum(lit, display.ghost * unlit)
    framed = cv2.copyMakeBorder(ink, MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX, cv2.BORDER_CONSTANT, value=0.0)
    light = np.linspace(1.0, 1.0 - display.slope, framed.shape[1])
    levels = display.ground * (1 - display.contrast * cv2.GaussianBlur(framed, (0, 0), 1.0)) * light
    noisy = levels + np.random.default_rng(display.seed).normal(0, display.noise, levels.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), rectangle(height, width * len(display.text)) + MARGIN_PX
