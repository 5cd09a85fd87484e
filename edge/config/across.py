"""What must hold between keys of different tables: seen in the tree itself, so that nothing wrong elsewhere hides it."""

from collections.abc import Iterator
from typing import Any

from edge.config.camera import Camera
from edge.config.outputs import Mqtt
from edge.config.values import Refused, seconds


def errors_across(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """As pydantic tells errors. What is no table or no text is for the fields to refuse."""
    yield from _names_used_twice(tree.get("counter"))
    yield from _values_that_expire_in_between(*(tree.get(name, {}) for name in ("camera", "mqtt", "homeassistant")))


def _names_used_twice(counters: Any) -> Iterator[dict[str, Any]]:
    seen: dict[str, int] = {}
    for i, counter in enumerate(counters if isinstance(counters, list) else []):
        name = counter.get("name") if isinstance(counter, dict) else None
        if isinstance(name, str) and (first := seen.setdefault(name.strip().casefold(), i)) != i:
            yield _error(("counter", i, "name"), name, f"a name of its own: counter {first + 1} has this one", "choose another name")


def _values_that_expire_in_between(camera: Any, mqtt: Any, homeassistant: Any) -> Iterator[dict[str, Any]]:
    if not all(isinstance(section, dict) for section in (camera, mqtt, homeassistant)) or "expire_after" not in homeassistant:
        return
    try:
        expire = seconds(homeassistant["expire_after"])
        pauses = {
            "mqtt.publish_interval": seconds(mqtt["publish_interval"]) if "publish_interval" in mqtt else Mqtt().publish_interval,
            "camera.interval": seconds(camera["interval"]) if "interval" in camera else Camera().interval,
        }
    except Refused:
        return
    longer = max(pauses, key=lambda name: pauses[name])
    if 0 < expire <= pauses[longer]:
        expected = f"0, or more than {longer}, which is {pauses[longer]:g} s: else values expire between two of them"
        fix = f'write for example expire_after = "{3 * pauses[longer]:g}s", or leave it out'
        yield _error(("homeassistant", "expire_after"), homeassistant["expire_after"], expected, fix)


def _error(at: tuple[str | int, ...], found: Any, expected: str, fix: str) -> dict[str, Any]:
    return {"type": "value_error", "loc": at, "input": found, "ctx": {"error": Refused(expected, fix=fix)}}
