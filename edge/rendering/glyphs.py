"""A face as ten masks, and where faces come from when a font file holds them."""

import importlib.metadata
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import UsageError

Mask = npt.NDArray[np.float32]
Glyphs = list[Mask]
GLYPH_HEIGHT_PX = 64
FONT_SIZE_PX = 120


def arrange(masks: list[Mask]) -> Glyphs:
    """Ten masks at one scale: the tallest becomes 64 pixels high, each keeps its own width and the common base line."""
    tallest = max(mask.shape[0] for mask in masks)
    scale = GLYPH_HEIGHT_PX / tallest
    glyphs = []
    for mask in masks:
        padded = cv2.copyMakeBorder(mask, tallest - mask.shape[0], 0, 0, 0, cv2.BORDER_CONSTANT, value=0)
        width = max(2, round(mask.shape[1] * scale))
        glyphs.append(np.asarray(cv2.resize(padded, (width, GLYPH_HEIGHT_PX), interpolation=cv2.INTER_AREA), np.float32))
    return glyphs


def font_glyphs(font: str, weight: int = 400, italic: bool = False) -> Glyphs:
    """The ten digits of a TrueType font: `font` is a file, or a name that OpenCV carries ("sans", "italic").

    weight: 100 (thin) to 900 (black), heeded by variable fonts. Raises UsageError where OpenCV is older than 5 or cannot read it.
    """
    if not hasattr(cv2, "FontFace"):
        raise UsageError(f"OpenCV {cv2.__version__} cannot draw TrueType fonts; install opencv-python-headless 5 or newer")
    face = cv2.FontFace()
    if not face.set(font):
        raise UsageError(f"{font}: not a font that OpenCV can read; expected a TrueType file")
    masks = []
    for digit in "0123456789":
        canvas = np.zeros((2 * FONT_SIZE_PX, 2 * FONT_SIZE_PX), np.uint8)
        cv2.putText(canvas, digit, (FONT_SIZE_PX // 2, FONT_SIZE_PX * 3 // 2), 255, face, FONT_SIZE_PX, weight)
        rows, columns = np.flatnonzero(canvas.any(1)), np.flatnonzero(canvas.any(0))
        if not len(rows):
            raise UsageError(f"{font}: has no digit {digit}; expected a font with the ten digits")
        masks.append(np.asarray(canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.float32) / np.float32(255))
    return arrange(masks)


def installed_fonts() -> list[Path]:
    """TrueType files of the installed font packages (entry points `fonts_ttf`), upright and slanted, sorted by name."""
    files: list[Path] = []
    for entry in importlib.metadata.entry_points(group="fonts_ttf"):
        value = entry.load()
        files.extend(Path(path) for path in (value.values() if isinstance(value, dict) else [value]))
    return sorted(set(files), key=lambda path: path.name)
