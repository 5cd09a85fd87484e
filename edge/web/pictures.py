"""Frames as JPEG, each encoded once however many ask for it."""

import threading
import weakref

import cv2

from edge.errors import PictureError
from edge.vision.window import Image

QUALITY = 85


class Jpegs:
    """The JPEG of the newest frame. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Only the JPEG is held, not the frame, which takes ten times the room.
        self._picture: weakref.ref[Image] | None = None
        self._encoded = b""

    def of(self, picture: Image) -> bytes:
        """A picture uint8 [H, W] or [H, W, 3] (blue, green, red) as JPEG."""
        with self._lock:
            if self._picture is None or self._picture() is not picture:
                done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
                if not done:
                    raise PictureError(f"a picture of {picture.shape}: cannot be written as JPEG")
                self._picture, self._encoded = weakref.ref(picture), encoded.tobytes()
            return self._encoded
