"""The MQTT output, against a broker that does as it is told."""

import json
import logging
from pathlib import Path

import pytest

from edge.assembly import outputs
from edge.outputs.mqtt_settings import MqttSettings
from tests.edge.broker import Broker, broker, mqtt
from tests.edge.configurations import config_of
from tests.edge.outbox import MemoryOutbox, record, until

STATE = "digitd/cellar/water/state"
AVAILABLE = "digitd/cellar/availability"


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
        ("digitd/cellar/water/id", "7", True),
        ("digitd/cellar/water/last_read", "2026-11-25T12:00:07.000000Z", True),
        (AVAILABLE, "offline", True),
    ]


def test_nothing_counts_as_delivered_before_it_is_acknowledged() -> None:
    outbox = MemoryOutbox([record(1)])
    with broker() as to:
        to.acknowledges = False
        with mqtt(to, outbox):
            until(lambda: len(to.published) == 10, "all of the reading has come")
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


def test_the_broker_is_told_the_keepalive_of_the_configuration(tmp_path: Path) -> None:
    with broker() as to:
        config = config_of(tmp_path / "digitd.toml", f'[mqtt]\nhost = "127.0.0.1"\nport = {to.port}\nkeepalive = "15s"\n')
        with outputs(config, MemoryOutbox(), lambda *_: None)["mqtt"]:
            until(lambda: to.published)
    assert [each.keepalive_s for each in to.connected] == [15]


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


def test_leaving_does_not_wait_for_a_broker_that_does_not_answer() -> None:
    with broker() as to:
        to.acknowledges = False
        outbox = MemoryOutbox([record(1)])
        with mqtt(to, outbox):
            until(lambda: len(to.published) == 10)
        until(lambda: to.payloads(AVAILABLE) == ["online", "offline"])
    assert outbox.up_to("mqtt") == 0, "it comes again at the next start"
