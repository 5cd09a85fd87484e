"""Distortions that make a picture another picture of the same digit: the label stays true. Whole batches at a time.

Source for the elastic ones: Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to visual document
analysis", 2003; here the smooth displacement field is a coarse random grid, interpolated.
"""

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.cells import CELL_SIZE, CHANNEL_MIXES, stretch
from train.light import relight

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Pixel = TypeVar("Pixel", np.uint8, np.float32)
ROWS, COLUMNS = np.mgrid[0:CELL_SIZE, 0:CELL_SIZE].astype(np.float32)
NEIGHBOUR_SHARE = 0.25
FRAMED_SHARE = 0.2
DEEPEST_FRAME_PX = 9
CENTRE = (CELL_SIZE - 1) / 2


def handwritten(images: Image, rng: np.random.Generator, *, strength: float = 1.0) -> Image:
    """Handwritten digits, uint8 [N, 32, 32], turned, scaled, slanted, shifted and bent as another hand would have written them.

    strength: share of the ranges, 0 for none of it.
    """
    count = (len(images),)

    def about(middle: float, reach: float) -> npt.NDArray[np.float64]:
        return rng.uniform(middle - reach * strength, middle + reach * strength, count)

    matrices = _affine(
        angle_deg=about(0, 10),
        scale_x=about(1, 0.13),
        scale_y=about(1, 0.13),
        shear=about(0, 0.18),
        shift_x=about(0, 1.6),
        shift_y=about(0, 1.6),
    )
    bent = _elastic(rng, grid=int(rng.integers(3, 6)), strength_px=rng.uniform(0.0, 1.3 * strength, count))
    return _warp(images, matrices, bent, cv2.BORDER_CONSTANT)


def counter(crops: Image, rng: np.random.Generator) -> Image:
    """A counter's digits, uint8 [N, H, W, 3] (blue, green, red), as other cameras in other cellars would show them: uint8 [N, 32, 32].

    Vertical shifts stay under 3 % of the cell: a wheel seen higher is a wheel that has turned. Grey is any mix of the channels: the
    network must not depend on the choice.
    """
    number, height, width, _ = crops.shape
    count = (number,)
    mixes = np.where(
        rng.random((number, 1)) < 0.75,
        CHANNEL_MIXES[np.searchsorted([0.6, 0.85], rng.random(count))],
        rng.dirichlet((1.0, 1.0, 1.0), number),
    ).astype(np.float32)
    greys = np.matmul(crops.reshape(number, -1, 3).astype(np.float32), mixes[:, :, None]).reshape(number, height, width)
    visible = np.where(rng.random(count) < FRAMED_SHARE, rng.uniform(0.62, 0.92, count), 1.0)
    matrices = _affine(
        angle_deg=rng.uniform(-4, 4, count),
        scale_x=rng.uniform(0.74, 1.22, count),
        scale_y=rng.uniform(0.88, 1.12, count) * visible,
        shear=rng.uniform(-0.12, 0.12, count),
        shift_x=rng.uniform(-3.8, 3.8, count),
        shift_y=rng.uniform(-0.9, 0.9, count),
    )
    to_crop = np.array([[width / CELL_SIZE, 0, 0], [0, height / CELL_SIZE, 0], [0, 0, 1]], np.float32)
    to_crop[:2, 2] = (to_crop[0, 0] - 1) / 2, (to_crop[1, 1] - 1) / 2
    cells = _warp(greys, to_crop @ matrices, _elastic(rng, grid=4, strength_px=rng.uniform(0, 0.8, count)), cv2.BORDER_REPLICATE)
    _neighbours(cells, rng)
    _frames(cells, visible, rng)
    relit = relight(cells * np.float32(1 / 255), rng)
    return stretch(relit)


def _neighbours(cells: Floats, rng: np.random.Generator) -> None:
    """Some cells, float32 [N, 32, 32], get the edge of another digit at one side, as in a window that is drawn a little too far there."""
    spread = np.ptp(cells, axis=(1, 2))
    for i in np.flatnonzero(rng.random(len(cells)) < NEIGHBOUR_SHARE):
        other, depth, margin = int(rng.integers(len(cells))), int(rng.integers(1, 5)), int(rng.integers(0, 7))
        strip = cells[other][:, CELL_SIZE - depth - margin : CELL_SIZE - margin] - cells[other].min()
        strip = strip * (spread[i] / max(float(spread[other]), 1.0)) + cells[i].min()
        if rng.random() < 0.5:
            cells[i, :, :depth] = strip
        else:
            cells[i, :, CELL_SIZE - depth :] = strip


def _frames(cells: Floats, visible: npt.NDArray[np.float64], rng: np.random.Generator) -> None:
    """Where a window is drawn higher than it is, the frame above and below it, of one tone or two.

    cells: float32 [N, 32, 32]. visible: the share of a cell's height that is the wheel's, [N]; 1 where there is no frame.
    """
    for i in np.flatnonzero(visible < 1):
        low, high = float(cells[i].min()), float(cells[i].max())
        tones = rng.uniform(low, high, 2) if rng.random() < 0.4 else rng.uniform(0.8, 1.15, 2) * (high if rng.random() < 0.7 else low)
        for rows in (cells[i], cells[i, ::-1]):
            depth = int(np.clip(round(CENTRE * (1 - visible[i]) + rng.normal(0, 1.5)), 0, DEEPEST_FRAME_PX))
            rows[:depth] = tones[0]
            if rng.random() < 0.5:
                rows[: depth // 2] = tones[1]
            if rng.random() < 0.5:
                tones = tones[::-1]


def _affine(**way: npt.NDArray[np.float64]) -> Floats:
    """float32 [N, 3, 3]: where each pixel of a 32×32 cell is fetched from, about the cell's centre."""
    angle = np.deg2rad(way["angle_deg"])
    cos, sin = np.cos(angle), np.sin(angle)
    matrices = np.zeros((len(angle), 3, 3))
    matrices[:, 0, 0], matrices[:, 0, 1] = cos / way["scale_x"], (cos * way["shear"] - sin) / way["scale_y"]
    matrices[:, 1, 0], matrices[:, 1, 1] = sin / way["scale_x"], (sin * way["shear"] + cos) / way["scale_y"]
    matrices[:, 0, 2] = CENTRE + way["shift_x"] - matrices[:, 0, :2].sum(1) * CENTRE
    matrices[:, 1, 2] = CENTRE + way["shift_y"] - matrices[:, 1, :2].sum(1) * CENTRE
    matrices[:, 2, 2] = 1
    return matrices.astype(np.float32)


def _elastic(rng: np.random.Generator, *, grid: int, strength_px: npt.NDArray[np.float64]) -> Floats:
    """float32 [2, N, 32, 32]: a smooth displacement in x and y with the standard deviation `strength_px` [N] at the grid's points."""
    coarse = rng.standard_normal((2, len(strength_px), grid, grid), np.float32) * strength_px[:, None, None].astype(np.float32)
    weights = cv2.resize(np.eye(grid, dtype=np.float32), (grid, CELL_SIZE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(weights @ coarse @ weights.T, np.float32)


def _warp(images: npt.NDArray[Pixel], matrices: Floats, displacement: Floats, border: int) -> npt.NDArray[Pixel]:
    x, y = displacement + np.stack([COLUMNS, ROWS])[:, None]
    m = matrices[:, :, :, None, None]
    map_x = m[:, 0, 0] * x + m[:, 0, 1] * y + m[:, 0, 2]
    map_y = m[:, 1, 0] * x + m[:, 1, 1] * y + m[:, 1, 2]
    warped = [cv2.remap(*each, cv2.INTER_LINEAR, borderMode=border) for each in zip(images, map_x, map_y, strict=True)]
    return np.stack(warped)
