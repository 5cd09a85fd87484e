"""Pictures that decode and are damaged all the same: what their libraries make up is taken for no picture."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.overheard import overheard, tells_damage
from edge.capture.pictures import decode, load
from edge.errors import PictureError
from tests.edge.frames import frames

COLOUR = np.asarray(cv2.resize(frames()[0].picture, (320, 240)), np.uint8)
JPEG = cv2.imencode(".jpg", COLOUR)[1].tobytes()
END = JPEG[-2:]
DAMAGED = {
    "a quarter, and the end": JPEG[: len(JPEG) // 4] + END,
    "a third, and zeros": JPEG[: len(JPEG) // 3].ljust(len(JPEG) - 2, b"\0") + END,
    "zeros within": JPEG[: len(JPEG) // 2] + bytes(2000) + JPEG[len(JPEG) // 2 + 2000 :],
    "zeros at its end": JPEG[:-1000] + bytes(998) + END,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_jpeg_that_is_damaged_within_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(PictureError, match="a JPEG of 320 × 240 pixels that is damaged"):
        load(tmp_path / "a.jpg")


def test_a_byte_too_many_before_the_end_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG[:-2] + b"\0\0" + END)
    assert np.array_equal(load(tmp_path / "a.jpg").frame, decode(JPEG, "a.jpg"))


def test_flat_pictures_whose_own_codes_are_zeros_are_no_damage(tmp_path: Path) -> None:
    flat = cv2.imencode(".jpg", np.full((960, 1280), 128, np.uint8), [cv2.IMWRITE_JPEG_OPTIMIZE, 1])[1].tobytes()
    assert bytes(64) in flat
    (tmp_path / "a.jpg").write_bytes(flat)
    assert load(tmp_path / "a.jpg").frame.min() == 128


def test_a_tiff_that_is_damaged_within_is_refused(tmp_path: Path) -> None:
    tiff = cv2.imencode(".tiff", COLOUR)[1].tobytes()
    (tmp_path / "a.tiff").write_bytes(tiff[:20_000] + bytes([255]) * 5000 + tiff[25_000:])
    with pytest.raises(PictureError, match="a TIFF of 320 × 240 pixels that is damaged"):
        load(tmp_path / "a.tiff")


def test_a_cameras_frame_is_taken_as_it_decodes() -> None:
    assert decode(DAMAGED["a quarter, and the end"], "frame").shape == (240, 320, 3)


def test_what_is_written_to_stderr_meanwhile_is_heard_and_still_written(capfd: pytest.CaptureFixture[str]) -> None:
    result, said = overheard(lambda: os.write(2, b"Corrupt JPEG data: bad Huffman code\n"))
    assert (result, said) == (36, b"Corrupt JPEG data: bad Huffman code\n")
    assert tells_damage(said)
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "Corrupt JPEG data: bad Huffman code\nafter\n"
