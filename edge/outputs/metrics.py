"""What Prometheus asks for: how digitd does, and what the counters show.

Counted with every frame, in microseconds; what only a look can tell (ages, queues, temperature, memory) is looked up when it is asked for.
"""

import dataclasses
import datetime
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from edge import __version__
from edge.inference.model import Recognizer
from edge.reading import Reading, Status

BUCKETS_S = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024)
THERMAL = Path("/sys/class/thermal")
MEMORY = Path("/proc/self/statm")
FILES = Path("/proc/self/fd")


@dataclasses.dataclass(frozen=True)
class _Lines:
    """What there is of one counter."""

    readings: dict[Status, Counter]
    confidence: Gauge
    value: Gauge


class Metrics:
    """The figures of one daemon with these counters.

    Example: `metrics.observe("water", reading)` with each frame, `application(source, metrics.text)` to serve them.
    """

    def __init__(self, counters: Iterable[str], *, thermal: Path = THERMAL, now: Callable[[], datetime.datetime] | None = None) -> None:
        """now: the time, in UTC."""
        # The moment that each line began is no use here, and would be as many lines again.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._looked_up = _LookedUp(thermal, now or (lambda: datetime.datetime.now(datetime.UTC)))
        self._registry.register(self._looked_up)
        self._reading = Counter("digitd_readings", "Readings", ["counter", "status"], registry=self._registry)
        self._confidence = Gauge("digitd_confidence", "Probability that the last reading is right", ["counter"], registry=self._registry)
        self._value = Gauge("digitd_value", "Last valid value in the counter's unit", ["counter"], registry=self._registry)
        self._stage = Histogram(
            "digitd_stage_seconds", "Time that a stage of a reading takes", ["stage"], buckets=BUCKETS_S, registry=self._registry
        )
        self._stages: dict[str, Histogram] = {}
        self._model = Info("digitd_model", "The model that reads", ["counter"], registry=self._registry)
        Info("digitd", "This program", registry=self._registry).info({"version": __version__})
        self._lines: dict[str, _Lines] = {}
        self.counters(counters)

    def counters(self, names: Iterable[str]) -> None:
        """Which counters there are from now on."""
        names = list(names)
        for gone in self._lines.keys() - names:
            del self._lines[gone]
            for status in Status:
                self._reading.remove(gone, status.value)
            self._confidence.remove(gone)
            self._value.remove(gone)
            self._model.remove(gone)
        for new in set(names) - self._lines.keys():
            # Every line is there from the first moment, so that a rate over it sees the first failure.
            readings = {status: self._reading.labels(new, status.value) for status in Status}
            self._lines[new] = _Lines(readings, self._confidence.labels(new), self._value.labels(new))
            self._lines[new].confidence.set(math.nan)
            self._lines[new].value.set(math.nan)

    def observe(self, counter: str, reading: Reading) -> None:
        """Count a reading of one of the counters."""
        lines = self._lines[counter]
        lines.readings[reading.status].inc()
        lines.confidence.set(reading.confidence)
        if reading.value is not None:
            lines.value.set(float(reading.value))
        for stage, taken_ms in reading.timings_ms.items():
            if stage not in self._stages:
                self._stages[stage] = self._stage.labels(stage)
            self._stages[stage].observe(taken_ms / 1e3)

    def frame_taken(self, time: datetime.datetime) -> None:
        """The last frame was taken at this time, in UTC."""
        self._looked_up.frame = time

    def queue(self, output: str, length: Callable[[], int]) -> None:
        """Let an output's queue be seen; length: how many records it has not delivered yet."""
        self._looked_up.queues[output] = length

    def model(self, recognizers: Mapping[str, Recognizer]) -> None:
        """What reads each counter from now on."""
        for counter, reads in recognizers.items():
            self._model.labels(counter).info({"name": reads.name, "sha256": reads.sha256, "runtime": reads.runtime})

    def text(self) -> bytes:
        """All of it as Prometheus reads it."""
        return generate_latest(self._registry)


class _LookedUp(Collector):
    """Figures that are as old as the moment they are asked for."""

    def __init__(self, thermal: Path, now: Callable[[], datetime.datetime]) -> None:
        self.thermal, self.now = thermal, now
        self.frame: datetime.datetime | None = None
        self.queues: dict[str, Callable[[], int]] = {}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        if self.frame is not None:
            # A clock that was set back makes no frame of the future.
            age_s = max(0.0, (self.now() - self.frame).total_seconds())
            yield GaugeMetricFamily("digitd_frame_age_seconds", "Time since the last frame was taken", value=age_s)
        queued = GaugeMetricFamily("digitd_queue_length", "Records that an output has not delivered yet", labels=["output"])
        for output, length in list(self.queues.items()):
            queued.add_metric([output], length())
        yield queued
        temperature = GaugeMetricFamily("digitd_temperature_celsius", "Temperature of this machine", labels=["zone"])
        for zone, celsius in _temperatures(self.thermal):
            temperature.add_metric([zone], celsius)
        yield temperature
        # prometheus-client's own figures of the process need /proc/stat, which the service may not see.
        resident = int(MEMORY.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        yield GaugeMetricFamily("process_resident_memory_bytes", "Memory that the process takes", value=resident)
        yield GaugeMetricFamily("process_open_fds", "Files, sockets and devices that it has open", value=len(os.listdir(FILES)))  # noqa: PTH208


def _temperatures(thermal: Path) -> Iterator[tuple[str, float]]:
    """Name and °C of each sensor; none where the kernel shows none."""
    for zone in sorted(thermal.glob("thermal_zone*")):
        try:
            yield (zone / "type").read_text().strip(), int((zone / "temp").read_text()) / 1000
        except (OSError, ValueError):
            continue  # a sensor that gives no answer now
