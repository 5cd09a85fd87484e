"""The file with the token: what is taken, and what is refused with what to do."""

import os
import subprocess
from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.web.auth import read_token

GOOD = "q3Zt8vYw1KpLx5Rb9NsD2fGh"


def token_file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "token"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
@pytest.mark.parametrize("content", [GOOD, f"{GOOD}\n", f" {GOOD}\r\n", f"{GOOD}+/=-_.~" * 8])
def test_a_good_token_is_taken_without_what_editors_add(tmp_path: Path, content: str, mode: int) -> None:
    assert read_token(token_file(tmp_path, content.encode(), mode)) == content.strip()


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o666, 0o777])
def test_one_that_everybody_can_read_or_write_is_no_secret(tmp_path: Path, mode: int) -> None:
    path = token_file(tmp_path, GOOD.encode(), mode)
    with pytest.raises(ConfigError, match=rf"open to everybody on this machine \(mode {mode:04o}\).*chmod 600 {path}"):
        read_token(path)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty"), (b"\n", "empty"), (b"secret", "6 characters"), (b"a" * 64, "1 different ones"), (b"abcabcabc" * 8, "3 different"),
        (GOOD.encode()[:-1], "23 characters"), (f"{GOOD}\n{GOOD}".encode(), "not one line"), (f"{GOOD} {GOOD}".encode(), "not one line"),
        (f"{GOOD}é".encode(), "not one line"), (f"{GOOD}\0".encode(), "not one line"), (GOOD.encode() * 50, "not one line"),
    ],
)  # fmt: skip
def test_one_that_can_be_guessed_or_is_none_is_refused_with_how_to_make_one(tmp_path: Path, content: bytes, found: str) -> None:
    with pytest.raises(ConfigError, match=found) as refused:
        read_token(token_file(tmp_path, content))
    assert "make one: " in str(refused.value)
    assert GOOD not in str(refused.value)


def test_what_the_error_says_to_do_makes_a_token_that_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with pytest.raises(ConfigError, match="no such file") as refused:
        read_token(path)
    subprocess.run(str(refused.value).partition("make one: ")[2], shell=True, check=True)
    assert len(read_token(path)) >= 24


def test_a_folder_is_no_token(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_token(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_one_that_digitd_may_not_read_is_told_from_one_that_is_missing(tmp_path: Path) -> None:
    path = token_file(tmp_path, GOOD.encode())
    for folder in [tmp_path, *tmp_path.parents][:-2]:
        folder.chmod(folder.stat().st_mode | 0o011)
    pid = os.fork()
    if pid == 0:
        os.setuid(65534)
        try:
            read_token(path)
        except ConfigError as error:
            os._exit(0 if "cannot be read (Permission denied)" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
