"""Pages of handwriting with known digits: MNIST digits in lines on paper, as a householder's photo of a note shows them."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from train.datasets import mnist

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
LINES, FEWEST_DIGITS, MOST_DIGITS = 3, 5, 10
INK, PAPER = 20 / 28, ((0.82, 0.90, 0.92), (0.93, 0.93, 0.93), (0.86, 0.86, 0.84))
"""Height of MNIST's digits in their cells; papers' reflectances in blue, green, red: cream, white, recycled."""
PENS = ((0.16, 0.15, 0.15), (0.42, 0.20, 0.16), (0.32, 0.31, 0.30))
"""Black ballpoint, blue ballpoint, pencil."""
PRINTED = ((0.90, 0.78, 0.70), (0.74, 0.74, 0.74))
"""What the paper's ruling leaves of the light: pale blue, grey."""
SPECK = 0.4
TOUCHING, NEARLY_TOUCHING = 0.04, 0.10
"""Share of digits that overlap their left neighbour by one or two pixels, or keep one or two away from it."""


@dataclass(frozen=True)
class Page:
    """A photo, uint8 [H, W, 3] (blue, green, red), and its lines from top to bottom."""

    picture: Image
    lines: tuple[str, ...]


def pages(split: str, count: int, seed: int) -> Iterator[Page]:
    """`count` pages of digits of one split of MNIST, the same ones for the same seed."""
    images, labels = mnist(split)
    for each in np.random.SeedSequence(seed).spawn(count):
        rng = np.random.default_rng(each)
        chosen = [rng.integers(0, len(images), rng.integers(FEWEST_DIGITS, MOST_DIGITS + 1)) for _ in range(LINES)]
        written = tuple("".join(str(label) for label in labels[line]) for line in chosen)
        yield Page(_photo(*_note([images[line] for line in chosen], rng), rng), written)


def _note(lines: list[Image], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """How much of each pixel the pen covers, and how much the ruling: float32 [H, W] each, 0 to 1."""
    scale = rng.uniform(1.0, 2.5)
    height = 28 * scale
    pitch = height * rng.uniform(1.35, 1.9)
    page_slope = np.tan(np.deg2rad(rng.uniform(-2.5, 2.5)))
    written = [_line(digits, scale, page_slope + np.tan(np.deg2rad(rng.uniform(-0.5, 0.5))), rng) for digits in lines]
    width = int(max(line.shape[1] for line in written) + height * rng.uniform(0.8, 2.0))
    middle = [height * rng.uniform(1.0, 1.6) + max(line.shape[0] for line in written) / 2 + pitch * i for i in range(LINES)]
    pen = np.zeros((int(middle[-1] + middle[0]), width), np.float32)
    for line, y in zip(written, middle, strict=True):
        top = int(y - line.shape[0] / 2)
        left = int(rng.uniform(0.1, 0.9) * (width - line.shape[1]))
        place = pen[top : top + line.shape[0], left : left + line.shape[1]]
        np.maximum(place, line, out=place)
    for _ in range(rng.integers(0, 5)):
        speck = (int(rng.integers(0, width)), int(rng.integers(0, pen.shape[0])))
        cv2.circle(pen, speck, 0, SPECK, int(rng.integers(1, 3)), cv2.LINE_AA)
    return pen, _ruling(pen.shape, middle[0] + height * INK * rng.uniform(0.4, 0.6), pitch, rng)


def _line(digits: Image, scale: float, slope: float, rng: np.random.Generator) -> Floats:
    """One line of digits on a slope, each a little higher, lower, larger or paler than its neighbour: float32 [H, W]."""
    size = 28 * scale
    length = int(size * (len(digits) + 1) * 1.3)
    line = np.zeros((int(size * 1.5 + abs(slope) * length), length), np.float32)
    start = (line.shape[0] - size) / 2 - slope * length / 2
    for digit in digits:
        side = int(size * rng.uniform(0.9, 1.1))
        # Cubic and a little harder than that: a pen's edge is no blur of 28 pixels.
        cover = np.clip(cv2.resize(digit.astype(np.float32) / 255, (side, side), interpolation=cv2.INTER_CUBIC) * 1.3 - 0.15, 0, 1)
        cover = cover[:, np.flatnonzero(cover.max(0) > 0)[0] : np.flatnonzero(cover.max(0) > 0)[-1] + 1] * rng.uniform(0.85, 1.0)
        chance = rng.random()
        if chance < TOUCHING:
            gap = -int(rng.integers(1, 3))
        elif chance < TOUCHING + NEARLY_TOUCHING:
            gap = int(rng.integers(1, 3))
        else:
            gap = int(size * rng.uniform(0.12, 0.5))
        right = np.flatnonzero(line.max(0) > 0)
        guess = int(right[-1]) if len(right) else 0
        top = int(np.clip(start + slope * guess + size * rng.uniform(-0.06, 0.06), 0, line.shape[0] - side))
        left = _free_column(line[top : top + side], cover) + gap if len(right) else 0
        left = max(left, 0)
        place = line[top : top + side, left : left + cover.shape[1]]
        np.maximum(place, cover, out=place)
    return line[:, : int(np.flatnonzero(line.max(0) > 0)[-1]) + 1]


def _free_column(line: Floats, digit: Floats) -> int:
    """The column at which the digit's ink begins to be free of the line's, whichever row comes closest."""
    ink, own = line > 0.3, digit > 0.3
    rows = cv2.dilate(ink.astype(np.uint8), np.ones((3, 1), np.uint8)) > 0
    ends = np.where(rows.any(1), line.shape[1] - np.argmax(rows[:, ::-1], axis=1), 0)
    begins = np.where(own.any(1), np.argmax(own, axis=1), line.shape[1])
    # No further to the left than a third of the digit under the overhang of the one before.
    last = int(np.flatnonzero(ink.any(0))[-1]) if ink.any() else 0
    return max(int((ends - begins).max()), last - int(digit.shape[1]) // 3)


def _ruling(shape: tuple[int, ...], first: float, pitch: float, rng: np.random.Generator) -> Floats:
    """Nothing, lines, or squares: float32 [H, W]."""
    ruling = np.zeros(shape, np.float32)
    kind, wide = rng.choice(["plain", "lines", "squares"], p=[0.25, 0.55, 0.2]), int(rng.integers(1, 3))
    step = pitch if kind == "lines" else pitch / 2
    if kind != "plain":
        for y in np.arange(first % step, shape[0], step):
            cv2.line(ruling, (0, int(y)), (shape[1], int(y)), 1.0, wide)
    if kind == "squares":
        for x in np.arange(rng.uniform(0, step), shape[1], step):
            cv2.line(ruling, (int(x), 0), (int(x), shape[0]), 1.0, wide)
    return ruling


def _photo(pen: Floats, ruling: Floats, rng: np.random.Generator) -> Image:
    """The note as a camera held by hand shows it in a room: turned, unevenly lit, a little blurred, noisy, as JPEG."""
    height, width = pen.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-3, 3), 1.0)
    pen, ruling = (np.asarray(cv2.warpAffine(each, turn, (width, height), flags=cv2.INTER_LINEAR), np.float32) for each in (pen, ruling))
    paper, ink = np.array(PAPER[rng.integers(len(PAPER))]), np.array(PENS[rng.integers(len(PENS))])
    printed = np.array(PRINTED[rng.integers(len(PRINTED))])
    sheet = paper * (1 - ruling[:, :, None] * (1 - printed))
    sheet = sheet * (1 - pen[:, :, None]) + ink * pen[:, :, None]
    seen = cv2.GaussianBlur((sheet * _light(height, width, rng)[:, :, None]).astype(np.float32), (0, 0), rng.uniform(0.4, 0.9)) * 255
    noisy = seen + rng.normal(0, 1, seen.shape) * np.sqrt(rng.uniform(1, 4) ** 2 + 0.04 * seen)
    levels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(75, 93))])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


def _light(height: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A lamp on one side, and on half of the pages the soft shadow of a hand or a phone: float [H, W], 0 to 1."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * (x - x.mean()) + np.sin(angle) * (y - y.mean())
    lamp = rng.uniform(0.8, 1.0) * (1 - rng.uniform(0, 0.5) * (along - along.min()))
    depth = rng.uniform(0.2, 0.45) * (rng.random() < 0.5)
    edge = rng.uniform(0, 2 * np.pi)
    across = np.cos(edge) * (x - x.mean()) + np.sin(edge) * (y - y.mean())
    return np.asarray(lamp * (1 - depth / (1 + np.exp(-across / rng.uniform(0.02, 0.1)))))
