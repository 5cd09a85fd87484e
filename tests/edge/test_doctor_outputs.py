"""`digitd doctor` and where readings go: receivers that are away, and a port that is taken."""

import secrets
import socket
from pathlib import Path

import pytest

from bench.mosquitto import free_port
from tests.edge.daemons import configured
from tests.edge.receiver import receiver
from tests.edge.test_doctor import checked


def test_receivers_are_connected_to_and_asked_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with receiver() as at:
        more = f'[webhook]\nurl = "{at.url}/secret-path"\n[influx]\nurl = "http://127.0.0.1:{free_port()}"\n'
        code, found = checked(configured(tmp_path, more=more), capsys)
        assert at.asked == []
    assert (code, found["webhook"]["well"], found["influx"]["well"]) == (1, True, False)
    assert found["webhook"]["found"] == f"{at.url}: can be reached"
    assert "refuses the connection" in str(found["influx"]["found"])
    assert "influx.url" in str(found["influx"]["fix"])


def test_a_receiver_that_speaks_no_tls_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with receiver() as at:
        url = at.url.replace("http:", "https:")
        code, found = checked(configured(tmp_path, more=f'[webhook]\nurl = "{url}"\ntimeout = "2s"\n'), capsys)
    assert (code, found["webhook"]["well"]) == (1, False)
    assert str(found["webhook"]["found"]).startswith(f"{url}: ")


def test_a_port_that_something_else_holds_is_told_before_the_daemon_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        path = configured(tmp_path, more=f"[http]\nenabled = true\nport = {port}\ntoken_file = {str(tmp_path / 'token')!r}\n")
        (tmp_path / "token").write_text(secrets.token_urlsafe(32))
        (tmp_path / "token").chmod(0o600)
        code, found = checked(path, capsys)
        assert (code, found["web"]["well"]) == (1, False)
        assert f"cannot listen on 127.0.0.1, port {port} (Address already in use)" in str(found["web"]["found"])
    code, found = checked(path, capsys)
    assert (code, found["web"]["well"]) == (0, True)
