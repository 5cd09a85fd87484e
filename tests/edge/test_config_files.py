"""Files that the daemon's file names: what is wrong with them, told by file, line and key."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cli import main
from edge.config.load import load
from edge.config.problems import Problem
from edge.errors import ConfigError
from tests.test_arrows import ROOT

TOKEN = "q3Zt8vYw1KpLx5Rb9NsD2fGh"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "digitd.toml"


def kept(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def told(file: Path, text: str, capsys: pytest.CaptureFixture[str]) -> list[Problem]:
    """What check-config tells, which is what stops the daemon as well."""
    file.write_text(text)
    code = main(["check-config", str(file), "--json"])
    problems = [Problem(**each) for each in json.loads(capsys.readouterr().out)["problems"]]
    assert code == int(bool(problems))
    if problems:
        with pytest.raises(ConfigError) as raised:
            load(file, {}, files=True)
        assert str(raised.value).splitlines() == [str(each) for each in problems]
    else:
        load(file, {}, files=True)
    return problems


def as_nobody(folder: Path, work: Callable[[], bool]) -> bool:
    """Whether it is so for a user who may enter the folder and read nothing that is not everybody's."""
    for each in [folder, *folder.parents][:-2]:
        each.chmod(each.stat().st_mode | 0o011)
    pid = os.fork()
    if pid == 0:
        so = False
        try:
            os.setuid(65534)
            so = work()
        finally:
            os._exit(0 if so else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize(
    ("content", "mode", "found", "fix"),
    [
        (TOKEN.encode(), 0o644, "open to everybody on this machine (mode 0644)", "chmod 600"),
        (b"abc", 0o600, "3 characters, 3 different ones, which can be guessed", "make one: (umask 077"),
        (b"\n", 0o600, "empty", "make one: (umask 077"),
        (None, 0, "no such file", "make one: (umask 077"),
    ],
)
def test_a_token_that_the_daemon_would_refuse_is_told(
    file: Path, content: bytes | None, mode: int, found: str, fix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    token = file.parent / "token"
    if content is not None:
        kept(token, content, mode)
    (problem,) = told(file, '[http]\nenabled = true\ntoken_file = "token"\n', capsys)
    assert (problem.line, problem.key, problem.found) == (3, "http.token_file", f'"{token}": {found}')
    assert problem.expected == "a line of 24 or more random letters and digits"
    assert problem.fix.startswith(fix)


def test_a_good_token_is_nothing_to_tell(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept(file.parent / "token", TOKEN.encode())
    assert told(file, "[http]\nenabled = true\n", capsys) == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[mqtt]\nhost = "b"\npassword_file = "x"\n', "mqtt.password_file"),
        ('[camera]\nsource = "rtsp://cam/1"\npassword_file = "x"\n', "camera.password_file"),
        ('[webhook]\nurl = "http://h/"\ntoken_file = "x"\n', "webhook.token_file"),
        ('[influx]\nurl = "http://h/"\ntoken_file = "x"\n', "influx.token_file"),
        ('[mqtt]\nhost = "b"\nca_file = "x"\n', "mqtt.ca_file"),
    ],
)
def test_secrets_and_certificates_are_there(file: Path, text: str, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    (missing,) = told(file, text, capsys)
    assert (missing.line, missing.key) == (3, key)
    (file.parent / "x").mkdir()
    (folder,) = told(file, text, capsys)
    assert (folder.line, folder.key) == (3, key)
    (file.parent / "x").rmdir()
    kept(file.parent / "x", b"secret")
    assert told(file, text, capsys) == []


@pytest.mark.parametrize(("content", "found"), [(b"", "empty"), (b"\n", "empty"), (b"\xff\xfe", "not text")])
def test_a_secret_is_one_line_of_text(file: Path, content: bytes, found: str, capsys: pytest.CaptureFixture[str]) -> None:
    password = kept(file.parent / "password", content)
    (problem,) = told(file, '[mqtt]\nhost = "b"\npassword_file = "password"\n', capsys)
    assert (problem.key, problem.found) == ("mqtt.password_file", f'"{password}": {found}')


def test_files_of_what_is_not_in_use_are_not_looked_at(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '[mqtt]\npassword_file = "x"\n[webhook]\ntoken_file = "x"\n[influx]\ntoken_file = "x"\n[http]\ntoken_file = "x"\n'
    assert told(file, text, capsys) == []


def test_a_file_that_the_environment_names_is_told_by_its_variable(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('[mqtt]\nhost = "b"\n')
    monkeypatch.setenv("DIGITD_MQTT__PASSWORD_FILE", "x")
    assert main(["check-config", str(file)]) == 1
    assert capsys.readouterr().out.startswith(f'environment:DIGITD_MQTT__PASSWORD_FILE: found "{file.parent / "x"}"')


COUNTER = '[[counter]]\nname = "water"\nwindow = "10,10 90,10 90,30 10,30"\ndigits = 5\n'
MODELS = ROOT / "models"


def picture(path: Path, width: int, height: int) -> Path:
    cv2.imwrite(str(path), np.tile(np.arange(width, dtype=np.uint8), (height, 1)))
    return path


def test_a_reference_is_a_picture_all_of_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = picture(file.parent / "ref.png", 100, 80)
    assert told(file, f'{COUNTER}reference = "ref.png"\n', capsys) == []
    whole = reference.read_bytes()
    reference.write_bytes(whole[: len(whole) // 2])
    (cut,) = told(file, f'{COUNTER}reference = "ref.png"\n', capsys)
    assert (cut.line, cut.key) == (5, "counter 1.reference")
    assert "cut short" in cut.found
    assert cut.fix == "copy it again from where it came"
    reference.write_text("hello")
    (text,) = told(file, f'{COUNTER}reference = "ref.png"\n', capsys)
    assert text.found == f'"{reference}": text that begins "hello"'
    assert text.expected == "a JPEG, PNG, BMP, WebP or TIFF picture"


@pytest.mark.parametrize(
    ("name", "change", "found", "fix"),
    [
        ("lenet5-handwritten", b"", "lenet5-handwritten reads handwriting", "name another file, or leave it out"),
        ("lenet5-counter", b"x", "SHA-256 ", "take file and card from the same release"),
        ("text", b"hello", "text.json: no such file", "a model comes with its card"),
    ],
)
def test_a_model_fits_its_card_and_reads_counters(
    file: Path, name: str, change: bytes, found: str, fix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for each in MODELS.glob(f"{name}.*"):
        shutil.copy(each, file.parent)
    with (file.parent / f"{name}.tflite").open("ab") as model:
        model.write(change)
    (problem,) = told(file, f'{COUNTER}model = "{name}.tflite"\n', capsys)
    assert (problem.line, problem.key) == (5, "counter 1.model")
    assert found in problem.found
    assert problem.fix.startswith(fix)


def test_a_model_that_fits_is_nothing_to_tell(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(file, f'{COUNTER}model = "{MODELS / "lenet5-counter.tflite"}"\n', capsys) == []


def test_what_is_wrong_with_files_is_told_with_all_else_that_is_wrong(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file.parent / "text.jpg").write_text("hello")
    picture(file.parent / "small.png", 50, 20)
    text = """[camera]
rotation = 45
source = 5
[[counter]]
name = "one"
digits = 99
decimals = 8
reference = "text.jpg"
[[counter]]
name = "two"
window = "10,10 90,10 90,30 10,30"
digits = "many"
reference = "small.png"
model = "none.tflite"
[[counter]]
reference = "none.jpg"
[mqtt]
host = "b"
password_file = "none"
port = 0
"""
    assert [(each.line, each.key) for each in told(file, text, capsys)] == [
        (2, "camera.rotation"), (3, "camera.source"), (4, "counter 1.window"), (6, "counter 1.digits"), (8, "counter 1.reference"),
        (12, "counter 2.digits"), (13, "counter 2.reference"), (14, "counter 2.model"), (15, "counter 3.name"), (15, "counter 3.window"),
        (15, "counter 3.digits"), (16, "counter 3.reference"), (19, "mqtt.password_file"), (20, "mqtt.port"),
    ]  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_file_that_only_root_may_read_is_a_note_to_others_and_stops_a_daemon_that_may_not(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(file.parent / "token", TOKEN.encode())
    kept(file.parent / "password", b"secret")
    closed = file.parent / "closed"
    closed.mkdir(mode=0o700)
    kept(closed / "ca.pem", b"certificate")
    file.write_text('[mqtt]\nhost = "b"\npassword_file = "password"\nca_file = "closed/ca.pem"\n[http]\nenabled = true\n')

    def noted() -> bool:
        code = main(["check-config", str(file)])
        first, *notes = capsys.readouterr().out.splitlines()
        return (code, first.startswith(f"{file}: ok"), [note.split(": found")[0] for note in notes]) == (
            0, True, [f"note: {file}:3:mqtt.password_file", f"note: {file}:4:mqtt.ca_file", f"note: {file}:5:http.token_file"],
        )  # fmt: skip

    def stopped() -> bool:
        try:
            load(file, {}, files=True)
        except ConfigError as error:
            return [line.split(": ")[0] for line in str(error).splitlines()] == [
                f"{file}:3:mqtt.password_file", f"{file}:4:mqtt.ca_file", f"{file}:5:http.token_file",
            ]  # fmt: skip
        return False

    assert as_nobody(file.parent, noted)
    assert as_nobody(file.parent, stopped)
