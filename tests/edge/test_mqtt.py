"""The MQTT output, against a broker that does as it is told."""

import json
import logging
import threading
from decimal import Decimal
from typing import Any

import pytest

from edge.outputs.homeassistant import CounterInfo
from edge.outputs.mqtt import Mqtt
from edge.outputs.mqtt_settings import MqttSettings
from edge.outputs.topics import Command, CommandError, parse_command, record_json, record_messages
from edge.reading import Status
from tests.edge.broker import Broker, broker
from tests.edge.outbox import MemoryOutbox, record, until

WATER = CounterInfo(name="water", device_class="water", unit="m³", digits=8, decimals=3)
STATE = "digitd/cellar/water/state"
AVAILABLE = "digitd/cellar/availability"


def mqtt(to: Broker, outbox: MemoryOutbox, **more: Any) -> Mqtt:
    on_command = more.pop("on_command", None)
    settings = MqttSettings(host="127.0.0.1", port=to.port, device="cellar", **{"discovery": False, **more})
    return Mqtt(settings, [WATER], outbox, on_command=on_command, first_wait_s=0.01, longest_wait_s=0.02)


def ids(to: Broker) -> list[int]:
    return [json.loads(payload)["id"] for payload in to.payloads(STATE)]


def test_a_reading_is_published_as_json_and_part_by_part_all_retained() -> None:
    outbox = MemoryOutbox([record(7)])
    with broker() as to, mqtt(to, outbox):
        until(lambda: outbox.up_to("mqtt") == 7)
    assert to.published == [
        (AVAILABLE, "online", True),
        (
            STATE,
            '{"id": 7, "time": "2026-11-25T12:00:07.000000Z", "counter": "water", "value": 1234.567, "raw": "01234567", '
            '"confidence": 0.9877, "status": "ok", "rate": 0.31}',
            True,
        ),
        ("digitd/cellar/water/time", "2026-11-25T12:00:07.000000Z", True),
        ("digitd/cellar/water/value", "1234.567", True),
        ("digitd/cellar/water/raw", "01234567", True),
        ("digitd/cellar/water/confidence", "0.9877", True),
        ("digitd/cellar/water/status", "ok", True),
        ("digitd/cellar/water/rate", "0.31", True),
        (AVAILABLE, "offline", True),
    ]


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


def test_nothing_counts_as_delivered_before_it_is_acknowledged() -> None:
    outbox = MemoryOutbox([record(1)])
    with broker() as to:
        to.acknowledges = False
        with mqtt(to, outbox):
            until(lambda: len(to.published) == 8, "all of the reading has come")
            assert outbox.up_to("mqtt") == 0
            to.acknowledges = True
            outbox.add(record(2))
            to.drop()
            until(lambda: outbox.up_to("mqtt") == 2)
    assert ids(to) == [1, 1, 2]


def test_over_one_connection_nothing_is_sent_twice() -> None:
    outbox = MemoryOutbox(record(number) for number in range(1, 301))
    with broker() as to, mqtt(to, outbox) as output:
        until(lambda: outbox.up_to("mqtt") == 300)
        for number in range(301, 351):
            outbox.add(record(number))
            output.wake()
        until(lambda: outbox.up_to("mqtt") == 350)
    assert ids(to) == list(range(1, 351))


def test_a_broker_that_comes_back_gets_everything_in_order_without_a_gap() -> None:
    outbox = MemoryOutbox(record(number) for number in range(1, 501))
    with broker() as to, mqtt(to, outbox):
        for number in range(50, 501, 50):
            until(lambda number=number: outbox.up_to("mqtt") >= number)  # type: ignore[misc]
            to.drop()
        until(lambda: outbox.up_to("mqtt") == 500)
    assert list(dict.fromkeys(ids(to))) == list(range(1, 501))


def test_a_new_reading_goes_out_when_it_is_told_of() -> None:
    outbox = MemoryOutbox()
    with broker() as to, mqtt(to, outbox) as output:
        until(lambda: to.published)
        for number in range(1, 20):
            outbox.add(record(number))
            output.wake()
            until(lambda number=number: outbox.up_to("mqtt") == number)  # type: ignore[misc]


@pytest.mark.parametrize(("receive_maximum", "most"), [(None, 20), (3, 3)])
def test_only_so_many_messages_are_on_their_way(receive_maximum: int | None, most: int) -> None:
    outbox = MemoryOutbox(record(number) for number in range(1, 50))
    with broker() as to:
        to.acknowledges, to.receive_maximum = False, receive_maximum
        with mqtt(to, outbox):
            until(lambda: len(to.published) == most)
            to.acknowledges = True
            to.drop()
            until(lambda: outbox.up_to("mqtt") == 49)
    assert to.most_open == most


def test_a_broker_that_never_acknowledges_is_left_and_tried_again() -> None:
    outbox = MemoryOutbox([record(1)])
    with broker() as to:
        to.acknowledges = False
        with mqtt(to, outbox, timeout_s=0.2) as output:
            until(lambda: len(to.connected) == 2)
            assert output.problem is not None
            assert "no acknowledgement within 0.2 s" in output.problem
            to.acknowledges = True
            until(lambda: outbox.up_to("mqtt") == 1)
            until(lambda: output.problem is None)


def test_it_speaks_version_5() -> None:
    with broker() as to:
        with mqtt(to, MemoryOutbox(), user="digitd", password="secret"):
            until(lambda: to.published)
        until(lambda: to.farewells == 1)
    assert [(each.version, each.client, each.user, each.password) for each in to.connected] == [(5, "digitd-cellar", "digitd", "secret")]
    assert to.connected[0].will == (AVAILABLE, "offline", True)


@pytest.mark.parametrize("silent", [True, False])
def test_it_falls_back_to_version_3_1_1_where_5_is_refused(silent: bool) -> None:
    outbox = MemoryOutbox([record(1)])
    with broker() as to:
        to.versions = {4}
        to.silent_versions = {5} if silent else set()
        with mqtt(to, outbox):
            until(lambda: outbox.up_to("mqtt") == 1)
    assert [each.version for each in to.connected] == [5, 4]
    assert to.connected[1].will == (AVAILABLE, "offline", True)
    assert to.payloads(AVAILABLE) == ["online", "offline"]


def test_a_refused_password_is_said_once_and_in_words(caplog: pytest.LogCaptureFixture) -> None:
    with broker() as to:
        to.answer = 0x86
        with mqtt(to, MemoryOutbox(), user="digitd", password="s3cr3t") as output:
            until(lambda: len(to.connected) > 5)
            assert output.problem is not None
            assert output.problem.endswith("the broker refuses: Bad user name or password (mqtt.user, mqtt.password_file)")
    assert {each.version for each in to.connected} == {5}, "another version would not help"
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1
    assert "s3cr3t" not in caplog.text
    assert "s3cr3t" not in repr(MqttSettings(host="x", password="s3cr3t"))


def test_no_broker_is_a_problem_in_words_until_there_is_one(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outbox = MemoryOutbox([record(1)])
    with broker() as gone:
        pass
    with mqtt(gone, outbox) as output:
        until(lambda: output.problem is not None)
        assert output.problem == f"MQTT broker 127.0.0.1:{gone.port}: refuses the connection: nothing serves that port"


def test_a_topic_that_may_not_be_published_holds_readings_back_and_says_why() -> None:
    outbox = MemoryOutbox([record(1)])
    with broker() as to:
        to.forbidden = {STATE}
        with mqtt(to, outbox) as output:
            until(lambda: output.problem is not None)
            assert output.problem is not None
            assert f"the broker does not take {STATE}: Not authorized" in output.problem
            assert outbox.up_to("mqtt") == 0
            to.forbidden = set()
            until(lambda: outbox.up_to("mqtt") == 1)


def test_home_assistants_topic_being_forbidden_holds_nothing_back(caplog: pytest.LogCaptureFixture) -> None:
    outbox = MemoryOutbox([record(1)])
    with broker() as to:
        to.forbidden = {"homeassistant/device/digitd_cellar/config"}
        with mqtt(to, outbox, discovery=True) as output:
            until(lambda: outbox.up_to("mqtt") == 1)
            assert output.problem is None
    assert "does not take homeassistant/device/digitd_cellar/config: Not authorized" in caplog.text


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
        until(lambda: len(to.subscribed) == 2 and to.published)
        assert to.subscribed == ["digitd/cellar/+/set_value", "digitd/cellar/+/read_now"]
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
    assert to.subscribed == []


def test_a_prefix_may_have_levels() -> None:
    assert parse_command("home/meters/cellar/water/set_value", b"5", "home/meters", "cellar", ["water"])[0] == "water"
    with pytest.raises(CommandError, match="no counter"):
        parse_command("home/meters/cellar/a/b/set_value", b"5", "home/meters", "cellar", ["water"])


def test_leaving_does_not_wait_for_a_broker_that_does_not_answer() -> None:
    with broker() as to:
        to.acknowledges = False
        outbox = MemoryOutbox([record(1)])
        with mqtt(to, outbox):
            until(lambda: len(to.published) == 8)
        until(lambda: to.payloads(AVAILABLE) == ["online", "offline"])
    assert outbox.up_to("mqtt") == 0, "it comes again at the next start"
