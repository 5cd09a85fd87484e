"""Readings written to InfluxDB 2, in its line protocol.

    meter,counter=water,device=cellar value=1234.567,raw="01234567",confidence=0.98,status="ok",rate=0.31,id=7i 1764072000000000

A reading that comes twice has the same tags and time, and so is the same point. Source: docs.influxdata.com, InfluxDB OSS v2, "Line
protocol" and "Troubleshoot issues writing data": 422 may mean that some of a batch were written, which writing them again does not harm.
"""

import dataclasses
import re
import urllib.parse
from collections.abc import Sequence

from edge.outputs import pump
from edge.outputs.post import post, shown
from edge.outputs.pump import Pump
from edge.outputs.record import Outbox, Record
from edge.outputs.rows import to_us
from edge.outputs.topics import CONFIDENCE_DECIMALS, rate_text

OUTPUT = "influx"
BATCH = 100
NEW_LINES = re.compile(r"[\r\n]+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class InfluxSettings:
    """Which database."""

    url: str = dataclasses.field(repr=False)
    """Without /api/v2/write."""
    organisation: str = ""
    bucket: str = "digitd"
    token: str | None = dataclasses.field(default=None, repr=False)
    measurement: str = "meter"
    device: str = "digitd"
    """Tells apart the counters of several digitd that write to one bucket."""
    timeout_s: float = 10.0


def influx(
    settings: InfluxSettings, outbox: Outbox, *, first_wait_s: float = pump.FIRST_WAIT_S, longest_wait_s: float = pump.LONGEST_WAIT_S
) -> Pump:  # fmt: skip
    """The output, to be entered."""
    query = urllib.parse.urlencode({"org": settings.organisation, "bucket": settings.bucket, "precision": "us"})
    url = f"{settings.url.rstrip('/')}/api/v2/write?{query}"
    headers = {"Content-Type": "text/plain; charset=utf-8", "Accept": "application/json"}
    if settings.token is not None:
        headers["Authorization"] = f"Token {settings.token}"

    def send(records: Sequence[Record]) -> None:
        body = "\n".join(line(record, settings.measurement, settings.device) for record in records)
        post(url, body.encode(), headers, timeout_s=settings.timeout_s)

    return Pump(
        OUTPUT, f"InfluxDB {shown(settings.url)}", outbox, send, batch=BATCH, first_wait_s=first_wait_s, longest_wait_s=longest_wait_s
    )  # fmt: skip


def line(record: Record, measurement: str, device: str) -> str:
    """A reading in line protocol, its time in microseconds. Its value keeps the digits it was read with."""
    fields = {
        "value": None if record.value is None else format(record.value, "f"),
        "raw": _text(record.raw),
        "confidence": repr(round(float(record.confidence), CONFIDENCE_DECIMALS)),
        "status": _text(record.status.value),
        "rate": rate_text(record.rate),
        "id": f"{record.id}i",
    }
    tags = f"counter={_escaped(record.counter, ',= ')},device={_escaped(device, ',= ')}"
    written = ",".join(f"{name}={field}" for name, field in fields.items() if field)
    return f"{_escaped(measurement, ', ')},{tags} {written} {to_us(record.time)}"


def _escaped(text: str, special: str) -> str:
    """A measurement or a tag. It cannot hold a new line, nor end with a backslash, which would escape what follows."""
    text = NEW_LINES.sub(" ", text)
    if text.endswith("\\"):
        text = f"{text[:-1]}_"
    return "".join(f"\\{character}" if character in special else character for character in text)


def _text(text: str) -> str:
    """The value of a field in quotes."""
    escaped = NEW_LINES.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
