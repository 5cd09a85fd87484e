"""What holds for all that OpenCV opens through its FFmpeg, and for devices."""

import os

import cv2

QUIET = "-8"
"""FFmpeg's level of saying nothing: a camera that is away for a week would fill the journal from inside the library."""
DECODERS = 2
"""Threads that decode a video: FFmpeg would take one for each core, and each holds pictures of its own and is one picture late."""


def quiet() -> None:
    """Keep OpenCV and FFmpeg from writing into the log by themselves."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", QUIET)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
