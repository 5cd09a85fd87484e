"""What is downloaded, from where, and how it is known to be whole: pinned addresses, a mirror of each, SHA-256.

pooch fetches, checks and retries, and puts a file in place only once it is whole; what arrived before a break is kept and continued.
"""

import contextlib
import fcntl
import functools
import hashlib
import io
import logging
import os
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pooch
import requests
from tqdm import tqdm

from edge.errors import DataError, DownloadError
from train.own_index import Row

MNIST_SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
MNIST_ADDRESSES = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
METER_REPOSITORY = "haverland/Tenth-of-step-of-a-meter-digit"
METER_COMMIT = "ebf9b2ba33b56a45d97b5463d19e8035d4afbb12"
METER_ADDRESSES = (
    f"https://codeload.github.com/{METER_REPOSITORY}/tar.gz/{METER_COMMIT}",
    f"https://github.com/{METER_REPOSITORY}/archive/{METER_COMMIT}.tar.gz",
)
"""GitHub promises no fixed bytes for such an archive, so each picture in it is checked by the SHA-1 of the index instead."""
TIMEOUT_S = 30
RETRIES = 2
CHUNK_BYTES = 1 << 16


def cache() -> Path:
    """The user's cache, where downloads go: ~/.cache/digitd on Linux."""
    return Path(pooch.os_cache("digitd"))


def mnist(name: str, root: Path, addresses: Sequence[str] = MNIST_ADDRESSES) -> Path:
    """Fetch one of MNIST's four files into `root`/mnist; returns its path.

    Raises DownloadError where no address gives it whole.
    """
    return fetch(name, [address + name for address in addresses], root / "mnist", MNIST_SHA256[name])


def meter_digits(index: Mapping[str, Sequence[Row]], root: Path, addresses: Sequence[str] = METER_ADDRESSES) -> None:
    """Fetch the public repository and put the pictures of `index` into `root`/meter-digits/<split>.tar.gz.

    Raises DownloadError where no address gives the repository, DataError where a picture of the index is not in it, or the folder cannot
    be written to.
    """
    folder = root / "meter-digits"
    with _alone(folder) as waited:
        if waited and all((folder / f"{split}.tar.gz").is_file() for split in index):
            return
        archive = _fetched("repository.tar.gz", addresses, folder, None)
        try:
            pictures = _picked(archive, {row.origin for rows in index.values() for row in rows})
            for split, rows in index.items():
                _pack(folder / f"{split}.tar.gz", rows, pictures)
        finally:
            archive.unlink(missing_ok=True)  # what is damaged must not be taken for whole the next time


def fetch(
    name: str, addresses: Sequence[str], folder: Path, sha256: str | None, *, retries: int = RETRIES, timeout_s: float = TIMEOUT_S
) -> Path:
    """Fetch the file `name` into `folder` from the first of `addresses` that gives it whole; one that is there already is taken, and one
    that another process is fetching is waited for.

    sha256: hexadecimal, None where the address promises no fixed bytes. Raises DownloadError naming each address and what it gave,
    DataError where `folder` cannot be written to.
    """
    with _alone(folder):
        return _fetched(name, addresses, folder, sha256, retries=retries, timeout_s=timeout_s)


def _fetched(
    name: str, addresses: Sequence[str], folder: Path, sha256: str | None, *, retries: int = RETRIES, timeout_s: float = TIMEOUT_S
) -> Path:
    log = pooch.get_logger()
    log.setLevel(logging.CRITICAL)
    reasons = []
    for address in addresses:
        registry = {name: f"sha256:{sha256}" if sha256 else None}
        source = pooch.create(folder, base_url="", registry=registry, urls={name: address}, retry_if_failed=retries)
        try:
            return Path(source.fetch(name, downloader=functools.partial(_continued, folder / f".{name}.part", timeout_s)))
        except (requests.RequestException, ValueError, ConnectionError, TimeoutError) as error:
            reasons.append(f"{address}: {_reason(error)}")
    raise DownloadError(
        f"{folder.name} is not whole in any data folder, and {name} could not be downloaded ({'; '.join(reasons)}). Connect this machine "
        f"to the internet, or name a folder that holds {folder.name}/ in DIGITD_DATA. `--data synthetic` trains on rendered digits and "
        "needs neither"
    )


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Nobody else downloads into `folder` meanwhile; whether somebody did, and had to be waited for. Raises DataError that names the ways
    out where it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, waited = os.open(folder, os.O_RDONLY), False
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waited = True
                fcntl.flock(handle, fcntl.LOCK_EX)
            except OSError:
                pass  # a network's file system that knows no locks
            yield waited
        finally:
            os.close(handle)
    except DownloadError:
        raise
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be written to ({error.strerror or error}); name a folder that holds the data in DIGITD_DATA, or train on "
            "rendered digits: --data synthetic"
        ) from error


def _continued(part: Path, timeout_s: float, address: str, output: str | IO[Any], _: pooch.Pooch) -> None:
    """A downloader for pooch that goes on where an earlier one broke off, where the server can."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {"Accept-Encoding": "identity"}
    with requests.get(address, headers=headers, stream=True, timeout=timeout_s) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            part.unlink()  # it was whole, or longer than whole: begin again
        response.raise_for_status()
        resumes = response.status_code == requests.codes.partial_content
        have = have if resumes else 0
        length = int(response.headers.get("Content-Length", 0))
        bar = tqdm(
            total=have + length or None, initial=have, unit="B", unit_scale=True, desc=part.name.strip("."), disable=not sys.stderr.isatty()
        )
        with bar, part.open("ab" if resumes else "wb") as file:
            for chunk in response.iter_content(CHUNK_BYTES):
                file.write(chunk)
                bar.update(len(chunk))
    if length and part.stat().st_size < have + length:
        raise ConnectionError(f"{part.stat().st_size:,} of {have + length:,} bytes arrived")
    # Whole, as far as the server says: if its SHA-256 is wrong, the next try must begin anew.
    part.replace(str(output))


def _reason(error: Exception) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):  # in the middle of a file it is a ConnectionError
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if "does not match the known hash" in str(error):
        return "its SHA-256 is not the pinned one"
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _picked(archive: Path, wanted: set[str]) -> dict[str, bytes]:
    """The files of a repository's archive whose paths inside the repository are `wanted`."""
    pictures = {}
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tqdm(tar, unit=" files", desc="picking pictures", disable=not sys.stderr.isatty()):
                path = member.name.partition("/")[2]  # GitHub puts all into one folder
                if path in wanted and (file := tar.extractfile(member)) is not None:
                    pictures[path] = file.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DownloadError(f"{archive.name}: not a whole archive ({error}); run the command again") from error
    return pictures


def _pack(path: Path, rows: Iterable[Row], pictures: Mapping[str, bytes]) -> None:
    """Write the pictures of one split as a tar.gz, each checked; the archive appears whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as unfinished:
        try:
            with tarfile.open(fileobj=unfinished, mode="w:gz", compresslevel=1) as tar:
                for name, content in _checked(rows, pictures):
                    member = tarfile.TarInfo(name)
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
        except BaseException:
            Path(unfinished.name).unlink()
            raise
    Path(unfinished.name).replace(path)


def _checked(rows: Iterable[Row], pictures: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for row in rows:
        content = pictures.get(row.origin)
        if content is None or hashlib.sha1(content, usedforsecurity=False).hexdigest() != row.sha1:
            state = "missing" if content is None else "another picture (SHA-1 differs)"
            raise DataError(f"{METER_REPOSITORY} at {METER_COMMIT[:8]}: {row.origin} is {state}; the archive is not the pinned one")
        yield row.path, content
