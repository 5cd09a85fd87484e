"""`digitd config` and `digitd check-config` as their user meets them."""

import json
from pathlib import Path

import pytest

from edge.cli import main

COUNTER = '[[counter]]\nname = "water"\nwindow = "314,33 554,194 522,240 282,79"\ndigits = 5\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "digitd.toml"


def test_what_config_prints_is_a_right_configuration(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config"]) == 0
    file.write_text(capsys.readouterr().out)
    assert main(["check-config", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: ok, no counter yet, from picamera2\n"


def test_a_right_configuration_is_summed_up(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(f'[camera]\nsource = "rtsp://me:secret@cam/1"\n{COUNTER}')
    assert main(["check-config", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: ok, water (5 digits, m³), from rtsp://…@cam/1\n"


def test_every_problem_is_a_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text('[camera]\nintervall = "5s"\nrotation = 45\n')
    assert main(["check-config", str(file)]) == 1
    said = capsys.readouterr()
    assert [line.split(": ")[0] for line in said.out.splitlines()] == [f"{file}:2:camera.intervall", f"{file}:3:camera.rotation"]
    assert said.err == ""


def test_scripts_get_an_object(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("[camera]\nrotation = 45\n")
    assert main(["check-config", str(file), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["file"]) == (False, str(file))
    (problem,) = told["problems"]
    assert set(problem) == {"file", "line", "key", "found", "expected", "fix"}
    assert (problem["line"], problem["key"], problem["found"]) == (3 - 1, "camera.rotation", "45")
    file.write_text("")
    assert main(["check-config", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(file), "ok": True, "problems": [], "notes": []}


def test_files_that_are_not_there_are_told_where_they_are_in_use(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(f'{COUNTER}reference = "water.jpg"\n[mqtt]\nhost = "broker"\npassword_file = "here"\n[http]\nenabled = true\n')
    (file.parent / "here").write_text("secret")
    assert main(["check-config", str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{file}:5:counter 1.reference", f"{file}:9:http.token_file"]
    assert f'found "{file.parent / "water.jpg"}", expected a file that is there' in lines[0]


def test_the_environment_is_checked_with_it(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("")
    monkeypatch.setenv("DIGITD_HTTP__PORT", "eighty")
    assert main(["check-config", str(file)]) == 1
    assert capsys.readouterr().out.startswith(
        'environment:DIGITD_HTTP__PORT: found "eighty", expected a whole number; set it for example to 80'
    )


def test_no_file_says_how_to_make_one(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", str(file)]) == 1
    assert f"write one: digitd config > {file}" in capsys.readouterr().out
