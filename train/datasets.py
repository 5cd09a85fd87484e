"""The real digits: MNIST, and single digits of real meters, split by meter. Looked for, checked and read here.

A data folder holds `mnist/` (the four idx files) and `meter-digits/` (`train.tar.gz`, `val.tar.gz`, `test.tar.gz`). It is looked for in
DIGITD_DATA, in ../shared/data, and in the user's cache; what is in none of them is downloaded to the last (`train.downloads`).
What the meter digits are, to the byte, stands in the index that this package carries.
"""

import csv
import dataclasses
import functools
import hashlib
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

from edge.capture.formats import header
from edge.capture.pictures import MAX_PIXELS
from edge.errors import DataError, PictureError
from edge.inference.fitting import Task
from train import downloads, idx
from train.own_index import KINDS, SPLITS, Row, read_index

Image = npt.NDArray[np.uint8]
INDEX = Path(__file__).with_name("meter-digits.csv.xz")
MNIST_PREFIX = {"train": "train", "test": "t10k"}
WHAT = ("images-idx3-ubyte", "labels-idx1-ubyte")
"""Two files of MNIST are a split."""
GET_AGAIN = "get it again: python -m train data --prepare"


@dataclasses.dataclass(frozen=True)
class MeterDigits:
    """N pictures of single digits: crops uint8 [H, W, 3] (blue, green, red), positions in digits [N] (NaN: unreadable), and labels."""

    crops: list[Image]
    positions: npt.NDArray[np.float64]
    kinds: list[str]
    displays: list[str]
    meters: list[str]
    paths: list[str]

    def every(self, step: int) -> "MeterDigits":
        """One of `step` of them."""
        return MeterDigits(*(getattr(self, field.name)[::step] for field in dataclasses.fields(self)))

    def and_all(self, other: "MeterDigits") -> "MeterDigits":
        """These and the others, in this order."""
        return MeterDigits(
            self.crops + other.crops,
            np.concatenate([self.positions, other.positions]),
            self.kinds + other.kinds,
            self.displays + other.displays,
            self.meters + other.meters,
            self.paths + other.paths,
        )


def folders() -> list[Path]:
    """Where data is looked for, in this order; the last is where downloads go.

    Raises DataError where DIGITD_DATA names a folder that is not there.
    """
    named = os.environ.get("DIGITD_DATA")
    if named and not Path(named).is_dir():
        raise DataError(
            f"DIGITD_DATA={named}: no such folder; expected one that holds mnist/ or meter-digits/. Make it, or unset DIGITD_DATA"
        )
    shared = Path(__file__).parents[2] / "shared" / "data"
    return [*([Path(named)] if named else []), shared, downloads.cache()]


def find(name: str) -> Path | None:
    """The file `name` ("mnist/…", "meter-digits/…") in the first data folder that has it."""
    return next((folder / name for folder in folders() if (folder / name).is_file()), None)


def mnist(split: str, folder: Path | None = None) -> tuple[Image, npt.NDArray[np.uint8]]:
    """MNIST as published: images uint8 [N, 28, 28], white on black, and labels uint8 [N], for split "train" or "test".

    folder: idx files of one's own (gzip or plain) in place of the published ones. Raises DataError where a file is damaged, or not the
    published one.
    """
    images, labels = (_idx(_mnist_file(f"{MNIST_PREFIX[split]}-{what}", folder), what.partition("-")[0], folder) for what in WHAT)
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
        source, fix = folder / "index.csv", "put the picture there, or take its row out"
        rows, archive = read_index(source).get(split, []), folder / f"{split}.tar.gz"
    else:
        name, fix = f"meter-digits/{split}.tar.gz", f"delete the archive and {GET_AGAIN}"
        if (archive := find(name) or Path()) == Path():
            downloads.meter_digits(index(), downloads.cache())
            archive = downloads.cache() / name
        rows, source = index()[split], archive
    if not rows:
        raise DataError(f"{source}: no picture of split {split}; expected rows whose column split is {split}")
    pictures = dict(_members(archive, fix if folder is None else "pack it again")) if archive.is_file() else None
    crops = []
    for row in rows:
        path = source.parent / row.path
        content = pictures.get(row.path) if pictures is not None else path.read_bytes() if path.is_file() else None
        where = f"{source}, line {row.line}" if row.line else str(source)
        if content is None and pictures is not None and folder is not None:
            raise DataError(f"{where}: {row.path} is not in {archive}, which is read in place of the files beside it; pack it again")
        crops.append(_decoded(content, row, where, fix))
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


def get(task: Task) -> None:
    """Download what a task is learnt from and no data folder has. Raises DownloadError, or DataError where it cannot be written."""
    if task != "counter":
        for what in WHAT:
            _mnist_file(f"{MNIST_PREFIX['train']}-{what}", None)
    elif not all(find(f"meter-digits/{split}.tar.gz") for split in SPLITS):
        downloads.meter_digits(index(), downloads.cache())


def own_folder(folder: Path, expected: str = "real, synthetic, or a folder laid out as meter-digits") -> Path:
    """A folder that somebody named after --data. Raises DataError where there is none.

    expected: what else may be named there, and what a folder may be laid out as.
    """
    if folder.is_dir():
        return folder
    found = f"a file; name its folder: --data {folder.parent}" if folder.exists() else "no such folder"
    raise DataError(f"--data {folder}: {found}; expected {expected}")


def _mnist_file(name: str, folder: Path | None) -> Path:
    if folder is None:
        return find(f"mnist/{name}.gz") or downloads.mnist(f"{name}.gz", downloads.cache())
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise DataError(f"{folder / name}.gz: no such file; expected MNIST's four idx files, gzip or plain")


def _idx(path: Path, what: str, folder: Path | None) -> Image:
    content = path.read_bytes()
    if folder is None and hashlib.sha256(content).hexdigest() != downloads.MNIST_SHA256[path.name]:
        raise DataError(f"{path}: its SHA-256 is not that of MNIST as published; delete it and {GET_AGAIN}")
    return idx.parse(content, what, path, f"delete it and {GET_AGAIN}" if folder is None else "put a whole one there")


def _members(archive: Path, fix: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file in a tar.gz."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if member.isfile() and (file := tar.extractfile(member)) is not None:
                    yield member.name.removeprefix("./"), file.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{archive}: not a whole tar.gz file ({error}); {fix}") from error


def _decoded(content: bytes | None, row: Row, where: str, fix: str) -> Image:
    if content is None:
        raise DataError(f"{where}: {row.path} is missing; {fix}")
    if row.sha1 and hashlib.sha1(content, usedforsecurity=False).hexdigest() != row.sha1:
        raise DataError(f"{where}: {row.path} is not the picture that the index names (SHA-1 differs); {fix}")
    try:
        head = header(content, f"{where}: {row.path}")
    except PictureError as error:
        raise DataError(f"{error}; {fix}") from error
    if head.width * head.height > MAX_PIXELS:
        size = f"{head.width} × {head.height} pixels"
        raise DataError(f"{where}: {row.path} has {size}; expected a digit, and at most {MAX_PIXELS // 1_000_000} megapixels; {fix}")
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise DataError(f"{where}: {row.path} does not decode as a picture; {fix}")
    return np.asarray(picture, np.uint8)


def shares(rows: Iterable[Row]) -> dict[str, int]:
    """How many rows each kind of label has."""
    counts = dict.fromkeys(KINDS, 0)
    for row in rows:
        counts[row.kind] += 1
    return counts
