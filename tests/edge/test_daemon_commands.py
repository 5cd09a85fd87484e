"""`digitd doctor`, `demo` and `bench`, as their users run them."""

import json
from pathlib import Path

import pytest

from bench.mosquitto import free_port
from edge.commands import bench, demo, doctor
from tests.edge.commanded import command
from tests.edge.daemons import configured


def checked(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, object]]]:
    code = command(doctor, "--config", path, "--json")
    return code, {check["name"]: check for check in map(json.loads, capsys.readouterr().out.splitlines())}


def test_doctor_finds_a_sound_set_up_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = checked(configured(tmp_path), capsys)
    assert code == 0
    assert {name for name, check in found.items() if check["well"]} >= {
        "configuration", "model and runtime", "camera", "database", "disk", "clock",
    }  # fmt: skip
    assert found["broker"]["well"] is None


def test_doctor_names_what_is_wrong_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = configured(tmp_path, more=f'[mqtt]\nhost = "127.0.0.1"\nport = {free_port()}\n')
    path.write_text(path.read_text().replace('source = "simulated:?digits=7&decimals=1&rate=600"', 'source = "v4l2:/dev/no-such"'))
    code, found = checked(path, capsys)
    assert code == 1
    assert (found["camera"]["well"], found["broker"]["well"], found["database"]["well"]) == (False, False, True)
    assert "/dev/no-such" in str(found["camera"]["found"])
    assert "camera.source" in str(found["camera"]["fix"])
    assert "mqtt.host" in str(found["broker"]["fix"])


def test_doctor_without_a_configuration_says_how_to_see_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(doctor, "--config", tmp_path / "none.toml") == 1
    told = capsys.readouterr().out
    assert "!!  configuration" in told
    assert "→ digitd check-config" in told


def test_the_demo_shows_truth_and_reading_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(demo, "--frames", 30, "--fps", 0) == 0
    head, *lines, tally = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["counter", "truth", "read"]
    assert len(lines) == 60
    assert int(tally.split()[0]) >= 55
    assert tally.endswith("of 60 readings right to a step of the last wheel")


def test_the_bench_tells_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(bench, "--frames", 10, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"spinning", "running", "resting", "rss_mb"}
    assert set(told["running"]) == {"align", "window", "inference", "decode", "all"}
    assert command(bench, "--frames", 1) == 2
