"""What the loaders give, and what they say of damaged data: file and fix, before a run starts."""

import gzip
import io
import math
import shutil
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import DataError
from tests.train.server import serving
from train import data_command, datasets

COLUMNS = "split,path,label,kind,meter,display\n"


def idx(magic: int, shape: tuple[int, ...], content: bytes) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in (magic, *shape)) + content


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    images, labels = idx(2051, (3, 28, 28), bytes(3 * 784)), idx(2049, (3,), bytes([7, 2, 1]))
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    return tmp_path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "test" / "cellar").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "test" / "cellar" / "a.png"), np.full((20, 10, 3), 80, np.uint8))
    cv2.imwrite(str(tmp_path / "test" / "cellar" / "b.png"), np.full((30, 20, 3), 90, np.uint8))
    rows = "test,test/cellar/a.png,4.7,tenths,cellar,roller\ntest,test/cellar/b.png,NaN,nan,cellar,roller\n"
    (tmp_path / "index.csv").write_text(COLUMNS + rows)
    return tmp_path


def test_mnist_is_60000_and_10000_digits() -> None:
    images, labels = datasets.mnist("train")
    assert (images.shape, labels.shape, int(labels[0])) == ((60_000, 28, 28), (60_000,), 5)
    images, labels = datasets.mnist("test")
    assert (images.shape, int(labels[0]), int(images.max())) == ((10_000, 28, 28), 7, 255)


@pytest.mark.parametrize(("split", "count"), [("val", 1_078), ("test", 1_604)])
def test_the_meter_digits_of_a_split_are_all_there(split: str, count: int) -> None:
    digits = datasets.meter_digits(split)
    assert len(digits.crops) == len(digits.positions) == len(digits.kinds) == len(digits.meters) == count
    assert all(crop.ndim == 3 and crop.dtype == np.uint8 for crop in digits.crops)
    assert (np.isnan(digits.positions) == (np.array(digits.kinds) == "nan")).all()


def test_the_index_holds_every_picture_and_no_meter_twice() -> None:
    index = datasets.index()
    assert {split: len(rows) for split, rows in index.items()} == {"train": 20_499, "val": 1_078, "test": 1_604}
    meters = {split: {row.meter for row in rows} for split, rows in index.items()}
    assert not meters["train"] & (meters["val"] | meters["test"])
    assert not meters["val"] & meters["test"]


def test_idx_files_of_ones_own_are_read_plain_or_zipped(mnist: Path) -> None:
    plain = mnist / "t10k-labels-idx1-ubyte"
    plain.write_bytes(gzip.decompress((mnist / f"{plain.name}.gz").read_bytes()))
    (mnist / f"{plain.name}.gz").unlink()
    images, labels = datasets.mnist("test", folder=mnist)
    assert images.shape == (3, 28, 28)
    assert labels.tolist() == [7, 2, 1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(idx(2049, (3, 28, 28), bytes(3 * 784))), "starts with 2049; expected 2051"),
        (gzip.compress(idx(2051, (4, 28, 28), bytes(3 * 784))), r"2352 bytes of images for the shape \[4, 28, 28\]"),
        (gzip.compress(idx(2051, (3, 28, 28), bytes(3 * 784)))[:-9], "not a whole gzip file"),
        (b"<html>", "not a whole gzip file"),
        (gzip.compress(idx(2051, (2, 28, 28), bytes(2 * 784))), "2 images and 3 labels"),
        (gzip.compress(idx(2051, (0, 28, 28), b"")), "no images in it; put a whole one there"),
    ],
)
def test_a_damaged_idx_file_is_named_with_the_fix(mnist: Path, content: bytes, said: str) -> None:
    (mnist / "t10k-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(DataError, match=said):
        datasets.mnist("test", folder=mnist)


def test_a_label_of_ten_is_refused(mnist: Path) -> None:
    (mnist / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(2049, (3,), bytes([7, 10, 1]))))
    with pytest.raises(DataError, match="a label 10; expected digits 0 to 9"):
        datasets.mnist("test", folder=mnist)


def test_other_digits_under_mnists_names_are_refused(mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mnist / "mnist").mkdir()
    for file in mnist.glob("t10k*"):
        file.rename(mnist / "mnist" / file.name)
    monkeypatch.setenv("DIGITD_DATA", str(mnist))
    with pytest.raises(
        DataError, match=r"images-idx3-ubyte\.gz: its SHA-256 is not that of MNIST as published; delete it and get it again"
    ):
        datasets.mnist("test")


def test_a_missing_idx_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz: no such file"):
        datasets.mnist("test", folder=tmp_path)


def test_a_folder_of_ones_own_is_read(own: Path) -> None:
    digits = datasets.meter_digits("test", folder=own)
    assert [crop.shape for crop in digits.crops] == [(20, 10, 3), (30, 20, 3)]
    assert digits.positions[0] == 4.7
    assert math.isnan(digits.positions[1])
    assert (digits.kinds, digits.meters, digits.displays) == (["tenths", "nan"], ["cellar"] * 2, ["roller"] * 2)


def test_an_archive_in_place_of_the_files_is_read(own: Path) -> None:
    with tarfile.open(own / "test.tar.gz", "w:gz") as tar:
        tar.add(own / "test", "test")
    shutil.rmtree(own / "test")
    assert len(datasets.meter_digits("test", folder=own).crops) == 2


def test_a_picture_beside_an_archive_without_it_is_told(own: Path) -> None:
    with tarfile.open(own / "test.tar.gz", "w:gz") as tar:
        tar.add(own / "test", "other")
    with pytest.raises(DataError, match=r"index\.csv, line 2: \S+ is not in \S+test\.tar\.gz, which is read in place of the files"):
        datasets.meter_digits("test", folder=own)


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ("split,path\n", "no column label, kind, meter, display"),
        (COLUMNS + "test,a.png,10.0,tenths,m,roller\n", r"line 2: label '10.0' of kind tenths; expected a position in digits"),
        (COLUMNS + "test,a.png,x,integer,m,lcd\n", r"line 2: label 'x'"),
        (COLUMNS + "test,a.png,1.0,tenth,m,roller\n", r"line 2: kind 'tenth'; expected one of tenths, integer, nan"),
        (COLUMNS + "val,a.png,1.0,tenths,m,roller\n", "no picture of split test"),
        (COLUMNS + "test,gone.png,1.0,tenths,m,roller\n", "gone.png is missing; put the picture there, or take its row out"),
        (COLUMNS + "test,index.csv,1.0,tenths,m,roller\n", 'line 2: index.csv: text that begins "split,path'),
        (COLUMNS + "test,broken.png,1.0,tenths,m,roller\n", "line 2: broken.png does not decode as a picture"),
        (COLUMNS + "test,vast.png,1.0,tenths,m,roller\n", "line 2: vast.png has 60000 × 60000 pixels; expected a digit"),
    ],
)
def test_a_wrong_index_is_named_with_line_and_fix(own: Path, index: str, said: str) -> None:
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    (own / "broken.png").write_bytes(head + (20).to_bytes(4, "big") * 2)
    (own / "vast.png").write_bytes(head + (60_000).to_bytes(4, "big") * 2)
    (own / "index.csv").write_text(index)
    with pytest.raises(DataError, match=said):
        datasets.meter_digits("test", folder=own)


def test_digits_are_thinned_and_joined_with_all_that_is_known_of_them(own: Path) -> None:
    digits = datasets.meter_digits("test", folder=own)
    twice = digits.and_all(digits.every(2))
    assert [crop.shape[0] for crop in twice.crops] == [20, 30, 20]
    np.testing.assert_array_equal(twice.positions, [4.7, np.nan, 4.7])
    assert (twice.kinds, twice.displays, twice.meters) == (["tenths", "nan", "tenths"], ["roller"] * 3, ["cellar"] * 3)
    assert twice.paths == [*digits.paths, digits.paths[0]]
    assert len(digits.crops) == 2


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"index\.csv: no such file; expected a table with the columns split, path"):
        datasets.meter_digits("test", folder=tmp_path)


def packed(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def test_half_a_data_set_and_other_pictures_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data folders are named in the environment, as a user names them."""
    monkeypatch.setenv("DIGITD_DATA", str(tmp_path))
    archive = tmp_path / "meter-digits" / "val.tar.gz"
    archive.parent.mkdir()
    first = datasets.index()["val"][0].path
    for content, said in (({}, "is missing; delete the archive"), ({first: b"other"}, r"not the picture that the index names")):
        packed(archive, content)
        with pytest.raises(DataError, match=said):
            datasets.meter_digits("val")
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(DataError, match=r"val\.tar\.gz: not a whole tar\.gz file"):
        datasets.meter_digits("val")


def test_the_named_folder_comes_before_all_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITD_DATA", str(tmp_path))
    assert datasets.folders()[0] == tmp_path
    assert datasets.folders()[1].parts[-2:] == ("shared", "data")
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "train-labels-idx1-ubyte.gz").write_bytes(b"x")
    assert datasets.find("mnist/train-labels-idx1-ubyte.gz") == tmp_path / "mnist" / "train-labels-idx1-ubyte.gz"


def test_a_data_folder_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITD_DATA", str(tmp_path / "none"))
    with pytest.raises(DataError, match=r"DIGITD_DATA=.*none: no such folder"):
        datasets.folders()


def test_the_data_command_tells_what_is_there_and_what_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = data_command.status()
    assert [(row["data"], row["split"], row["pictures"], row["state"]) for row in rows] == [
        ("mnist", "train", 60_000, "checked"), ("mnist", "test", 10_000, "checked"), ("meter-digits", "train", 20_499, "checked"),
        ("meter-digits", "val", 1_078, "checked"), ("meter-digits", "test", 1_604, "checked"),
    ]  # fmt: skip
    monkeypatch.setenv("DIGITD_DATA", str(tmp_path))
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(b"x")
    damaged = data_command.status()[1]
    assert damaged["state"] == "damaged"
    assert str(tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz") in damaged["problem"]
    assert damaged["pictures"] is None
    assert "delete it and get it again: python -m train data --prepare" in data_command.table([damaged])


def test_prepare_gets_again_what_is_damaged_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "mnist/t10k-labels-idx1-ubyte.gz"
    whole = datasets.find(name)
    assert whole is not None
    monkeypatch.setenv("DIGITD_DATA", str(tmp_path))
    (tmp_path / "mnist").mkdir()
    (tmp_path / name).write_bytes(b"x")
    with serving() as server:
        server.files["t10k-labels-idx1-ubyte.gz"] = whole.read_bytes()
        data_command.prepare(tmp_path, mnist=(server.address,))
        assert (tmp_path / name).read_bytes() == whole.read_bytes()
        (tmp_path / name).write_bytes(b"somebody's own")
        data_command.prepare(tmp_path / "cache", mnist=(server.address,))
    assert (tmp_path / name).read_bytes() == b"somebody's own"
