"""What a window and its surroundings looked like when it was set up, and what alignment needs of that, computed once."""

import dataclasses
import functools

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.window import Corners, Image, grown, luminance, rectangle, size_px, strip

Floats = npt.NDArray[np.float32]

SURROUNDINGS = 1.5
"""How far around the window the reference looks, in heights of the window."""
REFERENCE_PX = 6000
"""Pixels of the reference picture at most."""
DIGITS_WEIGHT = 0.2
DIGITS_MARGIN = 0.1
"""Wheels show a little of the next digit above and below the window: a share of its height that counts as little as the digits."""
NEIGHBOURHOOD_PX = 11
"""Side of the square over which a pixel is normalised."""
NOISE_LEVELS = 4.0
"""Grey levels of noise, which normalisation shall not blow up."""
SAMPLES = 2
"""Samples a pixel and axis: cameras' pictures are soft enough, and all of them would be a hundred thousand pixels."""


@dataclasses.dataclass(frozen=True)
class Reference:
    """What a counter's window and its surroundings looked like when it was set up. All of its fields are small enough to be stored."""

    corners: Corners
    """The window in the reference frame."""
    box: Corners
    """The corners of `picture` in the reference frame: a rectangle around the window, along its reading direction."""
    picture: Image
    """uint8 [h, w], at most `REFERENCE_PX` pixels."""
    frame_shape: tuple[int, int]
    """Height and width of the reference frame in pixels."""

    @classmethod
    def of(cls, frame: Image, corners: Corners) -> "Reference":
        """From a frame, uint8 [H, W] or [H, W, 3], and the window in it."""
        box = _surroundings(corners)
        height, width = size_px(box)
        shrink = max(1.0, (height * width / REFERENCE_PX) ** 0.5)
        picture = picture_of(frame, box, (int(height / shrink), int(width / shrink)))
        return cls(corners, box, picture, (frame.shape[0], frame.shape[1]))

    @functools.cached_property
    def template(self) -> "Template":
        return Template.of(self)

    @functools.cached_property
    def px(self) -> float:
        """Pixels of the frame per pixel of `picture`."""
        return size_px(self.box)[1] / int(self.picture.shape[1])

    @functools.cached_property
    def centre(self) -> complex:
        """The window's."""
        return centre_of(self.corners)

    @functools.cached_property
    def axis(self) -> tuple[complex, complex]:
        """The centre of `picture` in its frame, and the direction of its rows, of length 1."""
        left_top, right_top, right_bottom, _ = (complex(x, y) for x, y in self.box.tolist())
        return (left_top + right_bottom) / 2, (right_top - left_top) / abs(right_top - left_top)


@dataclasses.dataclass(frozen=True)
class Template:
    """What alignment needs of a reference, computed once. n = h·w pixels."""

    normalised: Floats
    weights: Floats
    """[h, w]: small on the digits, 0 outside the frame."""
    descent: Floats
    """[4, n]: how the picture changes with scale, rotation, shift in x, shift in y (steepest descent images)."""
    weighted_descent: Floats
    inverse_hessian: Floats
    power: float
    """The weighted sum of the squares of `normalised`."""

    @classmethod
    def of(cls, reference: Reference) -> "Template":
        flat = normalised(reference.picture)
        weights = np.ones_like(flat)
        digits = grown(reference.corners, top=DIGITS_MARGIN, bottom=DIGITS_MARGIN)
        origin, along = reference.box[0], (reference.box[1] - reference.box[0]) / (reference.picture.shape[1] * reference.px)
        local = (digits - origin) @ np.array([along, [-along[1], along[0]]]).T / reference.px
        cv2.fillConvexPoly(weights, np.rint(local).astype(np.int32), DIGITS_WEIGHT)
        weights *= within(reference.box, reference.picture.shape, reference.frame_shape)
        y, x = np.indices(flat.shape, np.float32).reshape(2, -1)
        x, y = x - x.mean(), y - y.mean()
        along_x = cv2.Sobel(flat, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8).ravel()
        along_y = cv2.Sobel(flat, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8).ravel()
        descent = np.stack([along_x * x + along_y * y, along_y * x - along_x * y, along_x, along_y]).astype(np.float32)
        weighted = descent * weights.ravel()
        inverse = np.asarray(np.linalg.pinv(weighted @ descent.T), np.float32)
        return cls(flat, weights, descent, weighted, inverse, power_of(flat, weights))


def centre_of(corners: Corners) -> complex:
    """The mean of four corners, as a complex number x + iy."""
    return sum(complex(x, y) for x, y in corners.tolist()) / 4


def _surroundings(corners: Corners) -> Corners:
    """The rectangle around the window and what is near it, along the reading direction."""
    height, _ = size_px(corners)
    along = corners[1] + corners[2] - corners[0] - corners[3]
    along /= np.linalg.norm(along)
    axes = np.array([along, [-along[1], along[0]]])
    local = corners @ axes.T
    margin = SURROUNDINGS * height
    low, high = local.min(0) - margin, local.max(0) + margin
    return np.asarray((rectangle(*(high - low)[::-1].tolist()) + low) @ axes)


def picture_of(frame: Image, box: Corners, size: tuple[int, ...]) -> Image:
    """What lies in the box, grey, uint8 [h, w] of that size."""
    picture = strip(frame, box, size=(size[0], size[1]), max_samples=SAMPLES)
    return luminance(picture)


def normalised(picture: Image) -> Floats:
    """Each pixel less the mean around it, over the deviation around it."""
    levels = picture.astype(np.float32)
    side = (NEIGHBOURHOOD_PX, NEIGHBOURHOOD_PX)
    mean = cv2.boxFilter(levels, -1, side)
    variance = cv2.sqrBoxFilter(levels, -1, side) - mean * mean
    return np.asarray((levels - mean) / cv2.sqrt(np.maximum(variance, 0) + NOISE_LEVELS**2), np.float32)


def power_of(picture: Floats, weights: Floats) -> float:
    """The weighted sum of a normalised picture's squares."""
    return float((picture * picture * weights).sum())


def within(box: Corners, shape: tuple[int, ...], frame_shape: tuple[int, ...]) -> Floats:
    """[h, w]: 1 where a pixel of the picture in that box lies in the frame, 0 where beyond."""
    height, width = shape[:2]
    right, down = (box[1] - box[0]) / width, (box[3] - box[0]) / height
    column, row = np.arange(width) + 0.5, np.arange(height)[:, None] + 0.5
    x = box[0, 0] + right[0] * column + down[0] * row
    y = box[0, 1] + right[1] * column + down[1] * row
    return np.asarray((x >= 0) & (y >= 0) & (x <= frame_shape[1]) & (y <= frame_shape[0]), np.float32)
