"""Paper: what the pen took of the light, without the lamp, the shadow and the printed ruling.

Everything here lives in absorbance: the share of the light that the paper around a pixel sends back and the pixel does not.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.binarize import NOISE_KERNEL

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
NORMAL_MEDIAN = 0.6745
"""Median of the absolute values of a normal distribution, in its standard deviations."""
STEEPEST_DEG = 8.0
STRIPS = 64
"""Columns of a page that are projected by themselves: narrow enough that no slope in question smears them."""
FAINT = 0.3
"""Absorbances above count alike when directions are sought: a pen's stroke weighs no more than a printed line."""
RULE_SEEN, RULE_SHARE = 0.025, 0.65
"""A ruled line stands out from the paper beside it by this absorbance, on this share of the page's width."""
FEWEST_STRIPS, WHOLLY = STRIPS // 4, 0.99
"""A line that leaves the picture through a side is looked for in the strips in which it is seen, so many at least, and wholly."""
RULE_PX = 7
"""The thickest ruled line, blur included."""
LEAST_LIGHT = 1 / 255
"""Share of the light that a line leaves at least, as far as a picture tells: black takes all of it."""
ROUNDS = 4
"""Perspective turns the rules against each other: each round takes those of one direction."""


def absorbance(grey: Image) -> Floats:
    """Share of the light taken by ink, float32 [H, W], 0 to 1, from dark ink on light paper under uneven light, uint8 [H, W].

    The paper's brightness is that of the picture with everything darker and narrower than a twelfth of the page closed.
    """
    side = max(9, min(grey.shape) // 12) | 1
    calm = cv2.medianBlur(grey, 3)
    closed = cv2.morphologyEx(calm, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    paper = cv2.blur(closed, (side, side)).astype(np.float32)
    return np.asarray(np.clip(1.0 - grey / np.maximum(paper, 1.0), 0.0, 1.0), np.float32)


def deviation_of_noise(absorbed: Floats) -> float:
    """Standard deviation of the noise of absorbance [H, W]: Immerkær's (`binarize.quality`), by the median, which strokes do not move."""
    return float(np.median(np.abs(cv2.filter2D(absorbed, cv2.CV_32F, NOISE_KERNEL)))) / NORMAL_MEDIAN / 6


def slope(weights: Floats) -> float:
    """Rise of the page's rows, pixels down per pixel to the right, within ±8°, from weights float32 [H, W].

    The directional projection whose profile changes most sharply from row to row. Source: Postl, "Detection of linear oblique
    structures and skew scan in digitized documents", 1986.
    """
    strips = _strips(weights)
    middles = (np.arange(len(strips)) + 0.5) * weights.shape[1] / len(strips) - weights.shape[1] / 2
    finest = np.arctan(1.0 / weights.shape[1])
    candidates = np.tan(np.arange(-np.deg2rad(STEEPEST_DEG), np.deg2rad(STEEPEST_DEG) + finest, finest))
    rows = np.arange(weights.shape[0])
    sharpness = []
    for candidate in candidates:
        moved = np.rint(rows + candidate * middles[:, None]).astype(int)
        inside = (moved >= 0) & (moved < len(rows))
        profile = np.take_along_axis(strips, np.clip(moved, 0, len(rows) - 1), 1) * inside
        sharpness.append(float((np.diff(profile.sum(0)) ** 2).sum()))
    return float(candidates[int(np.argmax(sharpness))])


def without_ruling(absorbed: Floats) -> Floats:
    """Absorbance [H, W] without printed lines and squares; where a digit crosses them it keeps its ink."""
    for _ in range(ROUNDS):
        across, down = _ruling(absorbed), _ruling(absorbed.T).T
        if not across.any() and not down.any():
            break
        printed = np.maximum(across, down)
        absorbed = np.asarray(np.maximum(absorbed - printed, 0.0) / np.maximum(1.0 - printed, LEAST_LIGHT), np.float32)
    return absorbed


def _ruling(absorbed: Floats) -> Floats:
    """The absorbance of the lines that run across the page, [H, W], 0 elsewhere."""
    height, width = absorbed.shape
    rise = slope(np.minimum(absorbed, FAINT))
    # Rows that at the picture's middle lie above or below it come into it at one side.
    beyond = math.ceil(abs(rise) * width / 2)
    level, size = np.array([[1, 0, 0], [rise, 1, -rise * width / 2 - beyond]], np.float64), (width, height + 2 * beyond)
    levelled = cv2.warpAffine(absorbed, level, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    inside = cv2.warpAffine(np.ones_like(absorbed), level, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    strips, seen = _strips(np.asarray(levelled, np.float32)), _strips(np.asarray(inside, np.float32)) > WHOLLY
    profile = _quantile(strips, seen, 1.0 - RULE_SHARE)[:, None]
    strips = np.where(seen, strips, profile[:, 0])
    beside = cv2.morphologyEx(profile, cv2.MORPH_OPEN, np.ones((2 * RULE_PX + 1, 1), np.uint8))
    rows = cv2.dilate((profile - beside > RULE_SEEN).astype(np.uint8), np.ones((3, 1), np.uint8))[:, 0] > 0
    if not rows.any():
        return np.zeros_like(absorbed)
    # Each stretch of a rule is as dark as its neighbourhood says, whatever digit stands on it.
    reach = STRIPS // 8
    padded = np.pad(strips[:, rows], ((reach, reach), (0, 0)), mode="reflect")
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    printed = np.zeros_like(strips)
    printed[:, rows] = np.median(near, axis=2)
    sheet = cv2.resize(np.ascontiguousarray(printed.T), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.warpAffine(sheet, level, (width, height), flags=cv2.INTER_LINEAR), np.float32)


def _quantile(strips: Floats, seen: npt.NDArray[np.bool_], share: float) -> Floats:
    """Of each row of the page's strips [STRIPS, H] the quantile of those that are seen; 0 where they are few."""
    count = seen.sum(0)
    ordered = np.nan_to_num(np.sort(np.where(seen, strips, np.float32(np.inf)), axis=0), posinf=0.0)
    place = share * (count - 1)
    low = np.clip(place.astype(int), 0, STRIPS - 1)
    at, above = (np.take_along_axis(ordered, each[None], 0)[0] for each in (low, np.minimum(low + 1, np.maximum(count - 1, 0))))
    return np.asarray(np.where(count < FEWEST_STRIPS, 0.0, at + (above - at) * (place - low)), np.float32)


def _strips(weights: Floats) -> Floats:
    """Row profiles of the page's strips from left to right: float32 [STRIPS, H]."""
    columns = np.linspace(0, weights.shape[1], STRIPS + 1).astype(int)
    sums = np.cumsum(np.pad(weights, ((0, 0), (1, 0))), axis=1, dtype=np.float64)[:, columns]
    return np.asarray(np.diff(sums, axis=1).T / np.maximum(np.diff(columns), 1)[:, None], np.float32)
