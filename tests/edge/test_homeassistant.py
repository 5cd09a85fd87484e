"""What Home Assistant is told, against a schema written from its documentation; its templates are rendered as it would."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import jinja2
import jsonschema
import pytest

from edge.config.units import UNITS, DeviceClass
from edge.errors import ConfigError
from edge.outputs.homeassistant import CounterInfo, check_unit, discovery, without_removed
from edge.outputs.mqtt_settings import MqttSettings
from edge.outputs.record import Record
from edge.outputs.topics import record_json
from edge.reading import Status
from tests.edge.broker import broker, mqtt
from tests.edge.outbox import MemoryOutbox, record, until

SCHEMA = json.loads((Path(__file__).parent / "homeassistant_schema.json").read_text())
SETTINGS = MqttSettings(host="broker.lan", device="cellar", device_name="Meters")
TOPIC = "homeassistant/device/digitd_cellar/config"
EVERY_UNIT = [(device_class, unit) for device_class, units in UNITS.items() for unit in units]
ONE_KW_IS = {"W": 1e3, "kW": 1.0, "MW": 1e-3, "GW": 1e-6, "TW": 1e-9}
ONE_M3_H_IS = {"m³/h": 1.0, "L/min": 1e3 / 60, "gal/min": 264.172052 / 60, "ft³/min": 35.3146667 / 60}
IN_KWH_OR_M3 = {
    "m³": 1.0, "L": 1e-3, "gal": 1 / 264.172052, "ft³": 1 / 35.3146667, "CCF": 100 / 35.3146667, "MCF": 1000 / 35.3146667,
    "mWh": 1e-6, "Wh": 1e-3, "kWh": 1.0, "MWh": 1e3, "GWh": 1e6, "TWh": 1e9,
    "J": 1 / 3.6e6, "kJ": 1 / 3.6e3, "MJ": 1 / 3.6, "GJ": 1e3 / 3.6,
    "cal": 1 / 860420.65, "kcal": 1 / 860.42065, "Mcal": 1 / 0.86042065, "Gcal": 1e3 / 0.86042065,
}  # fmt: skip
"""The factors of Home Assistant's own unit conversion."""


def counter(name: str = "water", device_class: DeviceClass = "water", unit: str = "m³", **more: Any) -> CounterInfo:
    return CounterInfo(name=name, device_class=device_class, unit=unit, **{"digits": 8, "decimals": 3, **more})


def told(*counters: CounterInfo, settings: MqttSettings = SETTINGS) -> dict[str, Any]:
    """The payload, which the schema has let pass."""
    payload: dict[str, Any] = json.loads(discovery(settings, counters).message.payload)
    jsonschema.Draft202012Validator(SCHEMA).validate(payload)
    return payload


def shown(component: dict[str, Any], of: Record) -> str:
    """What Home Assistant makes of a reading."""
    return jinja2.Environment().from_string(component["value_template"]).render(value_json=json.loads(record_json(of)))


def test_the_schema_itself_is_one_and_refuses_what_is_wrong() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    good = told(counter())
    spoilt: list[tuple[tuple[str, ...], Any]] = [
        (("origin",), None), (("device", "identifiers"), []), (("components", "value_water", "unit_of_measurement"), "m3"),
        (("components", "value_water", "state_class"), "measurement"), (("components", "value_water", "unique_id"), None),
        (("components", "status_water", "options"), None), (("components", "last_read_water", "state_class"), "measurement"),
        (("components", "rate_water", "unit_of_measurement"), "L/d"), (("components", "set_value_water", "step"), 0.0001),
        (("components", "read_now_water", "state_topic"), "a/b"), (("components", "raw_water", "expire_after"), 1.5),
    ]  # fmt: skip
    for path, wrong in spoilt:
        bad = json.loads(json.dumps(good))
        inner = bad
        for key in path[:-1]:
            inner = inner[key]
        if wrong is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = wrong
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate(bad)


@pytest.mark.parametrize(("device_class", "unit"), EVERY_UNIT)
def test_every_unit_that_is_allowed_passes_and_its_rate_is_converted_right(device_class: DeviceClass, unit: str) -> None:
    components = told(counter("x", device_class, unit))["components"]
    assert components["value_x"]["device_class"] == ("energy" if device_class == "heat" else device_class)
    assert components["value_x"]["unit_of_measurement"] == unit
    rate = components["rate_x"]
    power = device_class in ("energy", "heat")
    assert rate["device_class"] == ("power" if power else "volume_flow_rate")
    factor = IN_KWH_OR_M3[unit] * (ONE_KW_IS if power else ONE_M3_H_IS)[rate["unit_of_measurement"]]
    assert float(shown(rate, record(1, rate=1_234.0))) == pytest.approx(1_234 * factor, rel=1e-5, abs=1e-6)


def test_a_unit_that_home_assistant_refuses_is_refused() -> None:
    for device_class in get_args(DeviceClass):
        for unit in UNITS[device_class]:
            check_unit(device_class, unit)
    with pytest.raises(ConfigError, match=r'unit "m3": Home Assistant takes none such for water, but m³, L, .*; write unit = "m³"'):
        check_unit("water", "m3")
    with pytest.raises(ConfigError, match='unit "kWh": Home Assistant takes none such for gas'):
        discovery(SETTINGS, [counter("gas", "gas", "kWh")])


def test_one_device_with_all_its_counters() -> None:
    payload = told(counter(), counter("gas", "gas"))
    assert discovery(SETTINGS, [counter()]).message.topic == TOPIC
    assert discovery(SETTINGS, [counter()]).message.retained
    assert payload["device"]["name"] == "Meters"
    assert payload["origin"]["name"] == "digitd"
    assert payload["availability"] == [
        {"topic": "digitd/cellar/availability", "payload_available": "online", "payload_not_available": "offline"}
    ]
    kinds = ["value", "rate", "raw", "status", "confidence", "last_read", "problem", "read_now", "set_value"]
    assert list(payload["components"]) == [f"{kind}_{name}" for name in ("water", "gas") for kind in kinds]


def test_names_that_look_alike_stay_apart() -> None:
    components = told(counter("a"), counter("a_set"), counter("set_a"))["components"]
    assert len(components) == 27
    others = told(counter("b_rate_c"), settings=MqttSettings(host="x", device="a_value_b"))["components"]
    assert len({each["unique_id"] for each in (components | others).values()}) == 36


def test_only_the_value_is_a_total_and_it_is_the_last_valid_one() -> None:
    components = told(counter())["components"]
    totals = [name for name, each in components.items() if each.get("state_class", "").startswith("total")]
    assert totals == ["value_water"]
    assert components["value_water"]["state_class"] == "total_increasing"
    assert told(counter(decreases=True))["components"]["value_water"]["state_class"] == "total"
    misread = record(1, "1234.567", raw="98765432", status=Status.TOO_FAST)
    assert Decimal(shown(components["value_water"], misread)) == Decimal("1234.567")
    assert components["raw_water"].keys() & {"state_class", "device_class", "unit_of_measurement"} == set()
    assert shown(components["raw_water"], misread) == "98765432"


def test_what_is_shown_of_a_reading() -> None:
    components = told(counter())["components"]
    good, first = record(1), record(2, None, rate=None, status=Status.NO_FRAME, raw="")
    assert components["last_read_water"]["state_topic"] == "digitd/cellar/water/last_read"
    assert {each["state_topic"] for name, each in components.items() if name not in ("last_read_water", "read_now_water")} == {
        "digitd/cellar/water/state"
    }
    seen = {name: shown(each, good) for name, each in components.items() if "value_template" in each}
    assert seen == {
        "value_water": "1234.567", "rate_water": "0.31", "raw_water": "01234567", "status_water": "ok", "confidence_water": "98.77",
        "problem_water": "OFF", "set_value_water": "1234.567",
    }  # fmt: skip
    # To Home Assistant, None is: unknown.
    assert [shown(components[f"{kind}_water"], first) for kind in ("value", "rate", "set_value", "problem")] == ["None"] * 3 + ["ON"]


@pytest.mark.parametrize("status", Status)
def test_every_status_is_an_option(status: Status) -> None:
    component = told(counter())["components"]["status_water"]
    assert shown(component, record(1, status=status)) in component["options"]


def test_values_expire_and_when_it_was_last_read_does_not() -> None:
    def expiring(**settings: Any) -> dict[str, int]:
        payload = told(counter(), settings=MqttSettings(host="x", **settings))
        return {name: each["expire_after"] for name, each in payload["components"].items() if "expire_after" in each}

    kinds = ["value", "rate", "raw", "status", "confidence", "problem"]
    assert expiring(publish_interval_s=300) == {f"{kind}_water": 900 for kind in kinds}
    assert set(expiring(expire_after_s=0.4).values()) == {1}
    assert expiring(expire_after_s=0) == {}


@pytest.mark.parametrize(
    ("digits", "decimals", "limits"), [(8, 3, (99999.999, 0.001)), (6, 0, (999999, 1)), (8, 5, (999.99999, 0.001)), (3, 3, (0.999, 0.001))]
)
def test_a_value_can_be_set_within_what_the_counter_can_show(digits: int, decimals: int, limits: tuple[float, float]) -> None:
    component = told(counter(digits=digits, decimals=decimals))["components"]["set_value_water"]
    assert (component["max"], component["step"], component["min"]) == (*limits, 0)
    assert component["command_topic"] == "digitd/cellar/water/set_value"


def test_a_prefix_of_its_own() -> None:
    found = discovery(MqttSettings(host="x", discovery_prefix="ha", prefix="home/meters"), [counter()])
    assert found.message.topic == "ha/device/digitd/config"
    assert found.birth_topics == ("homeassistant/status", "ha/status")
    assert "home/meters/digitd/water/state" in found.message.payload


def test_a_counter_that_is_no_more_is_removed_with_its_platform_alone() -> None:
    before = discovery(SETTINGS, [counter(), counter("gas", "gas")]).message.payload.encode()
    now = discovery(SETTINGS, [counter()]).message.payload
    update = json.loads(without_removed(before, now) or "")
    jsonschema.Draft202012Validator(SCHEMA).validate(update)
    assert update["components"]["value_gas"] == {"platform": "sensor"}
    assert update["components"]["problem_gas"] == {"platform": "binary_sensor"}
    assert {name: each for name, each in update["components"].items() if len(each) > 1} == json.loads(now)["components"]
    for nothing_to_remove in (now.encode(), b"", b"{", b"[]", b"null", b'{"components": 1}', b"[" * 100_000, b"\xff"):
        assert without_removed(nothing_to_remove, now) is None


def test_it_is_announced_before_the_first_reading_and_again_when_home_assistant_has_started() -> None:
    outbox = MemoryOutbox([record(1)])
    with broker() as to, mqtt(to, outbox, discovery=True):
        until(lambda: outbox.up_to("mqtt") == 1)
        assert to.published[0] == (TOPIC, discovery(MqttSettings(host="x", device="cellar"), [counter()]).message.payload, True)
        to.send("homeassistant/status", b"offline")
        to.send("homeassistant/status", b"online")
        until(lambda: len(to.payloads(TOPIC)) == 2)
        to.drop()
        until(lambda: len(to.payloads(TOPIC)) == 3)
    assert len(set(to.payloads(TOPIC))) == 1


@pytest.mark.parametrize("versions", [{4, 5}, {4}])
def test_what_an_earlier_start_announced_and_is_no_more_is_removed(versions: set[int]) -> None:
    with broker() as to:
        to.versions = versions
        to.retained[TOPIC] = discovery(SETTINGS, [counter(), counter("gas", "gas")]).message.payload
        with mqtt(to, MemoryOutbox(), discovery=True):
            until(lambda: len(to.payloads(TOPIC)) == 3)
    first, update, last = (json.loads(payload)["components"] for payload in to.payloads(TOPIC))
    assert update["value_gas"] == {"platform": "sensor"}
    assert first == last
    assert "value_gas" not in last
