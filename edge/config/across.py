"""What must hold between keys of different tables: seen in the tree itself, so that nothing wrong elsewhere hides it."""

import contextlib
import math
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from edge.config.camera import ROUNDED_PX, Camera, named_size
from edge.config.outputs import Mqtt, Store
from edge.config.values import Refused, points, seconds

INTERVALS = {
    "camera.interval": Camera().interval, "mqtt.publish_interval": Mqtt().publish_interval,
    "store.commit_interval": Store().commit_interval,
}  # fmt: skip
"""The keys whose lengths depend on each other, with their defaults in seconds."""
TOLD = ("mqtt.host", "webhook.url", "influx.url")
"""Keys that set an output going."""


def errors_across(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """As pydantic tells errors. What is no table or no text is for the fields to refuse."""
    yield from _names_used_twice(tree.get("counter"))
    with contextlib.suppress(ValidationError):  # its fields say what is wrong with it
        yield from _windows_beyond_the_frames(Camera.model_validate(tree.get("camera", {})), tree.get("counter"))
    for errors in (_values_that_expire_in_between, _readings_that_wait_for_the_disk):
        with contextlib.suppress(Refused):  # a time that is none
            yield from errors(tree)


def _names_used_twice(counters: Any) -> Iterator[dict[str, Any]]:
    seen: dict[str, int] = {}
    for i, counter in enumerate(counters if isinstance(counters, list) else []):
        name = counter.get("name") if isinstance(counter, dict) else None
        if isinstance(name, str) and (first := seen.setdefault(name.strip().casefold(), i)) != i:
            yield _error(("counter", i, "name"), name, f"a name of its own: counter {first + 1} has this one", "choose another name")


def _windows_beyond_the_frames(camera: Camera, counters: Any) -> Iterator[dict[str, Any]]:
    limits = [(side or math.inf) + ROUNDED_PX for side in camera.frame_size]
    for i, counter in enumerate(counters if isinstance(counters, list) else []):
        with contextlib.suppress(Refused):
            window = points(counter["window"]) if isinstance(counter, dict) and "window" in counter else ()
            if any(not 0 <= place <= limit for corner in window for place, limit in zip(corner, limits, strict=True)):
                expected = f"corners within the frame, from 0,0 to the {named_size(camera.frame_size)} pixels that [camera] asks for"
                yield _error(("counter", i, "window"), counter["window"], expected, "draw it anew, in a frame as digitd gets it")


def _values_that_expire_in_between(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if (stated := _stated(tree, "homeassistant.expire_after")) is None:
        return
    longer = max(("mqtt.publish_interval", "camera.interval"), key=lambda key: _seconds(tree, key))
    pause = _seconds(tree, longer) + _seconds(tree, "store.commit_interval")
    if 0 < seconds(stated) <= pause:
        expected = f"0, or more than {longer} and store.commit_interval, together {pause:g} s: else values expire between two of them"
        yield _error(
            ("homeassistant", "expire_after"), stated, expected, f'write for example expire_after = "{3 * pause:g}s", or leave it out'
        )


def _readings_that_wait_for_the_disk(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Outputs send what is on the disk: a commit that comes less often than readings are due makes all of them late."""
    commit, publish = _seconds(tree, "store.commit_interval"), _seconds(tree, "mqtt.publish_interval")
    told = [key for key in TOLD if _stated(tree, key) is not None]
    if not told or not 0 < publish < commit:
        return
    if (stated := _stated(tree, "store.commit_interval")) is not None:
        expected = f"at most mqtt.publish_interval, which is {publish:g} s: {told[0]} is told only what is written out"
        fix = f'write commit_interval = "{publish:g}s", or a longer publish_interval in [mqtt]'
        yield _error(("store", "commit_interval"), stated, expected, fix)
    else:
        expected = f"at least store.commit_interval, which is {commit:g} s: {told[0]} is told only what is written out"
        fix = f'write commit_interval = "{publish:g}s" in [store] as well, or a longer publish_interval'
        yield _error(("mqtt", "publish_interval"), _stated(tree, "mqtt.publish_interval"), expected, fix)


def _stated(tree: dict[str, Any], key: str) -> Any:
    """What the tree holds for `section.name`; None where nothing is said."""
    section, _, name = key.partition(".")
    table = tree.get(section)
    return table.get(name) if isinstance(table, dict) else None


def _seconds(tree: dict[str, Any], key: str) -> float:
    stated = _stated(tree, key)
    return INTERVALS[key] if stated is None else seconds(stated)


def _error(at: tuple[str | int, ...], found: Any, expected: str, fix: str) -> dict[str, Any]:
    return {"type": "value_error", "loc": at, "input": found, "ctx": {"error": Refused(expected, fix=fix)}}
