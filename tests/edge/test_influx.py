"""Readings in InfluxDB's line protocol, and how they get there."""

import json
import re

import pytest

from edge.outputs.influx import InfluxSettings, influx, line
from edge.outputs.pump import Pump
from edge.reading import Status
from tests.edge.outbox import MemoryOutbox, record, until
from tests.edge.receiver import Answer, Posted, Receiver, receiver

FIRST_US = 1_795_608_001_000_000
"""2026-11-25 12:00:01 UTC."""


def output(to: Receiver, outbox: MemoryOutbox) -> Pump:
    settings = InfluxSettings(url=f"{to.url}/", organisation="my home", bucket="meters&more", token="s3cr3t", device="cellar")
    return influx(settings, outbox, first_wait_s=0.01, longest_wait_s=0.02)


def ids(posted: Posted) -> list[int]:
    return [int(found) for found in re.findall(r"id=(\d+)i", posted.body)]


def test_a_reading_is_a_line() -> None:
    assert line(record(1), "meter", "cellar") == (
        f'meter,counter=water,device=cellar value=1234.567,raw="01234567",confidence=0.9877,status="ok",rate=0.31,id=1i {FIRST_US}'
    )


def test_what_there_is_none_of_is_left_out_but_an_empty_text_is_a_text() -> None:
    nothing = record(1, None, rate=None, raw="", status=Status.NO_FRAME, confidence=0.0)
    assert line(nothing, "meter", "cellar") == f'meter,counter=water,device=cellar raw="",confidence=0.0,status="no_frame",id=1i {FIRST_US}'


@pytest.mark.parametrize(
    ("name", "as_measurement", "as_tag"),
    [
        ("a b", r"a\ b", r"a\ b"),
        ("a,b", r"a\,b", r"a\,b"),
        ("a=b", "a=b", r"a\=b"),
        ('a"b', 'a"b', 'a"b'),
        ("a\\b", r"a\b", r"a\b"),
        ("ab\\", "ab_", "ab_"),
        ("a\r\nb", r"a\ b", r"a\ b"),
        ("zähler", "zähler", "zähler"),
    ],
)
def test_special_characters_of_measurement_and_tags_are_escaped(name: str, as_measurement: str, as_tag: str) -> None:
    assert line(record(1, counter=name), name, name).startswith(f"{as_measurement},counter={as_tag},device={as_tag} value=")


@pytest.mark.parametrize(("raw", "field"), [('1"2', r'"1\"2"'), ("1\\2", r'"1\\2"'), ("1,2 =3", '"1,2 =3"'), ("1\n2", '"1 2"')])
def test_special_characters_of_texts_are_escaped(raw: str, field: str) -> None:
    assert f",raw={field},confidence=" in line(record(1, raw=raw), "meter", "cellar")


def test_the_value_keeps_its_digits() -> None:
    assert " value=123456789012.100,raw" in line(record(1, "123456789012.100"), "meter", "cellar")


def test_readings_are_written_in_batches_with_their_token() -> None:
    outbox = MemoryOutbox(record(number) for number in range(1, 251))
    with receiver() as to:
        to.answer = lambda _: Answer(204)
        with output(to, outbox):
            until(lambda: outbox.up_to("influx") == 250)
    assert [ids(posted) for posted in to.taken] == [list(range(1, 101)), list(range(101, 201)), list(range(201, 251))]
    assert to.taken[0].path == "/api/v2/write?org=my+home&bucket=meters%26more&precision=us"
    assert to.taken[0].headers["Authorization"] == "Token s3cr3t"
    assert to.taken[0].headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_a_database_that_is_not_ready_gets_all_of_it_later(status: int) -> None:
    outbox = MemoryOutbox(record(number) for number in range(1, 4))
    with receiver() as to:
        to.answer = lambda _: Answer(status) if len(to.asked) < 5 else Answer(204)
        with output(to, outbox):
            until(lambda: outbox.up_to("influx") == 3)
    assert [ids(posted) for posted in to.asked] == [[1, 2, 3]] * 5


def test_of_a_batch_that_is_refused_only_the_one_that_is_not_wanted_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    outbox = MemoryOutbox(record(number) for number in range(1, 6))
    problem = json.dumps({"code": "unprocessable entity", "message": "points beyond retention policy dropped=1"})
    with receiver() as to:
        to.answer = lambda posted: Answer(422, problem) if 3 in ids(posted) else Answer(204)
        with output(to, outbox) as pump:
            until(lambda: outbox.up_to("influx") == 5)
            outbox.add(record(6), record(7))
            pump.wake()
            until(lambda: outbox.up_to("influx") == 7)
    assert [ids(posted) for posted in to.asked] == [[1, 2, 3, 4, 5], [1], [2], [3], [3], [3], [4], [5], [6, 7]]
    assert [number for posted in to.taken for number in ids(posted)] == [1, 2, 4, 5, 6, 7]
    assert "reading 3 is skipped: answers 422 Unprocessable Entity: " in caplog.text
    assert "beyond retention policy" in caplog.text
