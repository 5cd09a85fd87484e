"""The HTTP API, asked over a real connection: what it tells, and what it lets itself be told."""

import json
import logging
from decimal import Decimal

import cv2
import numpy as np
import pytest

from edge.errors import StoreError
from edge.outputs.record import Record
from edge.reading import Status
from edge.web.pictures import Jpegs
from tests.edge.served import WATER, Answer, Client, Daemon, record


def readings(client: Client, query: str) -> list[int]:
    """The ids that come back."""
    return [each["id"] for each in client.ask(f"{WATER}/readings?{query}").json["readings"]]


def test_a_counter_is_told_with_every_decimal_that_it_has(client: Client) -> None:
    answer = client.ask(WATER)
    assert answer.body.decode() == (
        '{"counter":"water","value":1234.570,"raw":"0001234","confidence":0.987,"status":"ok","rate":0.25,'
        '"time":"2026-11-25T12:03:00Z","id":3}'
    )
    assert answer.json["value"] == Decimal("1234.570")


def test_a_counter_without_a_value_has_none(daemon: Daemon, client: Client) -> None:
    assert client.ask("/api/v1/counters/gas").json["value"] is None
    daemon.records.clear()
    told = client.ask("/api/v1/counters/gas").json
    assert (told.pop("counter"), set(told.values())) == ("gas", {None})


def test_all_counters_are_told_in_their_order(client: Client) -> None:
    assert [each["counter"] for each in client.ask("/api/v1/counters").json["counters"]] == ["water", "gas"]


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_what_is_no_number_in_json_is_null(daemon: Daemon, client: Client, rate: float) -> None:
    daemon.records.append(record(4, "1235", rate=rate))
    assert json.loads(client.ask(WATER).body, parse_constant=pytest.fail)["rate"] is None


@pytest.mark.parametrize("value", ["0.001", "12345678901234567890.123456789", "1E+3", "0E-9"])
def test_every_number_is_exact_and_plain(daemon: Daemon, client: Client, value: str) -> None:
    daemon.records.append(record(4, value))
    assert f'"value":{Decimal(value):f},' in client.ask(WATER).body.decode()


@pytest.mark.parametrize(
    ("path", "found"),
    [("/api/v1/counters/oil", "no counter oil"), ("/api/v1/counters/oil/readings", "no counter oil"), ("/api/v2", "/api/v2")],
)
def test_what_is_not_there_is_named_with_what_is(client: Client, path: str, found: str) -> None:
    answer = client.ask(path)
    assert (answer.status, answer.json["error"]["found"]) == (404, found)
    assert "water or gas" in answer.json["error"]["expected"] or "/healthz" in answer.json["error"]["expected"]


def test_readings_are_those_from_and_before_to(daemon: Daemon, client: Client) -> None:
    daemon.records = [record(number, "1234.5") for number in range(10)]
    assert readings(client, "") == list(range(10))
    assert readings(client, "from=2026-11-25T12:03Z&to=2026-11-25T12:06Z") == [3, 4, 5]
    assert readings(client, "from=2026-11-25T13:03%2B01:00&to=2026-11-25T13:06%2B01:00") == [3, 4, 5]
    assert readings(client, "from=2026-11-25T13:03+01:00") == [3, 4, 5, 6, 7, 8, 9]
    assert readings(client, "from=2026-11-24&to=2026-11-27") == list(range(10))


def test_more_readings_than_the_limit_are_said_to_be_there(daemon: Daemon, client: Client) -> None:
    daemon.records = [record(number, "1234.5") for number in range(10)]
    answer = client.ask(f"{WATER}/readings?limit=4").json
    assert ([each["id"] for each in answer["readings"]], answer["more"]) == ([0, 1, 2, 3], True)
    answer = client.ask(f"{WATER}/readings?limit=10").json
    assert (len(answer["readings"]), answer["more"]) == (10, False)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("limit=0", "limit=0"), ("limit=10001", "limit=10001"), ("limit=many", "limit=many"), ("from=yesterday", "from=yesterday"),
        ("from=2026", "from=2026"), ("to=2026-13-01", "to=2026-13-01"), ("form=2026-11-25", "form=2026-11-25"),
        ("to=0001-01-01T00:00%2B14:00", "to=0001-01-01T00:00+14:00"),
    ],
)  # fmt: skip
def test_an_unfit_query_is_refused_by_name(client: Client, query: str, found: str) -> None:
    answer = client.ask(f"{WATER}/readings?{query}")
    assert (answer.status, answer.json["error"]["found"]) == (422, found)
    assert set(answer.json["error"]) == {"found", "expected", "fix"}


def test_the_frame_is_a_jpeg_of_what_the_camera_saw(daemon: Daemon, client: Client) -> None:
    plain, annotated = client.ask("/api/v1/frame.jpg"), client.ask("/api/v1/annotated.jpg")
    assert plain.headers["content-type"] == annotated.headers["content-type"] == "image/jpeg"
    seen = cv2.imdecode(np.frombuffer(plain.body, np.uint8), cv2.IMREAD_UNCHANGED)
    assert seen is not None
    assert daemon.picture is not None
    assert np.abs(seen.astype(int) - daemon.picture).max() < 10
    assert cv2.imdecode(np.frombuffer(annotated.body, np.uint8), cv2.IMREAD_UNCHANGED).shape == (100, 200, 3)  # type: ignore[union-attr]


def test_before_the_first_frame_there_is_none(daemon: Daemon, client: Client) -> None:
    daemon.picture = None
    answer = client.ask("/api/v1/frame.jpg")
    assert (answer.status, answer.json["error"]["found"]) == (503, "no frame yet")


def test_a_frame_is_encoded_once_and_the_next_one_anew() -> None:
    jpegs, first, second = Jpegs(), np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8)
    encoded = jpegs.of(first)
    assert jpegs.of(first) is encoded
    assert jpegs.of(second) != encoded
    assert jpegs.of(first) == encoded


def post(client: Client, body: bytes) -> Answer:
    return client.ask(f"{WATER}/value", "POST", body=body)


@pytest.mark.parametrize("sent", ["1234.570", '"1234.570"', "1234", "0", "1e3", "0.123456789"])
def test_a_value_is_set_as_it_was_sent_digit_by_digit(daemon: Daemon, client: Client, sent: str) -> None:
    answer = post(client, f'{{"value": {sent}}}'.encode())
    value = Decimal(sent.strip('"'))
    assert (answer.status, answer.body.decode()) == (200, f'{{"counter":"water","value":{value:f}}}')
    assert [(counter, str(set_)) for counter, set_ in daemon.set] == [("water", f"{value:f}")]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"1234", b"[1]", b"{}", b'{"value": null}', b'{"value": true}', b'{"value": "12,3"}', b'{"value": "-1"}', b'{"value": -1}',
        b'{"value": NaN}', b'{"value": Infinity}', b'{"value": 1e999999999999999999999}', b'{"value": 1e99999}', b'{"value": 1e-99999}',
        b'{"value": 1, "more": 2}', b'{"value": {"value": 1}}', b"[" * 4000, b'{"value": ' + b"9" * 4000 + b"}", b"\xff\xfe",
        '{"value": "١٢"}'.encode(),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused_and_nothing_is_set(daemon: Daemon, client: Client, body: bytes) -> None:
    answer = post(client, body)
    assert (answer.status, set(answer.json["error"])) == (422, {"found", "expected", "fix"})
    assert daemon.set == []


def test_a_value_that_the_counter_cannot_show_is_refused_in_the_daemons_words(client: Client) -> None:
    answer = post(client, b'{"value": 10000}')
    assert (answer.status, answer.json) == (422, {"error": "10000: more digits than water has"})


def test_a_reading_can_be_asked_for(daemon: Daemon, client: Client) -> None:
    assert client.ask(f"{WATER}/read", "POST").status == 202
    assert daemon.asked == ["water"]


def test_the_status_is_what_the_daemon_says(daemon: Daemon, client: Client) -> None:
    daemon.state = {"doing": "waiting", "problems": ["no frame since 12:00"], "value": Decimal("1.50")}
    assert client.ask("/api/v1/status").body == b'{"doing":"waiting","problems":["no frame since 12:00"],"value":1.50}'


def test_a_fault_shows_no_client_where_it_came_from_and_the_log_does(
    daemon: Daemon, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    daemon.fault = RuntimeError("secret inside")
    with caplog.at_level(logging.ERROR):
        answer = client.ask("/api/v1/status")
    assert answer.status == 500
    assert "journalctl" in answer.json["error"]
    assert not any(word in answer.body for word in (b"secret", b"Traceback", b"RuntimeError", b".py"))
    daemon.fault = None
    assert client.ask("/api/v1/status").status == 200
    assert "secret inside" in caplog.text


def test_a_store_that_fails_is_told_in_its_own_words(daemon: Daemon, client: Client) -> None:
    daemon.fault = StoreError("digitd.db: in use")
    answer = client.ask("/api/v1/status")
    assert (answer.status, answer.json) == (503, {"error": "digitd.db: in use"})


def test_metrics_are_in_prometheus_own_format(client: Client) -> None:
    answer = client.ask("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.body == b"digitd_value 1.0\n"


@pytest.mark.parametrize("status", Status)
def test_every_status_is_told_by_its_name(daemon: Daemon, client: Client, status: Status) -> None:
    daemon.records.append(record(4, "1", status=status))
    assert client.ask(WATER).json["status"] == status.value


def test_each_field_of_a_record_is_told(client: Client) -> None:
    assert set(client.ask(WATER).json) == set(Record.__dataclass_fields__)
