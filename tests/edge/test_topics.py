"""Readings as MQTT messages, commands that come back, and what becomes of a counter's messages when it is no more."""

import json
import threading
from decimal import Decimal

import pytest

from edge.outputs.topics import Command, CommandError, forgetting, parse_command, record_json, record_messages
from edge.reading import Status
from tests.edge.broker import broker, mqtt
from tests.edge.outbox import MemoryOutbox, record, until

GAS = [f"digitd/cellar/gas/{part}" for part in ("time", "value", "raw", "confidence", "status", "rate", "id", "last_read", "state")]


@pytest.mark.parametrize("value", ["99999999.999", "0.1", "1234.500", "1E+3", "0.000001", "123456789012.123456"])
def test_a_value_keeps_the_digits_it_was_read_with(value: str) -> None:
    sent = record_json(record(1, value))
    assert json.loads(sent, parse_float=Decimal, parse_int=Decimal)["value"] == Decimal(value)
    assert json.loads(sent, parse_float=str, parse_int=str)["value"] == format(Decimal(value), "f")


def test_what_there_is_none_of_is_null_and_an_empty_topic() -> None:
    messages = record_messages(record(1, None, rate=float("nan"), status=Status.NO_FRAME, raw=""), "digitd", "cellar")
    state = json.loads(messages[0].payload)
    assert (state["value"], state["rate"], state["raw"], state["status"]) == (None, None, "", "no_frame")
    assert {message.topic.rpartition("/")[2]: message.payload for message in messages if not message.payload} == {
        "value": "", "rate": "", "raw": "",
    }  # fmt: skip


def test_when_it_was_last_read_stands_while_there_is_no_valid_reading() -> None:
    outbox = MemoryOutbox([record(1), record(2, status=Status.NO_FRAME), record(3, status=Status.LOW_CONFIDENCE)])
    with broker() as to, mqtt(to, outbox):
        until(lambda: outbox.up_to("mqtt") == 3)
    assert to.retained["digitd/cellar/water/time"] == "2026-11-25T12:00:03.000000Z"
    assert to.retained["digitd/cellar/water/last_read"] == "2026-11-25T12:00:01.000000Z"


def left(counter: str) -> dict[str, str]:
    """What an earlier start has left at the broker."""
    return {message.topic: message.payload for message in record_messages(record(1, counter=counter), "digitd", "cellar")}


@pytest.mark.parametrize("versions", [{4, 5}, {4}])
def test_a_counter_that_is_no_more_is_taken_away_once(versions: set[int]) -> None:
    outbox = MemoryOutbox([record(2)])
    with broker() as to:
        to.versions = versions
        to.retained = left("gas") | left("water") | {"digitd/cellar/oil/state": "somebody else's"}
        with mqtt(to, outbox):
            until(lambda: len(to.payloads(GAS[-1])) == 1 and outbox.up_to("mqtt") == 2)
            to.drop()
            outbox.add(record(3))
            until(lambda: outbox.up_to("mqtt") == 3)
    assert [(topic, payload, retained) for topic, payload, retained in to.published if topic in GAS] == [(topic, "", True) for topic in GAS]
    assert to.retained.keys() == {*left("water"), "digitd/cellar/oil/state", "digitd/cellar/availability"}


def test_of_a_counter_that_is_no_more_the_last_readings_arrive_and_none_stays() -> None:
    outbox = MemoryOutbox([record(1, counter="gas"), record(2)])
    with broker() as to, mqtt(to, outbox):
        until(lambda: outbox.up_to("mqtt") == 2)
    assert {topic for topic, _, retained in to.published if not retained} == set(GAS)
    assert to.retained.keys().isdisjoint(GAS)


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b"7", b"{}", b'{"counter": "water"}', b'{"counter": ["gas"]}', b"[" * 100_000, b"\xff"]
)
def test_what_is_not_of_this_device_stays(payload: bytes) -> None:
    assert forgetting("digitd/cellar/gas/state", payload, ["water"]) == []


class Told:
    """What came as commands."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, Command, Decimal | None]] = []
        self.threads: set[str] = set()

    def __call__(self, counter: str, command: Command, value: Decimal | None) -> None:
        self.threads.add(threading.current_thread().name)
        self.commands.append((counter, command, value))
        if value == 13:
            raise RuntimeError("broken")


def test_commands_reach_the_counter_and_bad_ones_the_log(caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    with broker() as to, mqtt(to, MemoryOutbox(), on_command=told):
        until(lambda: len(to.subscribed) == 3 and to.published)
        assert to.subscribed == ["digitd/cellar/+/set_value", "digitd/cellar/+/read_now", "digitd/cellar/+/state"]
        to.send("digitd/cellar/water/set_value", b"99", retained=True)
        to.send("digitd/cellar/oil/set_value", b"1")
        for bad in (b"", b"-1", b"1e3", b"nan", b"1,5", b"\xff\xfe", b"0x10", "١".encode(), b"1" * 65):
            to.send("digitd/cellar/water/set_value", bad)
        to.send("digitd/cellar/water/set_value", b"13")
        to.send("digitd/cellar/water/set_value", b" 1234.5670\n")
        to.send("digitd/cellar/water/read_now", b"PRESS")
        until(lambda: len(told.commands) == 3)
    assert told.commands == [
        ("water", Command.SET_VALUE, Decimal(13)),
        ("water", Command.SET_VALUE, Decimal("1234.567")),
        ("water", Command.READ_NOW, None),
    ]
    assert told.threads == {"mqtt"}
    said = [each.getMessage() for each in caplog.records]
    assert "digitd/cellar/water/set_value: retained, and ignored; publish commands without the retain flag" in said
    assert "digitd/cellar/oil/set_value: ignored: no counter 'oil'; expected one of: water" in said
    assert sum("is no value" in each for each in said) == 8
    assert "digitd/cellar/water/set_value: ignored: 65 bytes; expected at most 64" in said
    assert "digitd/cellar/water/set_value: failed: broken" in said


def test_without_anybody_to_tell_no_command_is_asked_for() -> None:
    with broker() as to, mqtt(to, MemoryOutbox()):
        until(lambda: to.published)
    assert to.subscribed == ["digitd/cellar/+/state"]


def test_a_prefix_may_have_levels() -> None:
    assert parse_command("home/meters/cellar/water/set_value", b"5", "home/meters", "cellar", ["water"])[0] == "water"
    with pytest.raises(CommandError, match="no counter"):
        parse_command("home/meters/cellar/a/b/set_value", b"5", "home/meters", "cellar", ["water"])
