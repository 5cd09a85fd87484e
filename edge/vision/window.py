"""A counter's window: four corners in a frame, and the upright picture of what lies between them.

Corners are `float64 [4, 2]`, x and y in pixels, top-left, top-right, bottom-right, bottom-left as one reads the digits: a window in a
rotated or upside-down picture needs nothing more. Coordinates are those of a pixel's area: pixel (0, 0) reaches from 0 to 1, so the
corners (0, 0), (w, 0), (w, h), (0, h) hold exactly h × w pixels.
"""

import functools
import itertools
import math

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import UsageError

Image = npt.NDArray[np.uint8]
Corners = npt.NDArray[np.float64]
Homography = npt.NDArray[np.float64]

CORNERS = 4
MIN_EDGE_PX = 2.0
"""A window with a shorter edge, or flatter than this, holds nothing that could be read."""
MAX_TAPER = 3.0
"""One end of a window may look so many times as large as the other: beyond that its margins soon reach the horizon."""
FORMAT = 'expected four corners "x,y x,y x,y x,y" in pixels: top-left, top-right, bottom-right, bottom-left as one reads the digits'


def luminance(picture: Image) -> Image:
    """A picture's grey, uint8 [H, W]; one that is grey, such as a Y plane, as it is."""
    return picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def rectangle(height: float, width: float) -> Corners:
    """The corners of an upright picture of that size in pixels."""
    return np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])


UNIT = rectangle(1, 1)


def homography(source: Corners, target: Corners) -> Homography:
    """The projective map, float64 [3, 3], that takes four corners to four others."""
    return np.asarray(cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32)), np.float64)


def moved(corners: Corners, transform: Homography) -> Corners:
    """Where a projective map (float64 [3, 3]) takes the corners."""
    return np.asarray(cv2.perspectiveTransform(corners[None], transform)[0], np.float64)


def grown(corners: Corners, *, top: float = 0.0, right: float = 0.0, bottom: float = 0.0, left: float = 0.0) -> Corners:
    """The window with margins, in shares of its height and width, along its own edges; negative ones make it smaller."""
    wider = np.array([[-left, -top], [1 + right, -top], [1 + right, 1 + bottom], [-left, 1 + bottom]])
    return moved(wider, homography(UNIT, corners))


def size_px(corners: Corners) -> tuple[float, float]:
    """Height and width of the window in pixels: the mean lengths of its opposite edges."""
    # Plain floats: NumPy's overhead on four points would be a tenth of the time that a reading takes.
    top_left, top_right, bottom_right, bottom_left = corners.tolist()
    height = math.dist(top_left, bottom_left) + math.dist(top_right, bottom_right)
    width = math.dist(top_left, top_right) + math.dist(bottom_left, bottom_right)
    return height / 2, width / 2


def inside(corners: Corners, frame_shape: tuple[int, ...]) -> bool:
    """Whether the whole window lies within a frame of that shape ([H, W] or [H, W, 3])."""
    height, width = frame_shape[:2]
    return all(0 <= x <= width and 0 <= y <= height for x, y in corners.tolist())


def strip(frame: Image, corners: Corners, *, size: tuple[int, int], max_samples: int = 16) -> Image:
    """The upright picture of the window, uint8 [height, width] or [height, width, 3], in the frame's own channels.

    frame: uint8 [H, W] or [H, W, 3]; size: height and width in pixels. Only the window's pixels are read. Where it shrinks, each pixel is
    the mean of as many samples as it covers, along each axis `max_samples` at most; beyond the frame's border the border's pixels go on.
    """
    rows, columns = frame.shape[:2]
    xs, ys = corners.T.tolist()
    # One pixel more on each side: bilinear samples at the window's edge reach that far.
    x0, x1 = _span(xs, columns)
    y0, y1 = _span(ys, rows)

    height, width = size
    height_px, width_px = size_px(corners)
    across = min(max(round(height_px / height), 1), max_samples)
    along = min(max(round(width_px / width), 1), max_samples)
    samples = (width * along, height * across)
    # From pixel areas to the pixel centres that OpenCV counts in, on both sides.
    to_frame = homography(_centres(*samples), corners - (x0 + 0.5, y0 + 0.5))
    # OpenCV's fast paths know no replicated border; it is needed only where the window reaches the frame's.
    clear = x0 > 0 and y0 > 0 and x1 < columns and y1 < rows
    border = cv2.BORDER_CONSTANT if clear else cv2.BORDER_REPLICATE
    picture = cv2.warpPerspective(frame[y0:y1, x0:x1], to_frame, samples, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=border)
    if (across, along) == (1, 1):
        return np.asarray(picture, np.uint8)
    if (across, along) == (2, 1):
        # Digits are higher than wide. INTER_AREA gives the same pixels, and takes seven times as long.
        return np.asarray(cv2.addWeighted(picture[::2], 0.5, picture[1::2], 0.5, 0.0), np.uint8)
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def corners_from(text: str) -> Corners:
    """The corners that "x,y x,y x,y x,y" names, or "[[x, y], [x, y], [x, y], [x, y]]", which is how JSON has them.

    Raises UsageError where they are not four of two numbers each, or make no readable window.
    """
    plain = text.replace("],", " ").replace("[", " ").replace("]", " ")
    points = [point.split(",") for point in plain.replace(", ", ",").split()]
    if len(points) != CORNERS or any(len(point) != 2 for point in points):
        raise UsageError(f'window "{text}": {len(points)} corners of {"/".join(str(len(p)) for p in points) or 0} numbers; {FORMAT}')
    try:
        corners = np.array(points, np.float64)
    except ValueError as error:
        raise UsageError(f'window "{text}": a coordinate that is no number; {FORMAT}') from error
    if not np.isfinite(corners).all():
        raise UsageError(f'window "{text}": a coordinate that is not finite; {FORMAT}')
    check(corners, f'window "{text}"')
    return corners


def check(corners: Corners, name: str = "window") -> None:
    """Raises UsageError unless the corners make a convex window, read from left to right and from top to bottom."""
    edges = np.roll(corners, -1, 0) - corners
    if (shortest := float(np.linalg.norm(edges, axis=1).min())) < MIN_EDGE_PX:
        raise UsageError(f"{name}: an edge of {shortest:.1f} pixels; expected at least {MIN_EDGE_PX:.0f}. Are two corners the same?")
    turns = np.array([a[0] * b[1] - a[1] * b[0] for a, b in itertools.pairwise([*edges, edges[0]])])
    flatness = np.abs(turns) / np.linalg.norm(edges, axis=1).max()
    if flatness.min() < MIN_EDGE_PX:
        raise UsageError(f"{name}: three corners on one line; {FORMAT}")
    if (turns < 0).all():
        raise UsageError(f"{name}: its corners run anticlockwise, which would mirror the digits; {FORMAT}")
    if (turns < 0).any():
        raise UsageError(f"{name}: its edges cross or dent inwards; {FORMAT}")
    view = homography(UNIT, corners)
    depths = UNIT @ view[2, :2] + view[2, 2]
    if (taper := float(depths.max() / depths.min())) > MAX_TAPER:
        raise UsageError(f"{name}: one end is {taper:.1f} times as large as the other, expected at most {MAX_TAPER:.0f}; {FORMAT}")


@functools.lru_cache(maxsize=64)
def _centres(width: int, height: int) -> Corners:
    """The corners of an upright picture of that size in pixels, from the centre of its first pixel on."""
    return rectangle(height, width) - 0.5


def _span(places: list[float], end: int) -> tuple[int, int]:
    """The pixels from the first to the last of the places and one more on each side, at least one, cut at 0 and `end`."""
    first = min(max(math.floor(min(places)) - 1, 0), end - 1)
    return first, max(min(math.ceil(max(places)) + 1, end), first + 1)
