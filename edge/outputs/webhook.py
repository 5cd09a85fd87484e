"""Each reading posted to an address, as JSON: {"id": 7, "time": "2026-11-25T12:00:00.000000Z", "counter": "water", "value": 1234.567, …}.

One reading a request, in order, each until it is answered with 2xx. A receiver tells one that came twice by its id.
"""

import dataclasses
from collections.abc import Sequence

from edge.outputs import pump
from edge.outputs.post import post, shown
from edge.outputs.pump import Pump
from edge.outputs.record import Outbox, Record
from edge.outputs.topics import record_json

OUTPUT = "webhook"


@dataclasses.dataclass(frozen=True, kw_only=True)
class WebhookSettings:
    """Where readings are posted to."""

    url: str = dataclasses.field(repr=False)
    token: str | None = dataclasses.field(default=None, repr=False)
    """Sent along as a bearer token."""
    timeout_s: float = 10.0


def webhook(
    settings: WebhookSettings, outbox: Outbox, *, first_wait_s: float = pump.FIRST_WAIT_S, longest_wait_s: float = pump.LONGEST_WAIT_S
) -> Pump:  # fmt: skip
    """The output, to be entered."""
    headers = {"Content-Type": "application/json"}
    if settings.token is not None:
        headers["Authorization"] = f"Bearer {settings.token}"

    def send(records: Sequence[Record]) -> None:
        for record in records:
            post(settings.url, record_json(record).encode(), headers, timeout_s=settings.timeout_s)

    return Pump(
        OUTPUT, f"webhook {shown(settings.url)}", outbox, send, first_wait_s=first_wait_s, longest_wait_s=longest_wait_s
    )  # fmt: skip
