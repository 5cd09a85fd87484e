"""Where a counter's window is now: a fixed camera is nudged, a mount sags, and the window is found again by what surrounds it.

The digits change, so they hardly count; the window's frame and the printing around it do. Both pictures are locally normalised, so
brightness, contrast and soft shadows fall out. Starting where the window was last seen, a similarity (shift, rotation, scale) is
refined by the inverse compositional algorithm (Baker & Matthews, "Lucas-Kanade 20 years on", 2004, section 3.2); where that does not
fit, normalised correlation over a few rotations looks for it within `SEARCH_SHARE` of the frame.
"""

import cmath
import dataclasses
import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from edge.vision.reference import Reference, centre_of, normalised, picture_of, power_of, within
from edge.vision.window import Corners, Image, grown, inside, size_px

Floats = npt.NDArray[np.float32]

MIN_SCORE = 0.5
"""Below this the window was not found; the test prints how far apart true and other scenes are (tests/edge/test_align.py)."""
FITS = 0.65
FITS_WITHIN_PX = 3.0
"""From this score on, and this near to where it was, nothing is searched for. In pixels of the reference picture."""
SEARCH_SHARE = 0.08
"""How far the window may have moved in x and y, as a share of the frame's longer side."""
SEARCH_ROTATIONS_DEG = (0.0, -2.0, 2.0, -4.0, 4.0, -6.0, 6.0)
CANDIDATES = 4
"""The best correlations that are refined."""
MAX_STEPS = 25
STILL_PX = 0.1
"""A step that moves no corner of the reference picture by more than this ends the refinement, in its pixels."""


@dataclasses.dataclass(frozen=True)
class Alignment:
    """Where the window is, and how it moved against the reference."""

    corners: Corners
    score: float
    """How well what is around the window fits the reference, 0 to 1; below `MIN_SCORE` it is not the window."""
    shift_px: tuple[float, float]
    """Movement of the window's centre in x and y."""
    rotation_deg: float
    """Clockwise as seen in the frame."""


class _Motion(NamedTuple):
    """A similarity of the plane as z → turn · z + shift, points being complex numbers x + iy."""

    turn: complex
    shift: complex

    def moved(self, corners: Corners) -> Corners:
        # Python's own complex numbers: NumPy's overhead on four points would be half of the time that alignment takes.
        points = [self.turn * complex(x, y) + self.shift for x, y in corners.tolist()]
        return np.array(points).view(np.float64).reshape(-1, 2)

    def distance(self, other: "_Motion", corners: Corners) -> float:
        """How far apart the two take a corner at most."""
        return max(abs((self.turn - other.turn) * complex(x, y) + (self.shift - other.shift)) for x, y in corners.tolist())

    @classmethod
    def between(cls, source: Corners, target: Corners) -> "_Motion":
        """From four points to four others that lie alike; the diagonal tells all of it."""
        a, _, c, _ = (complex(x, y) for x, y in source.tolist())
        b, _, d, _ = (complex(x, y) for x, y in target.tolist())
        turn = (d - b) / (c - a)
        return cls(turn, b - turn * a)


STILL = _Motion(1 + 0j, 0j)


def align(reference: Reference, frame: Image, near: Alignment | None = None) -> Alignment:
    """The window in this frame, uint8 [H, W] or [H, W, 3] of the reference frame's size.

    near: where it was last seen; by default where the reference has it. A score below `MIN_SCORE` says that it was not found.
    """
    start = STILL if near is None else _Motion.between(reference.corners, near.corners)
    motion, score = _refined(reference, frame, start)
    if score < FITS or motion.distance(start, reference.box) > FITS_WITHIN_PX * reference.px:
        found = [_refined(reference, frame, candidate) for candidate in _search(reference, frame)]
        motion, score = max([(motion, score), *found], key=lambda it: it[1])
    corners = motion.moved(reference.corners)
    shift = centre_of(corners) - reference.centre
    return Alignment(corners, score, (shift.real, shift.imag), math.degrees(cmath.phase(motion.turn)))


def _refined(reference: Reference, frame: Image, motion: _Motion) -> tuple[_Motion, float]:
    """The motion near this one that fits best, and its score."""
    template = reference.template
    centre, axis = reference.axis
    reach = abs(complex(*reference.picture.shape)) / 2
    best, best_score = motion, -1.0
    for _ in range(MAX_STEPS):
        box = motion.moved(reference.box)
        now = normalised(picture_of(frame, box, reference.picture.shape))
        weights, power = template.weights, template.power
        weighted, inverse = template.weighted_descent, template.inverse_hessian
        if not inside(box, frame.shape):
            weights = weights * within(box, reference.picture.shape, frame.shape)
            power = power_of(template.normalised, weights)
            weighted = template.descent * weights.ravel()
            inverse = np.linalg.pinv(weighted @ template.descent.T)
        score, gain = _correlation(template.normalised, power, now, weights)
        if score > best_score:
            best, best_score = motion, score
        scale, rotation, x, y = (inverse @ (weighted @ (gain * now - template.normalised).ravel())).tolist()
        # The step is the template's, so its inverse is what the frame moves by, about the picture's centre.
        turn = 1 / (1 + complex(scale, rotation))
        shift = -turn * complex(x, y) * axis * reference.px
        step = _Motion(turn, centre - turn * centre + shift)
        motion = _Motion(motion.turn * step.turn, motion.turn * step.shift + motion.shift)
        if not 0.5 < abs(motion.turn) < 2.0:
            break
        if abs(turn - 1) * reach + abs(complex(x, y)) < STILL_PX:
            return (motion, score) if score >= best_score - 0.02 else (best, best_score)
    return best, max(best_score, 0.0)


def _search(reference: Reference, frame: Image) -> list[_Motion]:
    """The likeliest motions by normalised correlation at half the resolution, over shifts and rotations."""
    template = reference.template
    rows, columns = (max(side // 2, 4) for side in reference.picture.shape)
    small = cv2.resize(template.normalised, (columns, rows), interpolation=cv2.INTER_AREA)
    mask = np.sqrt(cv2.resize(template.weights, (columns, rows), interpolation=cv2.INTER_AREA))
    px = size_px(reference.box)[1] / columns
    reach = round(SEARCH_SHARE * max(frame.shape[:2]) / px)
    centre, axis = reference.axis
    area = grown(reference.box, top=reach / rows, bottom=reach / rows, left=reach / columns, right=reach / columns)
    found: list[tuple[float, _Motion]] = []
    for degrees in SEARCH_ROTATIONS_DEG:
        turn = complex(np.exp(1j * np.radians(degrees)))
        turned = _Motion(turn, centre - turn * centre)
        # Normalised at the picture's own resolution, as the template is.
        wide = picture_of(frame, turned.moved(area), (2 * (rows + 2 * reach), 2 * (columns + 2 * reach)))
        shrunk = cv2.resize(normalised(wide), (columns + 2 * reach, rows + 2 * reach), interpolation=cv2.INTER_AREA)
        scores = cv2.matchTemplate(shrunk, small, cv2.TM_CCORR_NORMED, mask=mask)
        scores[~np.isfinite(scores)] = -1.0
        for _ in range(2):
            _, score, _, (x, y) = cv2.minMaxLoc(scores)
            shift = turn * axis * px * complex(x - reach, y - reach)
            found.append((score, _Motion(turn, turned.shift + shift)))
            cv2.circle(scores, (x, y), 3, -1.0, cv2.FILLED)
    found.sort(key=lambda it: -it[0])
    return [motion for _, motion in found[:CANDIDATES]]


def _correlation(template: Floats, own: float, now: Floats, weights: Floats) -> tuple[float, float]:
    """The weighted correlation of two normalised pictures, the first of which has that power of its own, and the gain that takes the
    second to the first."""
    weighted = (now * weights).ravel()
    power, cross = float(weighted @ now.ravel()), float(weighted @ template.ravel())
    if power <= 1e-6 or own <= 1e-6:
        return 0.0, 0.0
    return max(cross / (power * own) ** 0.5, 0.0), max(cross / power, 0.0)
