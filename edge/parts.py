"""All that one configuration asks for, while it runs: counters, outputs, what the web sees. A reload takes another in its place."""

import contextlib
import dataclasses
import functools
from collections.abc import Mapping
from typing import Self

from edge import assembly
from edge.assembly import Kind, OnCommand, Output, Serving
from edge.config.schema import Config
from edge.live import Live
from edge.outputs.doubtful import Doubtful, beside
from edge.outputs.metrics import Metrics
from edge.outputs.store import Store
from edge.reading import Reading
from edge.recorder import Recorder


@dataclasses.dataclass(frozen=True)
class Parts:
    """Example: `parts = Parts.of(config, kinds, store, told)`, and `parts.close()` when another configuration takes its place."""

    config: Config
    kinds: Mapping[str, Kind]
    recorders: dict[str, Recorder]
    outputs: dict[str, Output]
    live: Live
    metrics: Metrics
    _open: contextlib.ExitStack

    @classmethod
    def of(cls, config: Config, kinds: Mapping[str, Kind], store: Store, told: OnCommand, *, bare: bool = False) -> Self:
        """All of it, running. told: takes commands from outside; bare: without all that the world sees, which cannot be had now. Raises
        DigitdError where a file that is named cannot be read, or an address not be listened on; nothing runs then, and nothing is lost."""
        with contextlib.ExitStack() as stack:
            outputs = {} if bare else assembly.outputs(config, store, told)
            store.outputs(outputs.keys(), only=False)
            for output in outputs.values():
                stack.enter_context(output)
            pictures, folder = config.store.doubtful_pictures, beside(config.store.path)
            doubtful = Doubtful(folder, count=pictures, megabytes=config.store.doubtful_megabytes) if pictures else None
            every_s = config.mqtt.publish_interval
            recorders = {
                name: Recorder(name, kind.tracker(store.load_state(name)), store, publish_interval_s=every_s, doubtful=doubtful)
                for name, kind in kinds.items()
            }
            metrics = Metrics(recorders)
            for name in outputs:
                metrics.queue(name, functools.partial(store.queue_length, name))
            metrics.model({name: kind.reader.recognizer for name, kind in kinds.items()})
            troubled: list[Output | Serving | Recorder] = [*outputs.values(), *recorders.values()]
            live = Live(
                recorders, store, told, fresh_within_s=config.fresh_within_s,
                problems=lambda: [each for each in (store.problem, *(part.problem for part in troubled)) if each],
            )  # fmt: skip
            if config.http.enabled and not bare:
                troubled.append(stack.enter_context(assembly.server(config.http, live, metrics.text)))
            if not bare:
                store.outputs(outputs.keys())
            return cls(config, kinds, recorders, outputs, live, metrics, stack.pop_all())

    def close(self) -> None:
        """End it."""
        self._open.close()
        self.live.forget()

    def in_words(self, readings: Mapping[str, Reading]) -> str:
        """What the counters show, for people."""
        units = {counter.name: f" {counter.unit}" if counter.unit else "" for counter in self.config.counter}
        shown = {name: "–" if each.value is None else f"{each.value}{units[name]}" for name, each in readings.items()}
        return ", ".join(f"{name} {shown[name]} ({each.status})" for name, each in readings.items()) or "no counters"

    def wake(self) -> None:
        """There is something new for the outputs."""
        for output in self.outputs.values():
            output.wake()
