"""Rendered digits with exact positions: wheels in mid-roll, seven-segment and dot-matrix displays, in every face, light and dirt.

They teach what the real pictures hold too little of: each face at each tenth. The renderer itself lives in `edge.rendering`; here is
the randomisation. `sheet` makes a picture of some, to look at.
"""

import functools

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import UsageError
from edge.rendering import lcd, wheel
from edge.rendering.glyphs import font_glyphs, installed_fonts
from edge.rendering.strokes import random_strokes, stroke_glyphs

Image = npt.NDArray[np.uint8]
Colour = npt.NDArray[np.float32]
SIZE = (48, 40)
"""Height and width of a rendered crop in pixels."""
STROKE_FACES = 1_500
FONT_WEIGHTS = (300, 400, 600, 800)
LCD_SHARE = 0.16
Digits = tuple[list[Image], npt.NDArray[np.float64], list[str], list[str]]


def digits(count: int, *, seed: int) -> Digits:
    """`count` crops uint8 [48, 40, 3] (blue, green, red), their positions in digits [count], kinds and displays as in the real data."""
    rng = np.random.default_rng(seed)
    strips = faces(seed)
    crops, positions, displays = [], np.empty(count), []
    for i in range(count):
        if rng.random() < LCD_SHARE:
            positions[i] = rng.integers(10)
            crops.append(_display(int(positions[i]), rng))
            displays.append("lcd")
        else:
            positions[i] = _wheel_position(rng)
            crops.append(_wheel(strips[rng.integers(len(strips))], positions[i], rng))
            displays.append("roller")
    return crops, positions, ["tenths"] * count, displays


def handwritten(count: int, *, seed: int) -> tuple[Image, npt.NDArray[np.uint8]]:
    """Pen-drawn digits, white on black, placed as MNIST's are (20×20 box, centre of mass in the middle): uint8 [count, 32, 32], labels.

    A stand-in that needs no data at all; real handwriting varies far more.
    """
    rng = np.random.default_rng(seed)
    glyphs = [stroke_glyphs(random_strokes(rng)) for _ in range(STROKE_FACES)]
    labels = rng.integers(0, 10, count).astype(np.uint8)
    images = np.zeros((count, 32, 32), np.uint8)
    for image, label in zip(images, labels, strict=True):
        ink = glyphs[rng.integers(len(glyphs))][label]
        scale = 20 / max(ink.shape)
        small = cv2.resize(ink, (max(2, round(ink.shape[1] * scale)), 20), interpolation=cv2.INTER_AREA)
        moments = cv2.moments(small)
        shift = 15.5 - moments["m10"] / moments["m00"], 15.5 - moments["m01"] / moments["m00"]
        image[:] = cv2.warpAffine(small * 255, np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32), (32, 32))
    return images, labels


@functools.lru_cache(maxsize=2)
def faces(seed: int) -> list[npt.NDArray[np.float32]]:
    """Wheels laid flat: drawn faces, and the fonts of the installed font packages and of OpenCV in several weights."""
    rng = np.random.default_rng(seed)
    glyphs = [stroke_glyphs(random_strokes(rng)) for _ in range(STROKE_FACES)]
    for font in ("sans", "italic", *map(str, installed_fonts())):
        for weight in FONT_WEIGHTS:
            try:
                glyphs.append(font_glyphs(font, weight))
            except UsageError:
                break
    return [wheel.unrolled(face, rng.uniform(0.58, 0.86)) for face in glyphs]


def sheet(count: int, *, seed: int) -> Image:
    """A picture of `count` digits with their positions, uint8 [H, W, 3]."""
    tiles = []
    for crop, position in zip(*digits(count, seed=seed)[:2], strict=True):
        tile = cv2.copyMakeBorder(crop, 0, 14, 1, 1, cv2.BORDER_CONSTANT)
        cv2.putText(tile, f"{position:.2f}", (4, 59), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (255, 255, 255), 1)
        tiles.append(tile)
    columns = min(count, 24)
    tiles += [np.zeros_like(tiles[0])] * (-count % columns)
    return np.vstack([np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)])


def _wheel_position(rng: np.random.Generator) -> float:
    """Anywhere on the circle, somewhat more often at rest on a digit."""
    if rng.random() < 0.25:
        return float((rng.integers(10) + rng.normal(0, 0.05)) % 10)
    return float(rng.uniform(0, 10))


def _wheel(strip: npt.NDArray[np.float32], position: float, rng: np.random.Generator) -> Image:
    pitch, width = rng.uniform(0.66, 1.35), rng.uniform(0.8, 1.5)
    ink, facing = wheel.window(
        strip,
        position,
        size=SIZE,
        pitch=pitch,
        width=width,
        shear=rng.normal(0, 0.04),
        shift_x=rng.normal(0, 0.05),
    )
    ground_colour, ink_colour = _colours(rng)
    worn = rng.uniform(0.6, 1.0)
    picture = ground_colour + (ink * worn)[..., None] * (ink_colour - ground_colour)
    picture = picture * (facing ** rng.uniform(0, 5))[..., None]
    _neighbourhood(picture, rng, ink_colour)
    return _camera(picture, rng)


def _display(digit: int, rng: np.random.Generator) -> Image:
    ground = rng.uniform(90, 235) * rng.uniform(0.85, 1.1, 3).astype(np.float32)
    contrast = rng.uniform(0.12, 0.85)
    ink_colour = ground * (1 - contrast)
    if rng.random() < 0.2:
        ground, ink_colour = np.full(3, rng.uniform(5, 60), np.float32), rng.uniform(0.3, 1, 3).astype(np.float32) * 255
    height, width = int(rng.uniform(0.55, 0.95) * SIZE[0]), int(rng.uniform(0.45, 0.9) * SIZE[1])
    if rng.random() < 0.65:
        slant = float(rng.choice([0.0, rng.uniform(0, 0.2)]))
        lit, unlit = lcd.seven_segments(
            digit, height=height, width=width, thickness=rng.uniform(0.07, 0.19), gap=rng.uniform(0, 0.04), slant=slant,
            tails=bool(rng.random() < 0.8),
        )  # fmt: skip
    else:
        lit, unlit = lcd.dot_matrix(digit, height=height, width=width, fill=rng.uniform(0.7, 1.0))
    ghost = float(rng.choice([0.0, rng.uniform(0, 0.3)]))
    ink = np.zeros(SIZE, np.float32)
    top = int(np.clip((SIZE[0] - height) / 2 + rng.normal(0, 2.5), 0, SIZE[0] - height))
    left = int(np.clip((SIZE[1] - width) / 2 + rng.normal(0, 3), 0, SIZE[1] - width))
    ink[top : top + height, left : left + width] = np.maximum(lit, ghost * unlit)
    if rng.random() < 0.25:
        cv2.circle(ink, (int(rng.integers(0, SIZE[1])), top + height - 1), int(rng.integers(1, 4)), 1.0, -1, cv2.LINE_AA)
    if rng.random() < 0.3:  # the display's shadow on its back plane
        shadow = np.roll(ink, (int(rng.integers(0, 3)), int(rng.integers(-2, 3))), (0, 1)) * np.float32(rng.uniform(0.1, 0.4))
        ink = np.maximum(ink, shadow)
    picture = ground + ink[..., None] * (ink_colour - ground)
    if rng.random() < 0.3:
        _neighbourhood(picture, rng, ink_colour)
    return _camera(picture, rng)


def _colours(rng: np.random.Generator) -> tuple[Colour, Colour]:
    """Ground and ink, blue green red in 0 to 255: light on dark, dark on light, red wheels of both kinds, faded ones."""
    dark, light = rng.uniform(5, 90), rng.uniform(130, 250)
    tint = rng.uniform(0.85, 1.15, (2, 3)).astype(np.float32)
    black, white = (np.full(3, level, np.float32) * t for level, t in zip((dark, light), tint, strict=True))
    red = np.array([rng.uniform(10, 80), rng.uniform(10, 80), rng.uniform(120, 230)], np.float32)
    kind = rng.random()
    if kind < 0.42:
        ground, ink = black, white
    elif kind < 0.7:
        ground, ink = white, black
    elif kind < 0.85:
        ground, ink = red, white
    else:
        ground, ink = white, red
    fade = rng.uniform(0, 0.55)
    return ground, ink + np.float32(fade) * (ground - ink)


def _neighbourhood(picture: Colour, rng: np.random.Generator, ink: Colour) -> None:
    """What surrounds a digit: the window's edges, the gap to the next wheel, a scale's ticks, a comma."""
    height, width = SIZE
    if rng.random() < 0.35:
        level = rng.uniform(0, 255, 3).astype(np.float32) if rng.random() < 0.5 else np.full(3, rng.uniform(0, 60), np.float32)
        for side in (0, 1):
            depth = int(rng.integers(0, 7))
            if depth:
                picture[slice(0, depth) if side == 0 else slice(height - depth, height)] = level
    if rng.random() < 0.4:
        level = np.full(3, rng.uniform(0, 255), np.float32)
        for side in (0, 1):
            depth = int(rng.integers(0, 6))
            if depth and rng.random() < 0.7:
                picture[:, slice(0, depth) if side == 0 else slice(width - depth, width)] = level
    if rng.random() < 0.15:
        step, length, phase = rng.uniform(3, 7), int(rng.integers(2, 7)), rng.uniform(0, 7)
        for y in np.arange(phase, height, step):
            picture[int(y) : int(y) + int(rng.integers(1, 3)), width - length :] = ink
    if rng.random() < 0.1:
        centre = (int(rng.choice([rng.integers(0, 5), rng.integers(width - 5, width)])), int(rng.integers(height - 14, height)))
        cv2.ellipse(picture, centre, (2, 4), 20, 0, 360, [float(c) for c in ink], -1, cv2.LINE_AA)


def _camera(picture: Colour, rng: np.random.Generator) -> Image:
    """Glare, a small sensor's few pixels, focus, JPEG."""
    height, width = SIZE
    if rng.random() < 0.15:
        spot = np.zeros(SIZE, np.float32)
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        cv2.ellipse(spot, centre, (int(rng.integers(2, 14)), int(rng.integers(1, 6))), rng.uniform(-20, 20), 0, 360, 1.0, -1, cv2.LINE_AA)
        spot = cv2.GaussianBlur(spot, (0, 0), rng.uniform(1, 4)) * np.float32(rng.uniform(0.3, 1.0))
        picture = picture + spot[..., None] * (255 - picture)
    if rng.random() < 0.5:
        factor = rng.uniform(0.3, 0.9)
        small = cv2.resize(picture, (max(12, int(width * factor)), max(18, int(height * factor))), interpolation=cv2.INTER_AREA)
        picture = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    image = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])[1]
        image = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
    return image
