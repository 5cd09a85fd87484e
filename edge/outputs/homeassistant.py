"""How Home Assistant finds the counters by itself: one device, and for each counter what can be seen of it and done to it.

The format is MQTT device discovery (home-assistant.io, MQTT, "Device discovery payload"), which Home Assistant knows since 2024.12. Only
`value` is a total that enters statistics, and it is always the last valid one: what was misread shows in `raw`, which has no state class.
"""

import dataclasses
import json
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from edge import __version__
from edge.config.units import UNITS, DeviceClass, meant
from edge.errors import ConfigError
from edge.outputs.mqtt_settings import MqttSettings
from edge.outputs.topics import LAST_READ, OFFLINE, ONLINE, STATE, Command, Message, base
from edge.reading import Status

BIRTH_TOPIC = "homeassistant/status"
"""Home Assistant says `online` there when it has started, under whatever prefix it looks for devices."""
BORN = b"online"
FINEST_STEP = Decimal("0.001")
"""Home Assistant takes no finer step for a number."""
RATES = {
    "m³": ("m³/h", ""), "L": ("L/min", " / 60"), "gal": ("gal/min", " / 60"), "ft³": ("ft³/min", " / 60"),
    "CCF": ("ft³/min", " * 100 / 60"), "MCF": ("ft³/min", " * 1000 / 60"),
    "mWh": ("W", " / 1000"), "Wh": ("W", ""), "kWh": ("kW", ""), "MWh": ("MW", ""), "GWh": ("GW", ""), "TWh": ("TW", ""),
    "J": ("W", " / 3600"), "kJ": ("W", " / 3.6"), "MJ": ("kW", " / 3.6"), "GJ": ("MW", " / 3.6"),
    "cal": ("W", " * 4.184 / 3600"), "kcal": ("W", " * 4.184 / 3.6"), "Mcal": ("kW", " * 4.184 / 3.6"), "Gcal": ("MW", " * 4.184 / 3.6"),
}  # fmt: skip
"""Unit → the unit of its rate that every Home Assistant with device discovery takes, and what one unit per hour is in it."""
VOLUMES = ("water", "gas")


@dataclasses.dataclass(frozen=True, kw_only=True)
class CounterInfo:
    """What there is to know of a counter besides its readings."""

    name: str
    """Letters, digits, - and _."""
    device_class: DeviceClass
    unit: str
    digits: int
    decimals: int
    """How many of the digits stand behind the point."""
    decreases: bool = False
    """Whether it may run backwards."""


@dataclasses.dataclass(frozen=True)
class Discovery:
    """What Home Assistant is told, and where it says that it has started."""

    message: Message
    birth_topics: tuple[str, ...]


def check_unit(device_class: DeviceClass, unit: str) -> None:
    """Raises ConfigError for a unit that Home Assistant would refuse."""
    if unit not in UNITS[device_class]:
        guess = meant(unit, device_class)
        fix = f'; write unit = "{guess}"' if guess else ""
        raise ConfigError(f'unit "{unit}": Home Assistant takes none such for {device_class}, but {", ".join(UNITS[device_class])}{fix}')


def discovery(settings: MqttSettings, counters: Sequence[CounterInfo]) -> Discovery:
    """The device with all its counters. Raises ConfigError for a unit that Home Assistant would refuse."""
    components: dict[str, Any] = {}
    for counter in counters:
        check_unit(counter.device_class, counter.unit)
        components |= {f"{kind}_{counter.name}": each for kind, each in _components(settings, counter).items()}
    payload = {
        "device": {
            "identifiers": [_id(settings)],
            "name": settings.device_name,
            "manufacturer": "digitd",
            "model": "Meter reader",
            "sw_version": __version__,
        },
        "origin": {"name": "digitd", "sw_version": __version__},
        "availability": [
            {
                "topic": f"{base(settings.prefix, settings.device)}/availability",
                "payload_available": ONLINE,
                "payload_not_available": OFFLINE,
            }
        ],
        "qos": 1,
        "components": components,
    }
    topics = tuple(dict.fromkeys((BIRTH_TOPIC, f"{settings.discovery_prefix}/status")))
    return Discovery(Message(f"{settings.discovery_prefix}/device/{_id(settings)}/config", _json(payload)), topics)


def without_removed(before: bytes, now: str) -> str | None:
    """What to tell Home Assistant so that it forgets what was announced before and is not any more; None where nothing was.

    A component is removed by an update that holds its platform alone; after that the announcement without it has to come again.
    """
    try:
        old, new = json.loads(before), json.loads(now)
        gone = {name: {"platform": each["platform"]} for name, each in old["components"].items() if name not in new["components"]}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None  # not ours, or nothing
    return _json({**new, "components": {**new["components"], **gone}}) if gone else None


def _components(settings: MqttSettings, counter: CounterInfo) -> dict[str, dict[str, Any]]:
    topic = f"{base(settings.prefix, settings.device)}/{counter.name}"
    shown = counter.name.replace("_", " ")
    rate_unit, in_it = RATES[counter.unit]
    state = {"state_topic": f"{topic}/{STATE}"}
    expires: dict[str, Any] = state | ({"expire_after": math.ceil(settings.expire_s)} if settings.expire_s else {})
    step = Decimal(1).scaleb(-counter.decimals)
    value: dict[str, Any] = {
        "name": shown,
        "device_class": "energy" if counter.device_class == "heat" else counter.device_class,
        "state_class": "total" if counter.decreases else "total_increasing",
        "unit_of_measurement": counter.unit,
        "suggested_display_precision": counter.decimals,
        "value_template": "{{ value_json.value }}",
    }
    rate = {
        "name": f"{shown} rate",
        "device_class": "volume_flow_rate" if counter.device_class in VOLUMES else "power",
        "state_class": "measurement",
        "unit_of_measurement": rate_unit,
        "value_template": f"{{{{ (value_json.rate{in_it}) | round(6) if value_json.rate is not none else none }}}}",
    }
    raw = {"name": f"{shown} raw", "entity_category": "diagnostic", "value_template": "{{ value_json.raw }}"}
    status = {
        "name": f"{shown} status",
        "device_class": "enum",
        "options": [status.value for status in Status],
        "entity_category": "diagnostic",
        "value_template": "{{ value_json.status }}",
    }
    confidence = {
        "name": f"{shown} confidence",
        "state_class": "measurement",
        "unit_of_measurement": "%",
        "suggested_display_precision": 1,
        "entity_category": "diagnostic",
        "value_template": "{{ (value_json.confidence * 100) | round(2) }}",
    }
    last_read = {
        "name": f"{shown} last read",
        "device_class": "timestamp",
        "entity_category": "diagnostic",
        "state_topic": f"{topic}/{LAST_READ}",
    }
    problem = {
        "name": f"{shown} problem",
        "device_class": "problem",
        "entity_category": "diagnostic",
        "value_template": "{{ 'OFF' if value_json.status == 'ok' else 'ON' }}",
    }
    read_now = {"name": f"{shown} read now", "command_topic": f"{topic}/{Command.READ_NOW}"}
    set_value = {
        "name": f"{shown} set value",
        "command_topic": f"{topic}/{Command.SET_VALUE}",
        "min": 0,
        "max": float(Decimal(10) ** (counter.digits - counter.decimals) - step),
        "step": float(max(step, FINEST_STEP)),
        "mode": "box",
        "unit_of_measurement": counter.unit,
        "entity_category": "config",
        "value_template": "{{ value_json.value }}",
    }
    found: dict[str, dict[str, Any]] = {
        "value": {"platform": "sensor", **value, **expires},
        "rate": {"platform": "sensor", **rate, **expires},
        "raw": {"platform": "sensor", **raw, **expires},
        "status": {"platform": "sensor", **status, **expires},
        "confidence": {"platform": "sensor", **confidence, **expires},
        # It remains worth knowing after all else has expired.
        "last_read": {"platform": "sensor", **last_read},
        "problem": {"platform": "binary_sensor", **problem, **expires},
        "read_now": {"platform": "button", **read_now},
        "set_value": {"platform": "number", **set_value, **state},
    }
    return {kind: {**each, "unique_id": f"{_id(settings)}.{kind}.{counter.name}"} for kind, each in found.items()}


def _id(settings: MqttSettings) -> str:
    """Letters, digits, - and _, as Home Assistant wants it. The default device's is plain."""
    return settings.device if settings.device == "digitd" else f"digitd_{settings.device}"


def _json(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
