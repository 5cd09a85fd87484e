"""What a connection to a broker tells of itself."""

import dataclasses

from edge.outputs.topics import Message


class LostError(Exception):
    """The connection is gone, or did not come about; why, in words."""


class NotSpokenError(LostError):
    """The broker hung up before it answered, or does not speak this version of MQTT."""


@dataclasses.dataclass(frozen=True)
class Acknowledged:
    """The broker has taken a message over, or, where `refused` says why, has not and will not."""

    message: Message
    record: int | None
    """Whose message it is."""
    refused: str | None


@dataclasses.dataclass(frozen=True)
class Received:
    """A message that came."""

    topic: str
    payload: bytes
    retained: bool
    """It was left there for whoever comes, at some time before."""


@dataclasses.dataclass(frozen=True)
class Noted:
    """Something for the log."""

    text: str


Event = Acknowledged | Received | Noted
