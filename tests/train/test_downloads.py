"""Downloads against a server on this machine that breaks off, lies, is slow, or is not there."""

import errno
import fcntl
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.errors import DataError, DownloadError
from tests.train.server import Server, serving
from train import downloads
from train.own_index import Row

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        server.files["digits.gz"] = CONTENT
        yield server


def fetch(server: Server, folder: Path, *names: str, retries: int = 2) -> Path:
    return downloads.fetch("digits.gz", [server.address + name for name in names], folder, SHA256, retries=retries)


def test_a_file_arrives_whole_and_alone(server: Server, tmp_path: Path) -> None:
    path = fetch(server, tmp_path, "digits.gz")
    assert path == tmp_path / "digits.gz"
    assert path.read_bytes() == CONTENT
    assert [file.name for file in tmp_path.iterdir()] == ["digits.gz"]


def test_a_file_that_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path, "digits.gz")
    fetch(server, tmp_path, "digits.gz")
    assert len(server.asked) == 1


def test_a_broken_download_goes_on_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.broken["digits.gz"] = 1
    assert fetch(server, tmp_path, "digits.gz").read_bytes() == CONTENT
    assert [name for name, _ in server.asked] == ["digits.gz"] * 2
    resumed = re.fullmatch(r"bytes=(\d+)-", server.asked[1][1] or "")
    assert resumed is not None
    assert len(CONTENT) // 2 - downloads.CHUNK_BYTES <= int(resumed[1]) <= len(CONTENT) // 2


def test_a_download_that_keeps_breaking_is_told_and_leaves_no_file(server: Server, tmp_path: Path) -> None:
    server.broken["digits.gz"] = 9
    with pytest.raises(DownloadError, match=r"digits\.gz: the connection broke off"):
        fetch(server, tmp_path, "digits.gz", retries=0)
    assert not (tmp_path / "digits.gz").exists()


def test_the_mirror_is_asked_where_the_first_address_has_nothing(server: Server, tmp_path: Path) -> None:
    assert fetch(server, tmp_path, "gone.gz", "digits.gz", retries=0).read_bytes() == CONTENT
    assert [name for name, _ in server.asked] == ["gone.gz", "digits.gz"]


def test_other_bytes_than_the_pinned_are_refused(server: Server, tmp_path: Path) -> None:
    server.files["digits.gz"] = CONTENT[:-1] + b"x"
    with pytest.raises(DownloadError, match=r"digits\.gz: its SHA-256 is not the pinned one"):
        fetch(server, tmp_path, "digits.gz", retries=1)
    assert list(tmp_path.iterdir()) == []


def test_each_address_is_named_with_what_it_gave_and_both_ways_out(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError) as told:
        fetch(server, tmp_path / "mnist", "gone.gz", retries=0)
    assert str(told.value).startswith("mnist is not whole in any data folder, and digits.gz could not be downloaded (")
    for words in ("gone.gz: 404 Not Found", "a folder that holds mnist/ in DIGITD_DATA", "internet", "--data synthetic"):
        assert words in str(told.value)


def test_no_server_is_no_connection(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="no connection"):
        downloads.fetch("digits.gz", ["http://127.0.0.1:9/digits.gz"], tmp_path, SHA256, retries=0)


def test_a_server_that_does_not_answer_is_left(server: Server, tmp_path: Path) -> None:
    server.slow.add("slow.gz")
    addresses = [server.address + "slow.gz", server.address + "digits.gz"]
    path = downloads.fetch("digits.gz", addresses, tmp_path, SHA256, retries=0, timeout_s=0.5)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("silent", ["slow", "stalled"])
def test_a_server_that_falls_silent_is_told_from_one_that_is_not_there(server: Server, tmp_path: Path, silent: str) -> None:
    getattr(server, silent).add("digits.gz")
    with pytest.raises(DownloadError, match=r"digits\.gz: no answer in time"):
        downloads.fetch("digits.gz", [f"{server.address}digits.gz"], tmp_path, SHA256, retries=0, timeout_s=0.5)
    assert not (tmp_path / "digits.gz").exists()


def test_a_folder_that_cannot_be_written_to_is_told_with_both_ways_out(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file/cache: cannot be written to .* DIGITD_DATA, .* --data synthetic"):
        fetch(server, tmp_path / "file" / "cache", "digits.gz")


def test_two_who_want_the_same_file_at_once_fetch_it_once(server: Server, tmp_path: Path) -> None:
    """The models that train side by side do."""
    server.paced.add("digits.gz")
    with ThreadPoolExecutor() as threads:
        paths = list(threads.map(lambda _: fetch(server, tmp_path / "mnist", "digits.gz"), range(3)))
    assert [path.read_bytes() for path in paths] == [CONTENT] * 3
    assert [name for name, _ in server.asked] == ["digits.gz"]


def test_where_files_know_no_locks_they_are_fetched_all_the_same(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    assert fetch(server, tmp_path, "digits.gz").read_bytes() == CONTENT


def repository(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"Tenth-of-step-of-a-meter-digit-ebf9b2b/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def row(name: str, content: bytes) -> Row:
    return Row(f"train/a/{name}", 1.0, "tenths", "a", "roller", hashlib.sha1(content).hexdigest(), f"images/{name}")


def test_the_index_picks_its_pictures_out_of_the_repository(server: Server, tmp_path: Path) -> None:
    server.files["repository"] = repository({"images/1.jpg": b"one", "images/2.jpg": b"two", "README.md": b"no picture"})
    downloads.meter_digits({"train": [row("2.jpg", b"two")], "val": [row("1.jpg", b"one")]}, tmp_path, [server.address + "repository"])
    with tarfile.open(tmp_path / "meter-digits" / "train.tar.gz") as tar:
        assert tar.getnames() == ["train/a/2.jpg"]
        file = tar.extractfile("train/a/2.jpg")
        assert file is not None
        assert file.read() == b"two"
    assert sorted(path.name for path in (tmp_path / "meter-digits").iterdir()) == ["train.tar.gz", "val.tar.gz"]


def test_two_who_want_the_repository_at_once_fetch_it_once(server: Server, tmp_path: Path) -> None:
    server.files["repository"] = repository({"images/1.jpg": b"one"})
    server.paced.add("repository")
    wanted = {"train": [row("1.jpg", b"one")]}
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda _: downloads.meter_digits(wanted, tmp_path, [server.address + "repository"]), range(2)))
    assert (tmp_path / "meter-digits" / "train.tar.gz").exists()
    assert [name for name, _ in server.asked] == ["repository"]


@pytest.mark.parametrize(("content", "said"), [(b"other", r"another picture \(SHA-1 differs\)"), (None, "missing")])
def test_a_repository_that_is_not_the_pinned_one_leaves_nothing(server: Server, tmp_path: Path, content: bytes | None, said: str) -> None:
    server.files["repository"] = repository({} if content is None else {"images/1.jpg": content})
    with pytest.raises(DataError, match=f"images/1.jpg is {said}"):
        downloads.meter_digits({"train": [row("1.jpg", b"one")]}, tmp_path, [server.address + "repository"])
    assert list((tmp_path / "meter-digits").iterdir()) == []


def test_a_repository_with_a_turned_bit_is_no_whole_archive(server: Server, tmp_path: Path) -> None:
    content = bytearray(repository({"images/1.jpg": bytes(range(256)) * 400}))
    content[20] ^= 0xFF
    server.files["repository"] = bytes(content)
    with pytest.raises(DownloadError, match="not a whole archive"):
        downloads.meter_digits({"train": [row("1.jpg", b"one")]}, tmp_path, [server.address + "repository"])


def test_a_repository_that_is_no_archive_is_fetched_anew_the_next_time(server: Server, tmp_path: Path) -> None:
    server.files["repository"] = b"<html>sign in</html>"
    with pytest.raises(DownloadError, match="not a whole archive"):
        downloads.meter_digits({"train": [row("1.jpg", b"one")]}, tmp_path, [server.address + "repository"])
    server.files["repository"] = repository({"images/1.jpg": b"one"})
    downloads.meter_digits({"train": [row("1.jpg", b"one")]}, tmp_path, [server.address + "repository"])
    assert (tmp_path / "meter-digits" / "train.tar.gz").exists()
