"""What the first bytes of a file say of it: which format, how large the picture is, which way up, and whether all of it is there.

All this is known before anything is decoded: a small file can claim a picture that fills the memory, and OpenCV decodes half a JPEG
without a word. Sources: ITU-T T.81 annex B (JPEG), W3C PNG 5 and 11, RFC 9649 (WebP), Adobe TIFF 6.0 section 2, CIPA DC-008 (EXIF).
"""

import dataclasses
import re
import struct
from collections.abc import Iterable

from edge.errors import PictureError

EXPECTED = "expected a JPEG, PNG, BMP, WebP or TIFF picture"
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".h264", ".h265"})
UNREAD_SUFFIXES = frozenset({".gif", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".ppm", ".pgm", ".pbm"})
BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
"""Sizes in bytes that a BMP's second header has; the two letters of its first begin many a text."""
WIDTH, HEIGHT, ORIENTATION, EXTRA_SAMPLES = 256, 257, 274, 338
"""Tags of TIFF and EXIF."""
SHORT, LONG = 3, 4
ASSOCIATED, UNASSOCIATED = 1, 2
"""What a TIFF's alpha is: colour is stored multiplied by it, or not."""
MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""What ends a JPEG's coded data: neither a stuffed byte nor a restart."""
USUAL_CODES = bytes.fromhex("00020103030204030505040400 00017d")
"""How many codes of each length the usual table for luminance has (T.81 table K.5): with it no picture's coded data is zeros for long."""
ZEROS = bytes(64)
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
START_OF_SCAN, END_OF_IMAGE, APP1, STANDALONE = 0xDA, 0xD9, 0xE1, frozenset({0x01, *range(0xD0, 0xD9)})

UNREAD = {
    "GIF": rb"GIF8",
    "HEIC or AVIF": rb"....ftyp(hei|hev|mif1|msf1|avi[fs])",
    "JPEG 2000": rb"....jP  ",
    "JPEG XL": rb"\xff\x0a|....JXL ",
    "BigTIFF": rb"II\x2b\0|MM\0\x2b",
    "PPM, PGM or PBM": rb"P[1-6]\s+[#0-9]",
}
"""How pictures begin that cannot be read."""
OTHERS = {**UNREAD, "PDF": rb"%PDF", "gzip": rb"\x1f\x8b", "ZIP": rb"PK\x03\x04"}
VIDEOS = re.compile(
    rb"....ftyp|....moov|\x1aE\xdf\xa3|RIFF....AVI |OggS|FLV\x01|\0\0\x01[\xba\xb3]|\0\0\0?\x01[\x09\x27\x40\x67]|"
    rb"G.{187}G|\x30\x26\xb2\x75",
    re.DOTALL,
)
"""MP4 and MOV, Matroska, AVI, Ogg, Flash, MPEG, raw H.264 and H.265 (what `rpicam-vid` writes), transport streams, ASF."""
HEAD_BYTES = 256
"""So many bytes tell a format."""


@dataclasses.dataclass(frozen=True)
class Header:
    """What a picture says of itself."""

    format: str
    width: int
    """Pixels, as stored: before the orientation is applied."""
    height: int
    orientation: int = 1
    """EXIF's 1 to 8."""
    whole: bool = True
    """Whether its end is there."""
    damaged: bool = False
    """Whether a part of it was overwritten, as far as that shows without decoding: with zeros, as disks and cards do."""
    alpha: int = 0
    """A TIFF's `ASSOCIATED` or `UNASSOCIATED`; 0 where it has none, or does not say."""


def header(content: bytes, name: str) -> Header:
    """The header of a picture file's content. Raises PictureError, naming `name`, where it is none or is damaged."""
    reader = next((reader for signature, reader in PICTURES.items() if re.match(signature, content, re.DOTALL)), None)
    if reader is None:
        advice = ". Convert it to JPEG or PNG" if is_unread(content) else ""
        raise PictureError(f"{name}: {described(content)}; {EXPECTED}{advice}")
    try:
        return reader(content)
    except (struct.error, KeyError) as error:
        raise PictureError(f"{name}: damaged or cut short within its header; {EXPECTED}. Copy it again from where it came") from error


def is_picture(head: bytes) -> bool:
    """Whether a file that begins so claims to be a picture that can be read."""
    return _begins(head, PICTURES)


def is_unread(head: bytes) -> bool:
    """Whether a file that begins so is a picture of a form that cannot be read."""
    return _begins(head, UNREAD.values())


def is_video(head: bytes) -> bool:
    """Whether a file that begins so (`HEAD_BYTES`) claims to be a video."""
    return bool(VIDEOS.match(head)) and not _begins(head, OTHERS.values())


def _begins(head: bytes, signatures: Iterable[bytes]) -> bool:
    return any(re.match(signature, head, re.DOTALL) for signature in signatures)


def described(content: bytes) -> str:
    """What a file is that is no picture, as far as its first bytes tell."""
    for name, signature in OTHERS.items():
        if re.match(signature, content, re.DOTALL):
            return f"a {name} file"
    if is_video(content[:HEAD_BYTES]):
        return "a video"
    start = content[:24]
    if re.fullmatch(rb"[\t\n\r\x20-\x7e]+", start):
        return f'text that begins "{" ".join(start.decode("ascii").split())}"'
    return f"not a picture (it begins with the bytes {start[:8].hex(' ')})"


def _jpeg(content: bytes) -> Header:
    size, orientation, at, damaged = (0, 0), 1, 2, False
    while match := MARKER.search(content, at):
        # Between two segments there is coded data, or nothing.
        damaged |= content.find(ZEROS, at, match.start()) >= 0
        at, marker = match.end(), content[match.end() - 1]
        if marker == END_OF_IMAGE:
            damaged = damaged and USUAL_CODES in content
            return Header("JPEG", size[1], size[0], orientation, damaged=damaged)
        if marker in STANDALONE:
            continue
        # Markers that only the end of a segment cut off hides are no damage to what was seen so far.
        if at + 2 > len(content):
            break
        (length,) = struct.unpack_from(">H", content, at)
        segment = content[at + 2 : at + length]
        if marker in START_OF_FRAME:
            size = struct.unpack_from(">HH", segment, 1)
        elif marker == APP1 and segment.startswith(b"Exif\0\0"):
            orientation = _orientation(segment)
        at += length
    if size == (0, 0):
        raise KeyError(START_OF_SCAN)
    return Header("JPEG", size[1], size[0], orientation, whole=False)


def _png(content: bytes) -> Header:
    width, height = struct.unpack_from(">II", content, 16)
    orientation, at = 1, 8
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind == b"IEND":
            return Header("PNG", width, height, orientation)
        if kind == b"eXIf":
            orientation = _orientation(content[at + 8 : at + 8 + length])
        at += 12 + length
    return Header("PNG", width, height, orientation, whole=False)


def _webp(content: bytes) -> Header:
    size, orientation, at = None, 1, 12
    while at + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, at)
        chunk = content[at + 8 : at + 8 + length]
        if kind == b"VP8X":
            size = size or (int.from_bytes(chunk[4:7], "little") + 1, int.from_bytes(chunk[7:10], "little") + 1)
        elif kind == b"VP8L":
            (bits,) = struct.unpack_from("<I", chunk, 1)
            size = size or ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        elif kind == b"VP8 ":
            width, height = struct.unpack_from("<HH", chunk, 6)
            size = size or (width & 0x3FFF, height & 0x3FFF)
        elif kind == b"EXIF":
            orientation = _orientation(chunk)
        at += 8 + length + length % 2
    if size is None:
        raise KeyError("VP8")
    return Header("WebP", *size, orientation, whole=struct.unpack_from("<I", content, 4)[0] + 8 <= len(content))


def _bmp(content: bytes) -> Header:
    (size,) = struct.unpack_from("<I", content, 14)
    width, height = struct.unpack_from("<HH" if size == min(BMP_HEADERS) else "<ii", content, 18)
    return Header("BMP", abs(width), abs(height))


def _tiff(content: bytes) -> Header:
    tags = _tags(content)
    # OpenCV turns a TIFF by itself, whatever it is told.
    return Header("TIFF", tags[WIDTH], tags[HEIGHT], alpha=tags.get(EXTRA_SAMPLES, 0))


def _tags(block: bytes) -> dict[int, int]:
    """Whole numbers of a TIFF's first directory. Raises struct.error where it is cut short."""
    order = "<" if block.startswith(b"II") else ">"
    (at,) = struct.unpack_from(order + "4xI", block)
    (count,) = struct.unpack_from(order + "H", block, at)
    tags = {}
    for i in range(count):
        tag, kind = struct.unpack_from(order + "HH", block, at + 2 + 12 * i)
        if kind in (SHORT, LONG):
            (tags[tag],) = struct.unpack_from(order + ("H" if kind == SHORT else "I"), block, at + 10 + 12 * i)
    return tags


def _orientation(exif: bytes) -> int:
    """EXIF's orientation; 1, as it stands, where the block is damaged or says nothing."""
    try:
        orientation = _tags(exif.removeprefix(b"Exif\0\0")).get(ORIENTATION, 1)
    except struct.error:
        return 1
    return orientation if 1 <= orientation <= 8 else 1


PICTURES = {
    rb"\xff\xd8\xff": _jpeg,
    rb"\x89PNG\r\n\x1a\n": _png,
    rb"RIFF....WEBP": _webp,
    rb"BM.{12}[%s]\0\0\0" % b"".join(re.escape(bytes([size])) for size in sorted(BMP_HEADERS)): _bmp,
    rb"II\*\0|MM\0\*": _tiff,
}
"""How each format begins, and what reads its header."""
