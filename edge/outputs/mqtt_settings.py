"""How to reach the broker, and under which names."""

import dataclasses
from pathlib import Path
from typing import Literal

PATIENCE = 3
"""So many publishings may fail to come before Home Assistant takes values for unavailable."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tls:
    """An encrypted connection."""

    ca_file: Path | None = None
    """Who vouches for the broker; None: whom the system trusts."""
    certificate_file: Path | None = None
    """What digitd shows of itself, with `key_file`."""
    key_file: Path | None = None
    insecure: bool = False
    """Take whatever certificate the broker shows."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MqttSettings:
    """All that the MQTT output needs to know."""

    host: str
    port: int = 1883
    user: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    tls: Tls | None = None
    client_id: str | None = None
    """None: digitd- and the device's name."""
    prefix: str = "digitd"
    device: str = "digitd"
    """Letters, digits, - and _."""
    publish_interval_s: float = 300.0
    """How far apart two readings of a counter are at most; whoever fills the outbox sees to it."""
    discovery: bool = True
    discovery_prefix: str = "homeassistant"
    device_name: str = "digitd"
    expire_after_s: float | None = None
    """Home Assistant takes values for unavailable after so long; 0: never; None: three times `publish_interval_s`."""
    keepalive_s: int = 60
    timeout_s: float = 20.0
    """How long connecting, and each acknowledgement, may take."""
    protocol: Literal["auto", "5", "3.1.1"] = "auto"

    @property
    def client(self) -> str:
        """The name the broker knows this client by."""
        return self.client_id or f"digitd-{self.device}"

    @property
    def expire_s(self) -> float:
        """Seconds; 0: never."""
        return PATIENCE * self.publish_interval_s if self.expire_after_s is None else self.expire_after_s
