"""The real digits: MNIST, and single digits of real meters, split by meter. Looked for, checked and read here.

A data folder holds `mnist/` (the four idx files) and `meter-digits/` (`train.tar.gz`, `val.tar.gz`, `test.tar.gz`). It is looked for in
DIGITD_DATA, in ../shared/data, and in the user's cache; what is in none of them is downloaded to the last (`train.downloads`).
What the meter digits are, to the byte, stands in the index that this package carries.
"""

import csv
import dataclasses
import functools
import gzip
import hashlib
import io
import lzma
import os
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import DataError
from train import downloads

Image = npt.NDArray[np.uint8]
INDEX = Path(__file__).with_name("meter-digits.csv.xz")
SPLITS = ("train", "val", "test")
IDX_MAGIC = {"images": 2051, "labels": 2049}
MNIST_PREFIX = {"train": "train", "test": "t10k"}
COLUMNS = ("split", "path", "label", "kind", "meter", "display")
KINDS = ("tenths", "integer", "nan")


@dataclasses.dataclass(frozen=True)
class Row:
    """One picture of the index: where it lies (`<split>/<meter>/<file>`), what it shows, and its SHA-1 where that is known."""

    path: str
    position: float
    """Digits, 0 ≤ position < 10; NaN where it is unreadable on purpose."""
    kind: str
    meter: str
    display: str
    sha1: str = ""
    origin: str = ""


@dataclasses.dataclass(frozen=True)
class MeterDigits:
    """N pictures of single digits: crops uint8 [H, W, 3] (blue, green, red), positions in digits [N] (NaN: unreadable), and labels."""

    crops: list[Image]
    positions: npt.NDArray[np.float64]
    kinds: list[str]
    displays: list[str]
    meters: list[str]
    paths: list[str]


def folders() -> list[Path]:
    """Where data is looked for, in this order; the last is where downloads go."""
    named = os.environ.get("DIGITD_DATA")
    shared = Path(__file__).parents[2] / "shared" / "data"
    return [*([Path(named)] if named else []), shared, downloads.cache()]


def find(name: str) -> Path | None:
    """The file `name` ("mnist/…", "meter-digits/…") in the first data folder that has it."""
    return next((folder / name for folder in folders() if (folder / name).is_file()), None)


def mnist(split: str, folder: Path | None = None) -> tuple[Image, npt.NDArray[np.uint8]]:
    """MNIST as published: images uint8 [N, 28, 28], white on black, and labels uint8 [N], for split "train" or "test".

    folder: idx files of one's own (gzip or plain) in place of the published ones. Raises DataError where a file is damaged.
    """
    images, labels = (_idx(_mnist_file(f"{MNIST_PREFIX[split]}-{what}", folder), what.partition("-")[0]) for what in (
        "images-idx3-ubyte", "labels-idx1-ubyte"))  # fmt: skip
    if len(images) != len(labels):
        raise DataError(f"MNIST {split}: {len(images)} images and {len(labels)} labels; expected as many. Get both files from one place")
    if labels.max(initial=0) > 9:
        raise DataError(f"MNIST {split}: a label {labels.max()}; expected digits 0 to 9")
    return images, labels


def meter_digits(split: str, folder: Path | None = None) -> MeterDigits:
    """Digits of real meters of one split, every picture checked against the index.

    folder: a folder of one's own, laid out alike: `index.csv` with the columns split, path, label, kind, meter, display, and the files
    it names, or `<split>.tar.gz` with them. Raises DataError where one picture is missing, damaged or wrongly labelled.
    """
    if folder is not None:
        rows, archive, source = read_index(folder / "index.csv").get(split, []), folder / f"{split}.tar.gz", folder / "index.csv"
    else:
        name = f"meter-digits/{split}.tar.gz"
        if (archive := find(name) or Path()) == Path():
            downloads.meter_digits(index(), downloads.cache())
            archive = downloads.cache() / name
        rows, source = index()[split], archive
    if not rows:
        raise DataError(f"{source}: no picture of split {split}; expected rows whose column split is {split}")
    pictures = dict(_members(archive)) if archive.is_file() else None
    crops = []
    for row in rows:
        content = pictures.get(row.path) if pictures is not None else _content(source.parent / row.path)
        if content is None:
            raise DataError(f"{archive if pictures is not None else source.parent}: {row.path} is missing; {_fix(folder)}")
        crops.append(_decoded(content, row, folder, archive))
    positions = np.array([row.position for row in rows], np.float64)
    labels = ([getattr(row, name) for row in rows] for name in ("kind", "display", "meter", "path"))
    return MeterDigits(crops, positions, *labels)


@functools.cache
def index() -> dict[str, list[Row]]:
    """The published meter digits by split: 23,181 rows, with the SHA-1 of each picture and its path in the public repository."""
    rows: dict[str, list[Row]] = {split: [] for split in SPLITS}
    with lzma.open(INDEX, "rt", encoding="utf-8", newline="") as file:
        for entry in csv.DictReader(file):
            basename = re.sub(r"[^A-Za-z0-9_.+-]", "_", entry["origin"].rpartition("/")[2])
            path = f"{entry['split']}/{entry['meter'].replace('/', '_')}/{entry['sha1'][:10]}_{basename}"
            meter, display = entry["meter"], entry["display"]
            rows[entry["split"]].append(Row(path, float(entry["label"]), entry["kind"], meter, display, entry["sha1"], entry["origin"]))
    return rows


def read_index(path: Path) -> dict[str, list[Row]]:
    """The rows of somebody's own `index.csv`, by split.

    Raises DataError naming file, line and what is wrong: a missing column, a label off the circle, a kind that is none.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; expected a table with the columns {', '.join(COLUMNS)}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text; expected a table with the columns {', '.join(COLUMNS)}") from error
    table = csv.DictReader(io.StringIO(text))
    if missing := [name for name in COLUMNS if name not in (table.fieldnames or ())]:
        raise DataError(f"{path}: no column {', '.join(missing)}; expected {', '.join(COLUMNS)}")
    rows: dict[str, list[Row]] = {}
    for entry in table:
        where = f"{path}, line {table.line_num}"
        kind, label = entry["kind"], entry["label"]
        if kind not in KINDS:
            raise DataError(f"{where}: kind {kind!r}; expected one of {', '.join(KINDS)}")
        if kind != "nan" and not re.fullmatch(r"\d(\.\d+)?", label or ""):
            raise DataError(
                f"{where}: label {label!r} of kind {kind}; expected a position in digits, 0 or more and less than 10, such as 4.7"
            )
        position = float("nan") if kind == "nan" else float(label)
        rows.setdefault(entry["split"], []).append(
            Row(entry["path"], position, kind, entry["meter"], entry["display"], entry.get("sha1") or "")
        )
    return rows


def _mnist_file(name: str, folder: Path | None) -> Path:
    if folder is None:
        return find(f"mnist/{name}.gz") or downloads.mnist(f"{name}.gz", downloads.cache())
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise DataError(f"{folder / name}.gz: no such file; expected MNIST's four idx files, gzip or plain")


def _idx(path: Path, what: str) -> Image:
    """An idx file of unsigned bytes: images [N, 28, 28] or labels [N]. Source of the format: LeCun's MNIST page."""
    fix = "delete it and get it again: python -m train data --prepare"
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: not a whole gzip file ({error}); {fix}") from error
    magic = int.from_bytes(content[:4], "big")
    if magic != IDX_MAGIC[what]:
        raise DataError(f"{path}: starts with {magic}; expected {IDX_MAGIC[what]}, the idx format's mark of {what}. {fix.capitalize()}")
    dimensions = 3 if what == "images" else 1
    header = 4 + 4 * dimensions
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, header, 4)]
    if len(content) - header != int(np.prod(shape)) or shape[1:] != [28, 28][: dimensions - 1]:
        raise DataError(f"{path}: {len(content) - header} bytes of {what} for the shape {shape} it names; {fix}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file in a tar.gz."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if member.isfile() and (file := tar.extractfile(member)) is not None:
                    yield member.name.removeprefix("./"), file.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{archive}: not a whole tar.gz file ({error}); delete it and get it again: python -m train data --prepare"
        ) from error


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _decoded(content: bytes, row: Row, folder: Path | None, archive: Path) -> Image:
    if row.sha1 and hashlib.sha1(content, usedforsecurity=False).hexdigest() != row.sha1:
        raise DataError(f"{archive}: {row.path} is not the picture that the index names (SHA-1 differs); {_fix(folder)}")
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if picture is None:
        raise DataError(f"{folder or archive}: {row.path} does not decode as a picture; {_fix(folder)}")
    return np.asarray(picture, np.uint8)


def _fix(folder: Path | None) -> str:
    if folder is None:
        return "delete the archive and get it again: python -m train data --prepare"
    return "put the picture there, or take its row out of index.csv"


def shares(rows: Iterable[Row]) -> dict[str, int]:
    """How many rows each kind of label has."""
    counts = dict.fromkeys(KINDS, 0)
    for row in rows:
        counts[row.kind] += 1
    return counts
