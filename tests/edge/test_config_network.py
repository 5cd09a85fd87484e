"""Hosts, addresses and sources of the daemon's file that could not work: told before anything starts."""

from pathlib import Path

import pytest

from tests.edge.configurations import config_of, only_problem_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "digitd.toml"


@pytest.mark.parametrize("section", ["webhook", "influx"])
@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://h:99999/", "whose port is none: they go from 1 to 65535"),
        ("http://h:0/", "whose port is none"),
        ("http://h:http/", "whose port is none"),
        ("http://[", "which has no proper host"),
        ("http://[::1", "which has no proper host"),
        ("http://:8086", "which has no proper host"),
        ("http://a..b/", "which has no proper host"),
        ("https://192.168.1.300/", "which has no proper host"),
        ("http://broker.lan/a b", "/a b"),
        ("ftp://broker.lan/", "ftp"),
        ("", ""),
    ],
)
def test_an_address_that_nothing_could_be_sent_to_is_refused(file: Path, section: str, url: str, found: str) -> None:
    problem = only_problem_of(file, f'[{section}]\nurl = "{url}"\n')
    assert (problem.line, problem.key) == (2, f"{section}.url")
    assert found in problem.found
    assert problem.expected == "an address that begins with http:// or https://"
    assert problem.fix.startswith("write for example url = ")


@pytest.mark.parametrize(
    "url", ["http://h", "https://me:pa%2Fss@h.lan:8443/a?b=c#d", "http://[fe80::1]:8086/", "http://my_box/", "http://bücher.lan"]
)
def test_an_address_is_taken_as_it_is(file: Path, url: str) -> None:
    assert config_of(file, f'[webhook]\nurl = "{url}"\n').webhook.url == url


@pytest.mark.parametrize(
    ("host", "fix"),
    [
        ("mqtt://broker.lan", 'write host = "broker.lan"'),
        ("mqtts://me:secret@broker.lan:8883/", 'write host = "broker.lan" and port = 8883 and tls = true'),
        ("broker.lan:1883", 'write host = "broker.lan" and port = 1883'),
        ("[::1]", 'write host = "::1"'),
        ("a b", 'write for example host = "broker.lan"'),
        ("mqtt://[", 'write for example host = "broker.lan"'),
        ("192.168.1.300", 'write for example host = "broker.lan"'),
        ("broker..lan", 'write for example host = "broker.lan"'),
        ("b" * 64, 'write for example host = "broker.lan"'),
        ("", 'write for example host = "broker.lan"'),
    ],
)
def test_a_host_is_a_name_or_an_address_and_what_to_write_instead_is_said(file: Path, host: str, fix: str) -> None:
    problem = only_problem_of(file, f'[mqtt]\nhost = "{host}"\n')
    assert (problem.line, problem.key, problem.fix) == (2, "mqtt.host", fix)
    assert "the name or address of a host" in problem.expected
    assert "secret" not in str(problem)


@pytest.mark.parametrize(
    "host", ["broker.lan", "localhost", "my_broker", "192.168.1.20", "::1", "fe80::1%eth0", "bücher.lan", "4home", "broker.lan."]
)
def test_names_and_addresses_are_hosts(file: Path, host: str) -> None:
    assert config_of(file, f'[mqtt]\nhost = "{host}"\n').mqtt.host == host
    assert config_of(file, f'[http]\nhost = "{host}"\n').http.host == host


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("rtsp://u:p@h:99999/x", "no such port"),
        ("http://[", "not an address"),
        ("http://:80/", "no host"),
        ("simulated:?foo=1", "no option foo, expected digits, decimals"),
        ("simulated:?digits=99", "digits=99, expected 1 to 12"),
        ("simulated:?digits=five", 'digits="five", expected a whole number'),
        ("simulated:?digits=3&decimals=4", "decimals=4 of digits=3"),
    ],
)
def test_a_source_that_no_camera_could_be_opened_from_is_refused(file: Path, source: str, said: str) -> None:
    problem = only_problem_of(file, f'[camera]\nsource = "{source}"\n')
    assert (problem.line, problem.key) == (2, "camera.source")
    assert f"which cannot work: {said}" in str(problem)
    assert ("simulated:?" if source.startswith("simulated") else "http://") in problem.fix


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("simulated:", ["exposure", "gain", "white_balance", "focus", "user", "password_file"]),
        ("v4l2:/dev/video0", ["gain", "white_balance", "focus", "user", "password_file"]),
        ("picamera2", ["user", "password_file"]),
        ("https://cam/1.jpg", ["width", "height", "fps", "exposure", "gain", "white_balance", "focus"]),
        ("folder:/frames", ["width", "height", "fps", "exposure", "gain", "white_balance", "focus", "user", "password_file"]),
    ],
)
def test_what_a_source_cannot_be_told_is_refused_and_nothing_else(file: Path, source: str, keys: list[str]) -> None:
    written = {
        "width": "640", "height": "480", "fps": "30", "exposure": '"10ms"', "gain": "2.0", "white_balance": "[1.8, 1.5]", "focus": "8.0",
        "user": '"me"', "password_file": '"secret"',
    }  # fmt: skip
    for key, value in written.items():
        text = f'[camera]\nsource = "{source}"\n{key} = {value}\n'
        if key not in keys:
            config_of(file, text)
            continue
        problem = only_problem_of(file, text)
        assert (problem.line, problem.key, problem.fix) == (3, f"camera.{key}", "leave it out")
        assert "cannot be told that" in problem.expected


def test_what_the_camera_finds_by_itself_is_no_setting(file: Path) -> None:
    text = '[camera]\nsource = "simulated:"\nexposure = "auto"\ngain = "auto"\nwhite_balance = "auto"\nfocus = "auto"\n'
    assert config_of(file, text).camera.gain is None


def test_a_size_that_a_simulated_counter_cannot_have_is_told_by_its_key(file: Path) -> None:
    problem = only_problem_of(file, '[camera]\nsource = "simulated:"\nfps = 0.001\n')
    assert (problem.line, problem.key, problem.expected) == (3, "camera.fps", "0.01 to 1000")


@pytest.mark.parametrize(
    "source", ["rtsp://me:secret@cam:99999/", "rtsp://me:se/secret@cam/", "http://cam:99999/?pwd=secret", "https://me:x@secret@cam:0x/"]
)
def test_a_refused_source_is_shown_without_what_may_be_a_password(file: Path, source: str) -> None:
    assert "secret" not in str(only_problem_of(file, f'[camera]\nsource = "{source}"\n'))


def test_a_source_that_is_taken_is_shown_without_a_password_in_its_query(file: Path) -> None:
    assert config_of(file, '[camera]\nsource = "http://cam/a.jpg?pwd=secret"').camera.shown_source == "http://cam/a.jpg?…"


@pytest.mark.parametrize(
    "output", ['[mqtt]\nhost = "broker"\n', '[webhook]\nurl = "http://h/"\n[mqtt]\n', '[influx]\nurl = "http://h/"\n[mqtt]\n']
)
def test_what_is_written_out_less_often_than_it_is_told_is_refused_where_somebody_is_told(file: Path, output: str) -> None:
    often = 'publish_interval = "5s"\n'
    problem = only_problem_of(file, f'[store]\ncommit_interval = "1min"\n{output}{often}')
    assert (problem.line, problem.key) == (2, "store.commit_interval")
    assert "at most mqtt.publish_interval, which is 5 s" in problem.expected
    assert problem.fix == 'write commit_interval = "5s", or a longer publish_interval in [mqtt]'
    by_default = only_problem_of(file, f"{output}{often}")
    assert by_default.key == "mqtt.publish_interval"
    assert by_default.fix == 'write commit_interval = "5s" in [store] as well, or a longer publish_interval'
    assert config_of(file, f'[store]\ncommit_interval = "5s"\n{output}{often}').expire_after_s == 20.0


def test_what_nobody_is_told_may_be_written_out_as_seldom_as_one_likes(file: Path) -> None:
    assert config_of(file, '[store]\ncommit_interval = "1h"\n').store.commit_interval == 3600.0
