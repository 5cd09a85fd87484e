"""JPEG frames that were damaged on their way: no crash, and no wrong value.

300 of them; 10,000 with DIGITD_LONG=1 (`make test-long`).
"""

import datetime
import os
from collections import Counter
from decimal import Decimal

import cv2
import numpy as np

from edge.capture.pictures import decode
from edge.capture.simulated import Options, Simulated
from edge.counter.history import Rules
from edge.errors import PictureError
from edge.inference.model import load
from edge.reader import Reader
from edge.reading import Status
from edge.tracker import Tracker
from edge.vision.window import Image
from tests.edge.simulation import MODEL

COUNT = 10_000 if os.environ.get("DIGITD_LONG") else 300
NOON = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)


def damaged(jpeg: bytes, rng: np.random.Generator) -> bytes:
    """Bits flipped, parts lost, doubled or overwritten."""
    content = bytearray(jpeg)
    kind = rng.integers(5)
    at, length = int(rng.integers(2, len(content))), int(rng.integers(1, 400))
    if kind == 0:
        for place in rng.integers(2, len(content), int(rng.integers(1, 30))):
            content[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        del content[at : at + length]
    elif kind == 2:
        content[at:at] = content[at : at + length]
    elif kind == 3:
        content[at : at + length] = rng.integers(0, 256, len(content[at : at + length]), np.uint8).tobytes()
    else:
        del content[at:]
    return bytes(content)


def test_damaged_frames_crash_nothing_and_publish_nothing_wrong() -> None:
    rng = np.random.default_rng(11)
    statuses: Counter[str] = Counter()
    wrong = []
    with Simulated(Options(digits=7, decimals=1, rate=0.0, width=640, height=480, step=1.0)) as camera:
        reader = Reader(load(MODEL), digits=7, decimals=1, rules=Rules(max_rate=0.05))
        tracker = Tracker(reader, camera.windows[0])
        truth = camera.truth[0]
        tracker.set_value(truth, NOON)
        for number in range(COUNT):
            picture = camera.frame().picture
            jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
            try:
                frame: Image = decode(damaged(jpeg, rng) if number % 4 else jpeg, "frame")
            except PictureError:
                statuses["refused"] += 1
                continue
            if frame.shape[:2] != picture.shape:
                statuses["another size"] += 1
                continue
            reading = tracker.look(frame, NOON + datetime.timedelta(seconds=number))
            statuses[reading.status] += 1
            if reading.status is Status.OK and abs(Decimal(reading.value or 0) - truth) > Decimal("0.1"):
                wrong.append((number, reading.raw, reading.value))
    print(dict(statuses))
    assert not wrong
    assert statuses["refused"] > 0
    assert statuses[Status.OK] >= COUNT / 5
