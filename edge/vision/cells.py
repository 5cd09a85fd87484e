"""From a cut-out digit to what the network sees: the one preprocessing that training and reading share.

A cell is `uint8 [32, 32]`. Colour becomes grey by the mix of channels that separates digit from ground best, the picture is
scaled to 32×32, and its contrast is stretched between two percentiles. `PREPROCESSING_VERSION` changes whenever a grey picture's
pixel would: a model whose card names another version is refused. Which mix is taken may change without it, for networks learn
any mix (`train.augment.counter`).
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

CELL_SIZE = 32
PREPROCESSING_VERSION = 1
LOW_PERCENTILE, HIGH_PERCENTILE = 2.0, 98.0
MIN_CONTRAST = 16
"""Grey levels between the percentiles below which a picture counts as blank: its noise is not blown up to full contrast."""

CHANNEL_MIXES = np.array(
    [
        [0.114, 0.587, 0.299],  # luminance (ITU-R BT.601), what a camera's Y plane holds
        [0.5, 0.5, 0.0],  # blue and green: red print turns dark on white, red ground dark under white
        [0.0, 0.0, 1.0],  # red: blue and green grounds turn dark
    ],
    np.float32,
)
"""Weights of blue, green, red. The first is the default; another must separate clearly better to be taken."""
PREFERENCE = 1.5
MARGIN = 1 / 6
"""Share of a picture at each side that has no say in the mix: there a red frame stands out from the wheel better than the digit does."""

Image = npt.NDArray[np.uint8]


def separation(grey: Image) -> float:
    """Standard deviation between digit and ground after Otsu's threshold, in grey levels.

    Source: Otsu, "A threshold selection method from gray-level histograms", 1979 (the between-class variance).
    """
    threshold, mask = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    share = float(mask.mean())
    if not 0.0 < share < 1.0:
        return 0.0
    bright = cv2.mean(grey, mask)[0]
    dark = (cv2.mean(grey)[0] - share * bright) / (1.0 - share)
    return (bright - dark) * float(np.sqrt(share * (1.0 - share)))


def to_grey(crop: Image) -> Image:
    """Grey by the channel mix that separates best in the picture's middle.

    crop: uint8 [H, W] (returned as it is), or [H, W, 3] in OpenCV's order blue, green, red.
    """
    if crop.ndim == 2:
        return crop
    rows, columns = (int(MARGIN * length) for length in crop.shape[:2])
    middle = crop[rows : crop.shape[0] - rows, columns : crop.shape[1] - columns]
    scores = [separation(_mixed(middle, mix)) for mix in CHANNEL_MIXES]
    best = int(np.argmax(scores))
    return _mixed(crop, CHANNEL_MIXES[best if scores[best] > PREFERENCE * scores[0] else 0])


def stretch(cells: Image) -> Image:
    """Contrast stretch of each cell: its 2nd and 98th percentiles become 0 and 255.

    cells: uint8 [..., H, W]; returns the same shape. A blank picture keeps its noise small (`MIN_CONTRAST`).
    """
    flat = cells.reshape(-1, cells.shape[-2] * cells.shape[-1])
    size = flat.shape[1]
    ranked = np.sort(flat, axis=1, kind="stable")  # for bytes, that is a radix sort
    at = math.floor(size * LOW_PERCENTILE / 100), math.ceil(size * HIGH_PERCENTILE / 100) - 1
    low, high = (ranked[:, rank, None].astype(np.float32) for rank in at)  # [N, 1] each
    middle = (low + high) / 2  # a blank picture's two are moved apart
    low = np.minimum(low, np.trunc(middle - MIN_CONTRAST / 2))
    high = np.maximum(high, np.trunc(middle + MIN_CONTRAST / 2))
    levels = (flat - low) * (255 / (high - low))
    return np.asarray(np.rint(levels).clip(0, 255).astype(np.uint8).reshape(cells.shape), np.uint8)


def to_cell(crop: Image) -> Image:
    """One cut-out digit, uint8 [H, W] or [H, W, 3] (blue, green, red), as the network sees it: uint8 [32, 32]."""
    return np.asarray(to_cells([crop])[0, :, :, 0], np.uint8)


def to_cells(crops: list[Image]) -> Image:
    """Cut-out digits, each uint8 [H, W] or [H, W, 3] (blue, green, red), as the network takes them: uint8 [N, 32, 32, 1]."""
    cells = np.empty((len(crops), CELL_SIZE, CELL_SIZE), np.uint8)
    for cell, crop in zip(cells, crops, strict=True):
        if crop.size == 0:
            raise ValueError(f"an empty crop of shape {crop.shape}; expected at least one pixel")
        cell[:] = _at_size(to_grey(crop))
    return stretch(cells)[..., None]


def _mixed(crop: Image, mix: npt.NDArray[np.float32]) -> Image:
    return np.asarray(cv2.transform(crop, mix[None]), np.uint8)


def _at_size(grey: Image) -> Image:
    if grey.shape == (CELL_SIZE, CELL_SIZE):
        return grey
    shrinks = grey.shape[0] > CELL_SIZE or grey.shape[1] > CELL_SIZE
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (CELL_SIZE, CELL_SIZE), interpolation=interpolation), np.uint8)
