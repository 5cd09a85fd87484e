"""`digitd doctor`, as its user runs it."""

import json
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
    assert "camera.source" in str(found["camera"]["fix"])
    assert "mqtt.host" in str(found["broker"]["fix"])


def test_doctor_without_a_configuration_says_how_to_see_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(doctor, "--config", tmp_path / "none.toml") == 1
    told = capsys.readouterr().out
    assert "!!  configuration" in told
    assert "→ digitd check-config" in told


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
