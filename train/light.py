"""Light, lens and sensor: what happens to a cell on its way into the camera, batches at a time."""

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.cells import CELL_SIZE

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
OFFSET = np.arange(CELL_SIZE, dtype=np.float32) - (CELL_SIZE - 1) / 2


def relight(x: Floats, rng: np.random.Generator) -> Image:
    """Cells float32 [N, 32, 32] in 0 to 1, changed in place, as uint8 [N, 32, 32] at full contrast.

    Gamma, shadow, bright or dark lines across, the frame's edges, dirt, blur, halos, noise, polarity; each for some of them.
    """

    def some(share: float) -> npt.NDArray[np.intp]:
        return np.flatnonzero(rng.random(len(x)) < share)

    chosen = some(0.4)
    x[chosen] = np.clip(x[chosen], 0, 1) ** np.exp(rng.uniform(-0.5, 0.5, (len(chosen), 1, 1))).astype(np.float32)
    slopes = (rng.normal(0.0, 0.25, (2, len(x), 1)) * (rng.random((len(x), 1)) < 0.4) / CELL_SIZE).astype(np.float32)
    x *= 1 + (slopes[0] * OFFSET)[:, None, :] + (slopes[1] * OFFSET)[:, :, None]
    for share in (0.4, 0.2, 0.12, 0.12):
        _lines(x, some(share), rng)
    for i in some(0.25):
        _edges(x[i], rng)
    for i in some(0.1):
        _dirt(x[i], rng)
    for i in some(0.4):
        cv2.GaussianBlur(x[i], (0, 0), rng.uniform(0.3, 1.4), dst=x[i], sigmaY=rng.uniform(0.3, 1.4))
    for i in some(0.15):  # what cameras do to look sharp: a halo along every edge
        x[i] += np.float32(rng.uniform(0.3, 1.2)) * (x[i] - cv2.GaussianBlur(x[i], (0, 0), rng.uniform(0.8, 1.6)))
    chosen = some(0.5)
    spread = x[chosen].max((1, 2), keepdims=True) - x[chosen].min((1, 2), keepdims=True)
    strength = spread * rng.uniform(0.0, 0.06, spread.shape).astype(np.float32)
    x[chosen] += rng.standard_normal((len(chosen), CELL_SIZE, CELL_SIZE), np.float32) * strength
    x[some(0.25)] *= -1
    low = x.min((1, 2), keepdims=True)
    full = np.rint((x - low) * (255 / np.maximum(x.max((1, 2), keepdims=True) - low, 1e-3)))
    return np.asarray(full, np.uint8)


def _lines(x: Floats, chosen: npt.NDArray[np.intp], rng: np.random.Generator) -> None:
    """Reflections: a bright (or dark) line across the wheel, as sharp or as soft as the light behind it."""

    def each(low: float, high: float) -> Floats:
        return rng.uniform(low, high, (len(chosen), 1, 1)).astype(np.float32)

    at, half, edge = each(0, CELL_SIZE), each(0.3, 2.5), each(0.3, 1.5)
    slope = rng.normal(0, 0.05, (len(chosen), 1, 1)).astype(np.float32)
    distance = np.abs(OFFSET[:, None] + CELL_SIZE / 2 - at - slope * OFFSET)
    band = np.clip((half - distance) / edge + 0.5, 0, 1) * each(0.4, 1.0)
    bright = x[chosen].max((1, 2), keepdims=True) * each(0.8, 1.2)
    level = np.where(each(0, 1) < 0.85, bright, x[chosen].min((1, 2), keepdims=True))
    x[chosen] += band * (level - x[chosen])


def _edges(x: Floats, rng: np.random.Generator) -> None:
    """The frame's edge, or the neighbouring cell's, along one to three sides."""
    for side in rng.permutation(4)[: int(rng.integers(1, 4))]:
        depth, level = int(rng.integers(1, 6)), rng.choice([0.0, 1.0, rng.uniform(0, 1)])
        area = (x[:depth], x[-depth:], x[:, :depth], x[:, -depth:])[side]
        area += np.float32(rng.uniform(0.5, 1.0)) * (np.float32(level) - area)


def _dirt(x: Floats, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 4))):
        centre = (int(rng.integers(0, CELL_SIZE)), int(rng.integers(0, CELL_SIZE)))
        axes = (int(rng.integers(1, 5)), int(rng.integers(1, 3)))
        cv2.ellipse(x, centre, axes, rng.uniform(0, 180), 0, 360, float(rng.uniform(0, 1)), -1, cv2.LINE_AA)
