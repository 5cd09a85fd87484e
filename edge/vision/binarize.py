"""Digits from their ground under uneven light, and whether a picture is fit to be read at all.

The adaptive binarization of Lu and Ke, "LeNet-5 handwritten digit recognition based on deep learning" (abstract), whose text leaves the
threshold open. Here it is that of Wolf and Jolion, "Extraction and recognition of artificial text in multimedia documents", 2004
(equation 5), on means and deviations from box filters: Sauvola's, made independent of the picture's contrast.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
K = 0.3
"""How far the threshold goes from the local mean towards the darkest level where the ground is even. Wolf and Jolion: 0.5, for print."""
SMALLEST_WINDOW_PX, WINDOWS_PER_PAGE = 48, 8
FAINTEST = 0.15
"""Deviations under this share of the picture's largest are those of bare ground."""

DARK_LEVEL, SIGNAL_TO_NOISE = 48, 7.0
"""Too dark: the brightest pixels stay under this grey level, and the contrast under so many deviations of the noise."""
SATURATED_LEVEL, SATURATED_SHARE, BRIGHT_LEVEL = 250, 0.7, 200
"""Too bright: so many pixels at the sensor's end that they must be digits too, or the darkest pixels above this level."""
BLURRED_EDGE = 0.14
"""Blurred: the sharpest edges take more than this share of the picture's height to go from dark to bright."""
NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


@dataclass(frozen=True)
class Binarized:
    """Which pixels are digit."""

    ink: Image
    """uint8 [H, W], 1 on the digits, 0 on the ground."""
    dark_ink: bool
    """Whether the digits are darker than their ground."""


@dataclass(frozen=True)
class Quality:
    """Whether a picture is fit to be read."""

    too_dark: bool
    too_bright: bool
    blurred: bool


def binarize(grey: Image) -> Binarized:
    """Digits and ground of a picture uint8 [H, W]: a counter's window, a display, or a page.

    Light digits on dark ground are found as well. A blank picture has no ink.
    """
    dark = has_dark_ink(grey)
    return Binarized(_threshold(grey if dark else ~grey), dark)


def has_dark_ink(grey: Image) -> bool:
    """Whether the digits of a picture uint8 [H, W] are darker than their ground, which covers more of it than they do.

    The sign of the skewness about the local mean: the rarer of the two lies further from it, however the light falls.
    """
    side = max(3, min(grey.shape) // 2) | 1
    levels = grey.astype(np.float32)
    apart = levels - cv2.blur(levels, (side, side))
    return float((apart * apart * apart).sum(dtype=np.float64)) <= 0.0


def quality(grey: Image) -> Quality:
    """Whether a window uint8 [H, W], digits about as high as the window, can be read: light, glare and focus.

    Source of the noise: Immerkær, "Fast noise variance estimation", 1996.
    """
    counts = np.cumsum(cv2.calcHist([grey], [0], None, [256], [0, 256]))
    darkest, brightest = (float(level) for level in np.searchsorted(counts, [0.02 * grey.size, 0.98 * grey.size]))
    saturated = 1.0 - float(counts[SATURATED_LEVEL - 1]) / grey.size
    residual = cv2.filter2D(grey, cv2.CV_16S, NOISE_KERNEL)
    noise = cv2.norm(residual, cv2.NORM_L1) / grey.size * float(np.sqrt(np.pi / 2)) / 6
    contrast = brightest - darkest
    edge = _contrast_of_digits(grey) / _steepest(grey) / grey.shape[0]
    too_dark = brightest < DARK_LEVEL and contrast < SIGNAL_TO_NOISE * max(noise, 1.0)
    too_bright = saturated > SATURATED_SHARE or darkest > BRIGHT_LEVEL
    blurred = not too_dark and not too_bright and edge > BLURRED_EDGE
    return Quality(too_dark, too_bright, blurred)


def _threshold(grey: Image) -> Image:
    """Dark ink of uint8 [H, W]: uint8 [H, W], 0 or 1."""
    side = min(min(grey.shape), max(SMALLEST_WINDOW_PX, min(grey.shape) // WINDOWS_PER_PAGE)) | 1
    levels = grey.astype(np.float32)
    mean = cv2.blur(levels, (side, side))
    deviation = np.sqrt(np.maximum(cv2.sqrBoxFilter(levels, cv2.CV_32F, (side, side)) - mean * mean, 0.0))
    largest, darkest = float(deviation.max()), float(grey.min())
    if largest < 1.0:
        return np.zeros_like(grey)
    threshold = mean - K * (1.0 - deviation / largest) * (mean - darkest)
    return np.asarray((levels < threshold) & (deviation > FAINTEST * largest), np.uint8)


def _contrast_of_digits(grey: Image) -> float:
    """Grey levels from the 2nd to the 98th percentile of what stands out from its surroundings, as wide as the picture is high: a light
    that grows across the window, or a soft reflection, has no edges that could tell of focus."""
    side = grey.shape[0] | 1
    apart = cv2.addWeighted(grey, 0.5, cv2.blur(grey, (side, side)), -0.5, 128.0)  # halved, so that bytes hold it
    counts = np.cumsum(cv2.calcHist([apart], [0], None, [256], [0, 256]))
    low, high = np.searchsorted(counts, [0.02 * grey.size, 0.98 * grey.size])
    return 2.0 * float(high - low)


def _steepest(grey: Image) -> float:
    """Grey levels a pixel across the sharpest edges, 99th percentile of the steeper direction, at least half a level."""
    smooth = cv2.blur(grey, (3, 3))
    steps = (cv2.absdiff(smooth[:, 2:], smooth[:, :-2]), cv2.absdiff(smooth[2:], smooth[:-2]))
    counts = (np.cumsum(cv2.calcHist([step], [0], None, [256], [0, 256])) for step in steps)
    return max(0.5, *(float(np.searchsorted(count, 0.99 * count[-1])) / 2 for count in counts))
