"""Pictures from files: every common form in, one clear error for everything else."""

import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.file import open_file
from edge.capture.pictures import decode, expand, load
from edge.capture.video import Video
from edge.errors import PictureError
from edge.vision.window import Image
from tests.edge.frames import frames

COLOUR = np.asarray(cv2.resize(frames()[0].picture, (80, 60)), np.uint8)


def saved(path: Path, picture: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), picture)
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".webp"])
def test_lossless_forms_come_in_as_they_are(tmp_path: Path, suffix: str) -> None:
    parameters = [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == ".webp" else []
    cv2.imwrite(str(tmp_path / f"a{suffix}"), COLOUR, parameters)
    assert np.array_equal(load(tmp_path / f"a{suffix}").frame, COLOUR)


def test_jpeg_comes_in_nearly_as_it_was(tmp_path: Path) -> None:
    assert np.abs(load(saved(tmp_path / "a.jpg", COLOUR)).frame.astype(int) - COLOUR).mean() < 6


def test_content_decides_and_not_the_name(tmp_path: Path) -> None:
    saved(tmp_path / "a.png", COLOUR).rename(tmp_path / "a.jpg")
    assert np.array_equal(load(tmp_path / "a.jpg").frame, COLOUR)


def test_grey_stays_grey(tmp_path: Path) -> None:
    assert np.array_equal(load(saved(tmp_path / "a.png", COLOUR[..., 1])).frame, COLOUR[..., 1])


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    deep = COLOUR.astype(np.uint16) * 257
    assert np.array_equal(load(saved(tmp_path / "a.png", deep)).frame, COLOUR)


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    clear = np.zeros((10, 10, 4), np.uint8)
    assert load(saved(tmp_path / "a.png", clear)).frame.min() == 255


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_picture_of_many_megapixels_is_laid_on_white_in_little_memory(depth: type[np.uint8] | type[np.uint16]) -> None:
    pixels = np.full((3000, 3000, 4), np.iinfo(depth).max // 2, depth)
    content = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    tracemalloc.start()
    try:
        frame = decode(content, "large.png")
        assert tracemalloc.get_traced_memory()[1] < 1.5 * (pixels.nbytes + frame.nbytes)
    finally:
        tracemalloc.stop()
    assert frame[0, 0].tolist() == frame[-1, -1].tolist()
    assert abs(int(frame[0, 0, 0]) - 191) <= 1  # half of grey, half of white


@pytest.mark.parametrize(("extra", "opaque"), [(None, 177), (1, 227), (2, 177)])
def test_alpha_in_a_tiff_is_what_the_file_says_it_is(extra: int | None, opaque: int) -> None:
    tags = [(256, 3, 2), (257, 3, 2), (258, 3, 8), (262, 3, 2), (273, 4, 512), (277, 3, 4), (278, 3, 2), (279, 4, 16)]
    tags += [] if extra is None else [(338, 3, extra)]
    # BitsPerSample of four values stands elsewhere.
    fields = [struct.pack("<HHII", t, k, 4, 256) if t == 258 else struct.pack("<HHII", t, k, 1, v) for t, k, v in tags]
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(fields) + bytes(4)
    content = head.ljust(256, b"\0") + struct.pack("<4H", 8, 8, 8, 8).ljust(256, b"\0") + bytes([100, 100, 100, 128]) * 4
    assert abs(int(decode(content, "a.tiff")[0, 0, 0]) - opaque) <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_in_upright(tmp_path: Path, orientation: int) -> None:
    blocks = np.kron(np.array([[40, 90, 140], [190, 240, 10]], np.uint8), np.ones((16, 16), np.uint8))
    upright: Image = np.repeat(blocks[..., None], 3, axis=2)
    lain = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.swapaxes(0, 1), 6: np.rot90(upright, 1), 7: upright[::-1, ::-1].swapaxes(0, 1), 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    jpeg = cv2.imencode(".jpg", np.ascontiguousarray(lain), [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    tag = b"Exif\0\0" + b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 274, 3, 1, orientation, 0, 0)
    (tmp_path / "a.jpg").write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(tag) + 2) + tag + jpeg[2:])
    assert np.abs(load(tmp_path / "a.jpg").frame.astype(int) - upright).mean() < 3


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    jpeg = cv2.imencode(".jpg", COLOUR)[1].tobytes()
    png = cv2.imencode(".png", COLOUR)[1].tobytes()
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + png[33:]
    contents = {
        "empty": (b"", "empty file"),
        "text": (b"not a picture at all\n", "text that begins"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "cut short"),
        "cut.png": (png[: len(png) // 2], "cut short"),
        "bomb": (bomb, "60000 × 60000 pixels; expected at most 100 megapixels"),
    }
    for name, (content, said) in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PictureError, match=said) as raised:
            load(tmp_path / name)
        assert str(tmp_path / name) in str(raised.value)
    with pytest.raises(PictureError, match="no such file"):
        load(tmp_path / "nothing")


def test_a_folder_becomes_its_pictures_in_natural_order(tmp_path: Path) -> None:
    for name in ("10.png", "2.png", "1.png"):
        saved(tmp_path / name, COLOUR)
    (tmp_path / "notes.txt").write_text("no picture")
    assert [path.name for path in expand([tmp_path])] == ["1.png", "2.png", "10.png"]


def test_a_video_gives_its_frames(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 5, (80, 60))
    for level in (20, 120, 220):
        writer.write(np.full((60, 80, 3), level, np.uint8))
    writer.release()
    with Video(tmp_path / "a.avi") as video:
        assert [round(float(frame.mean()), -1) for frame in video] == [20, 120, 220]


def test_a_video_may_have_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 5, (80, 60))
    writer.write(np.full((60, 80, 3), 120, np.uint8))
    writer.release()
    path = (tmp_path / "a.avi").rename(tmp_path / os.fsdecode(b"c:\xff.avi"))
    with Video(path) as video:
        assert len(list(video)) == 1
    with open_file(str(path)) as camera:
        assert camera.frame().picture.shape == (60, 80, 3)


def test_a_picture_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="expected a video"):
        Video(saved(tmp_path / "a.png", COLOUR))
