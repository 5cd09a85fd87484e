"""A window, the reference that it was drawn in and the camera's frames have one size, or the window is never found: why, in words."""

from edge.vision.reference import Reference
from edge.vision.window import Corners, inside

ANEW = "take a frame as digitd gets it (/api/v1/frame.jpg, with [http] enabled) for the reference, and draw the window in it"
"""What makes the three fit again."""


def misfit(corners: Corners, reference: Reference | None, frame_shape: tuple[int, ...]) -> str | None:
    """What keeps a window from ever being found in frames of that shape ([H, W] or [H, W, 3]), and what to do; None where nothing does.

    corners: the window, where the reference has it, if there is one.
    """
    height, width = frame_shape[:2]
    if reference is None:
        return None if inside(corners, frame_shape) else f"{beyond(corners, width, height)}; draw it anew, in a frame as digitd gets it"
    tall, wide = reference.frame_shape
    if (tall, wide) == (height, width):
        return None
    return f"the frames have {width} × {height} pixels, its reference {wide} × {tall}; expected one size; {ANEW}"


def beyond(corners: Corners, width: int, height: int) -> str:
    """That a window reaches beyond a picture."""
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    return f"{width} × {height} pixels, and the window reaches beyond them, from {left:g},{top:g} to {right:g},{bottom:g}"
