"""`digitd doctor`, as its user runs it."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.mosquitto import free_port
from edge.commands import doctor
from edge.outputs.database import only_writer
from tests.edge.broker import Broker, broker
from tests.edge.commanded import command
from tests.edge.daemons import configured
from tests.edge.outbox import until
from tests.test_arrows import ROOT

BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED = 0x86, 0x87


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
    assert str(found["camera"]["fix"]).startswith("is the camera plugged in?")
    assert "mqtt.host" in str(found["broker"]["fix"])


def test_doctor_without_a_configuration_says_how_to_get_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none.toml"
    assert command(doctor, "--config", path) == 1
    told = capsys.readouterr().out
    assert f"!!  configuration      {path}: no file; expected a configuration\n" in told
    assert f"→ write one: digitd config > {path}" in told


def test_of_a_configuration_that_is_wrong_in_many_ways_it_names_one_and_who_tells_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "digitd.toml"
    path.write_text("[camera]\nrotation = 45\nfps = 0\n")
    found = checked(path, capsys)[1]["configuration"]
    assert str(found["found"]).startswith("camera.rotation: 45; expected one of 0, 90")
    assert found["fix"] == f"digitd check-config {path} tells all of it"


@pytest.mark.parametrize(("counters", "told"), [(0, "no counters"), (1, "1 counter"), (2, "2 counters")])
def test_counters_are_counted(tmp_path: Path, counters: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "digitd.toml"
    counter = '[[counter]]\nname = "c{}"\nwindow = "10,10 90,10 90,30 10,30"\ndigits = 5\n'
    path.write_text('[camera]\nsource = "simulated:"\n' + "".join(map(counter.format, range(counters))))
    assert checked(path, capsys)[1]["configuration"]["found"] == f"{path}: {told}"


@pytest.mark.parametrize(
    ("source", "found", "fix"),
    [
        ("v4l2:/dev/null", "a device without pictures", "many cameras have two devices, try the next"),
        ("http://127.0.0.1:{port}/x.jpg", "refuses the connection", "look at camera.source: the address, its port and path"),
        ("rtsp://127.0.0.1:{port}/x", "refuses the connection", "look at camera.source: the address, its port and path"),
        ("http://nowhere.invalid/x.jpg", "no such host", "is its name spelt so"),
        ("file:none.jpg", "No such file", "look at the path in camera.source"),
        ("file:digitd.toml", "expected a JPEG", "look at the path in camera.source"),
        ("folder:none", "no such folder", "look at the path in camera.source, and whether what puts pictures there runs"),
        ("picamera2", "the Python package picamera2 is not installed", "on Raspberry Pi OS: `sudo apt install"),
    ],
)
def test_the_advice_about_a_camera_fits_its_fault_and_nothing_else_is_said(tmp_path: Path, source: str, found: str, fix: str) -> None:
    path = tmp_path / "digitd.toml"
    path.write_text(f'[camera]\nsource = "{source.format(port=free_port())}"\n[store]\npath = "digitd.sqlite"\n')
    told = subprocess.run([sys.executable, "-m", "edge", "doctor", "--json", "--config", path], capture_output=True, text=True, check=False)
    camera = next(check for check in map(json.loads, told.stdout.splitlines()) if check["name"] == "camera")
    assert (camera["well"], found in camera["found"], camera["fix"].startswith(fix)) == (False, True, True), camera
    assert (told.returncode, told.stderr) == (1, "")


def test_a_camera_whose_password_is_missing_is_not_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "digitd.toml"
    path.write_text('[camera]\nsource = "http://127.0.0.1/x.jpg"\nuser = "me"\npassword_file = "none"\n[store]\npath = "d.sqlite"\n')
    _, found = checked(path, capsys)
    assert (found["secrets"]["well"], found["camera"]["well"], found["camera"]["fix"]) == (False, False, "see secrets")
    assert str(found["camera"]["found"]).startswith(f"not asked, for {tmp_path / 'none'}: No such file")


def test_a_stream_that_never_answers_does_not_end_the_doctor_in_an_abort(tmp_path: Path) -> None:
    path = tmp_path / "digitd.toml"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/live"
        path.write_text(f'[camera]\nsource = "{address}"\ntimeout = "1s"\n[store]\npath = "digitd.sqlite"\n')
        told = subprocess.run([sys.executable, "-m", "edge", "doctor", "--config", path], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (1, "")
    assert f"!!  camera             {address}: did not open within 1 s\n" in told.stdout


def test_the_folder_of_the_database_has_advice_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = configured(tmp_path)
    path.write_text(path.read_text().replace('"digitd.sqlite"', '"none/digitd.sqlite"'))
    found = checked(path, capsys)[1]
    assert (found["database"]["found"], found["disk"]["well"]) == (f"{tmp_path / 'none'}: No such file or directory", True)
    assert str(found["database"]["fix"]).startswith("make it, for digitd's user")
    (tmp_path / "none").write_text("a file")
    assert str(checked(path, capsys)[1]["database"]["fix"]).startswith("look at store.path")


def test_a_model_and_a_reference_that_do_not_fit_are_checks_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = configured(tmp_path)
    (tmp_path / "ref.jpg").write_text("no picture")
    more = f'max_rate = 5000\nreference = "ref.jpg"\nmodel = "{ROOT / "models" / "lenet5-handwritten.tflite"}"\n'
    path.write_text(path.read_text().replace("max_rate = 5000\n", more))
    code, found = checked(path, capsys)
    assert code == 1
    assert (found["model and runtime"]["well"], found["reference"]["well"]) == (False, False)
    assert "reads handwriting; expected a model of counters" in str(found["model and runtime"]["found"])
    assert "expected a JPEG" in str(found["reference"]["found"])
    assert (found["configuration"]["well"], found["camera"]["well"], found["secrets"]["well"]) == (True, True, True)


def asked(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return checked(path, capsys)[1]["broker"]


@pytest.fixture
def to() -> Iterator[Broker]:
    with broker() as found:
        yield found


def test_a_broker_is_logged_in_to_as_the_daemon_does_under_a_name_of_its_own(
    tmp_path: Path, to: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "password").write_text("secret\n")
    more = f'[mqtt]\nhost = "127.0.0.1"\nport = {to.port}\nuser = "me"\npassword_file = "password"\ndevice = "cellar"\n'
    found = asked(configured(tmp_path, more=more), capsys)
    assert (found["well"], found["found"]) == (True, f"127.0.0.1, port {to.port}: lets digitd in, with MQTT 5")
    (client,) = to.connected
    assert (client.client, client.user, client.password) == ("digitd-cellar-doctor", "me", "secret")
    assert client.will == ("digitd/cellar/availability", "online", False), "a last will that harms the daemon that runs"
    until(lambda: to.farewells)
    assert to.published == []


def test_a_broker_that_knows_only_3_1_1_is_spoken_to_so(tmp_path: Path, to: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    to.versions = {4}
    found = asked(configured(tmp_path, more=f'[mqtt]\nhost = "127.0.0.1"\nport = {to.port}\n'), capsys)
    assert (found["well"], str(found["found"])[-10:]) == (True, "MQTT 3.1.1")


@pytest.mark.parametrize("answer", [BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED])
def test_a_broker_that_refuses_is_told_in_its_own_words(
    tmp_path: Path, to: Broker, answer: int, capsys: pytest.CaptureFixture[str]
) -> None:
    to.answer = answer
    (tmp_path / "password").write_text("wrong")
    text = f'[mqtt]\nhost = "127.0.0.1"\nport = {to.port}\n'
    found = asked(configured(tmp_path, more=f'{text}user = "me"\npassword_file = "password"\n'), capsys)
    assert found["well"] is False
    words = {BAD_USER_NAME_OR_PASSWORD: "Bad user name or password", NOT_AUTHORIZED: "Not authorized"}[answer]
    assert f"the broker refuses: {words}" in str(found["found"])
    assert found["fix"] == f"is the password in {tmp_path / 'password'} right, and mqtt.user?"
    assert "mqtt.password_file" in str(asked(configured(tmp_path, more=text), capsys)["fix"])


def test_a_port_where_something_else_listens_is_no_broker(tmp_path: Path, to: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    to.silent_versions = {4, 5}
    found = asked(configured(tmp_path, more=f'[mqtt]\nhost = "127.0.0.1"\nport = {to.port}\n'), capsys)
    assert found["well"] is False
    assert "hangs up before it answers" in str(found["found"])


def test_secrets_are_a_check_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = tmp_path / "token"
    token.write_text("abc")
    token.chmod(0o600)
    path = configured(tmp_path, more="[http]\nenabled = true\n")
    code, found = checked(path, capsys)
    assert code == 1
    assert found["configuration"]["well"] is True
    assert found["secrets"]["well"] is False
    assert f'http.token_file: "{token}": 3 characters' in str(found["secrets"]["found"])
    assert "make one" in str(found["secrets"]["fix"])
    token.write_text("q3Zt8vYw1KpLx5Rb9NsD2fGh")
    assert checked(path, capsys)[1]["secrets"]["well"] is True


def test_a_password_that_is_missing_is_told_once_and_the_broker_not_asked(
    tmp_path: Path, to: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    more = f'[mqtt]\nhost = "127.0.0.1"\nport = {to.port}\nuser = "me"\npassword_file = "password"\n'
    _, found = checked(configured(tmp_path, more=more), capsys)
    assert (found["secrets"]["well"], found["broker"]["well"], found["broker"]["fix"]) == (False, False, "see secrets")
    assert to.connected == []


def test_what_the_digitd_that_runs_holds_is_in_use_and_that_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = configured(tmp_path)
    path.write_text(path.read_text().replace('source = "simulated:?digits=7&decimals=1&rate=600"', 'source = "v4l2:/dev/no-such"'))
    with only_writer(tmp_path / "digitd.sqlite"):
        _, found = checked(path, capsys)
    for name in ("camera", "database"):
        assert (found[name]["well"], found[name]["found"]) == (True, "in use by the digitd that runs")
    assert checked(path, capsys)[1]["camera"]["well"] is False
