"""`digitd doctor` at Debian's mosquitto: it tells ok exactly where the daemon could log in, over TLS as well."""

import json
import subprocess
from pathlib import Path

import pytest

from edge.commands import doctor
from tests.edge.commanded import command
from tests.edge.daemons import configured
from tests.system.mosquitto import certificates, mosquitto


def asked(folder: Path, mqtt: str, capsys: pytest.CaptureFixture[str]) -> tuple[bool, str]:
    """What is found of the broker, and what to do."""
    command(doctor, "--config", configured(folder, more=f"[mqtt]\n{mqtt}"), "--json")
    (check,) = (check for check in map(json.loads, capsys.readouterr().out.splitlines()) if check["name"] == "broker")
    return check["well"], f"{check['found']} {check['fix']}"


def test_a_certificate_is_shown_and_the_brokers_is_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, strange = tmp_path / "good", tmp_path / "strange"
    good.mkdir()
    strange.mkdir()
    known, unknown = certificates(good), certificates(strange)
    with mosquitto(tmp_path, known) as broker:
        host = f'host = "localhost"\nport = {broker.port}\n'
        shown = f'certificate_file = "{known.client[0]}"\nkey_file = "{known.client[1]}"\n'
        well, said = asked(tmp_path, f'{host}ca_file = "{known.authority}"\n{shown}', capsys)
        assert (well, "lets digitd in, with MQTT 5" in said) == (True, True)
        well, said = asked(tmp_path, f'{host}ca_file = "{known.authority}"\n', capsys)
        assert (well, "certificate_file" in said) == (False, True)
        well, said = asked(tmp_path, f'{host}ca_file = "{unknown.authority}"\n{shown}', capsys)
        assert (well, "its certificate is not trusted" in said, "ca_file" in said) == (False, True, True)


def test_a_wrong_password_is_told_from_a_right_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with mosquitto(tmp_path) as broker:
        subprocess.run(["mosquitto_passwd", "-c", "-b", tmp_path / "users", "me", "right"], check=True)
        broker.stop()
        settings = tmp_path / "mosquitto.conf"
        settings.write_text(settings.read_text().replace("allow_anonymous true", f"password_file {tmp_path / 'users'}"))
        broker.start()
        mqtt = f'host = "localhost"\nport = {broker.port}\nuser = "me"\npassword_file = "password"\n'
        (tmp_path / "password").write_text("wrong")
        well, said = asked(tmp_path, mqtt, capsys)
        assert (well, "Not authorized" in said) == (False, True)
        assert f"is the password in {tmp_path / 'password'} right" in said
        (tmp_path / "password").write_text("right")
        assert asked(tmp_path, mqtt, capsys)[0] is True
