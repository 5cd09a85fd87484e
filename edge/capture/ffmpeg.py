"""What holds for all that OpenCV opens through its FFmpeg, and for devices."""

import os
from collections.abc import Sequence
from pathlib import Path

import cv2

QUIET = "-8"
"""FFmpeg's level of saying nothing: a camera that is away for a week would fill the journal from inside the library."""
DECODERS = 2
"""Threads that decode a video: FFmpeg would take one for each core, and each holds pictures of its own and is one picture late."""


def quiet() -> None:
    """Keep OpenCV and FFmpeg from writing into the log by themselves."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", QUIET)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


def open_video(path: Path, parameters: Sequence[int] = ()) -> cv2.VideoCapture:
    """A video file, open or not; parameters: OpenCV's, each followed by its value. Raises OSError where the file cannot be opened."""
    quiet()
    with path.open("rb") as file:
        # By its number: a name that is not UTF-8 ends the process, and FFmpeg takes what stands before a colon for a protocol.
        return cv2.VideoCapture(f"/proc/self/fd/{file.fileno()}", cv2.CAP_FFMPEG, list(parameters))
