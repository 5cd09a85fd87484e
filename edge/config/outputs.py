"""`[store]`, `[mqtt]`, `[homeassistant]`, `[http]`, `[webhook]`, `[influx]`: where readings are kept, and who is told."""

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from edge.config.network import Host, Url
from edge.config.section import Section
from edge.config.values import Duration, File, Name, Refused, SecretFile, SomeDuration, Topic

MOST_KEEPALIVE_S = 65535
"""MQTT has two bytes for it."""
SECRET = "A plain name is looked for among systemd's credentials, then beside this file."


class Store(Section):
    """The database of readings."""

    path: File = Field(default=Path("/var/lib/digitd/digitd.sqlite"), description="The database.", examples=["digitd.sqlite"])
    commit_interval: Duration = Field(
        default=10,
        description="Readings are written out together this often, for an SD card wears out by writing. Only what is written out is "
        "told to others, so this is no longer than mqtt's publish_interval.",
        examples=["10s", "1min"],
    )
    commit_changes: bool = Field(default=True, description="Whether a changed value is written at once all the same.", examples=[False])
    keep_all: Duration = Field(default=604800, description="For how long every reading is kept.", examples=["7d", "30d"])
    keep_per_minute: Duration = Field(
        default=7776000,
        description="For how long one a minute is kept after that; from then on one an hour, for ever.",
        examples=["90d", "365d"],
    )
    doubtful_pictures: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="How many pictures of doubtful readings are kept, the oldest going first; 0: none. `digitd collect` makes training "
        "data of them.",
        examples=[500],
    )
    doubtful_megabytes: float = Field(default=100, gt=0, le=1e6, description="The room they may take.", examples=[500])


class Mqtt(Section):
    """A broker that is told every reading."""

    host: Host | None = Field(default=None, description="Name or address of the broker; left out: none is told.", examples=["broker.lan"])
    port: int | None = Field(default=None, ge=1, le=65535, description="Port; left out: 8883 with TLS, 1883 without.", examples=[8883])
    user: str | None = Field(default=None, description="Who logs in.", examples=["digitd"])
    password_file: SecretFile | None = Field(default=None, description=f"File with the password. {SECRET}", examples=["mqtt-password"])
    tls: bool | None = Field(default=None, description="Whether to encrypt; left out: where a certificate is named.", examples=[True])
    ca_file: File | None = Field(
        default=None, description="Certificate of who vouches for the broker; left out: the system's.", examples=["ca.pem"]
    )
    certificate_file: File | None = Field(default=None, description="Certificate that digitd shows.", examples=["client.pem"])
    key_file: SecretFile | None = Field(default=None, description=f"Its private key. {SECRET}", examples=["client-key.pem"])
    prefix: Topic = Field(default="digitd", description="How every topic begins.", examples=["cellar/digitd"])
    device: Name = Field(
        default="digitd",
        description="This device's name in topics, one of its own for each.",
        examples=["cellar"],
    )
    client_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=128,
        description="What digitd logs in as a client; left out: digitd- and the device's name.",
        examples=["digitd-cellar"],
    )
    publish_interval: SomeDuration = Field(
        default=300,
        description="A reading is published when its value or status changes, and at least this often.",
        examples=["5min", "1min"],
    )
    keepalive: SomeDuration = Field(
        default=60,
        description="How long the line may be silent before digitd asks whether the broker is still there. The broker says that digitd "
        "is offline when it has heard nothing for one and a half times as long.",
        examples=["1min", "15s"],
    )

    @field_validator("keepalive")
    @classmethod
    def _what_mqtt_can_say(cls, value: float) -> float:
        if not 1 <= value <= MOST_KEEPALIVE_S:
            raise Refused(f'a time from "1s" to "{MOST_KEEPALIVE_S}s", which is the most that MQTT can say')
        return value

    @field_validator("ca_file", "certificate_file", "key_file")
    @classmethod
    def _files_need_tls(cls, file: Any, info: ValidationInfo) -> Any:
        if file is not None and info.data.get("tls") is False:
            raise Refused("no certificate where tls is false", fix="write tls = true, or remove this key")
        return file

    @field_validator("key_file")
    @classmethod
    def _key_and_certificate(cls, file: Any, info: ValidationInfo) -> Any:
        if (file is None) != (info.data.get("certificate_file") is None):
            raise Refused("certificate_file and key_file together, or neither", fix="name both of them")
        return file

    @property
    def encrypted(self) -> bool:
        """Whether TLS is to be used."""
        return self.tls if self.tls is not None else bool(self.ca_file or self.certificate_file)

    @property
    def port_to_use(self) -> int:
        """The port, named or usual."""
        return self.port or (8883 if self.encrypted else 1883)


class HomeAssistant(Section):
    """What Home Assistant finds by itself over the broker."""

    enabled: bool = Field(default=True, description="Whether the counters are announced, where there is a broker.", examples=[False])
    discovery_prefix: Topic = Field(default="homeassistant", description="As Home Assistant has it set.", examples=["ha"])
    device_name: str = Field(
        default="digitd", min_length=1, max_length=100, description="What the device is called there.", examples=["Meters"]
    )
    expire_after: Duration | None = Field(
        default=None,
        description="Values become unavailable when none came for so long; 0: never. Left out: three times the longer of mqtt's "
        "publish_interval and the camera's interval, and the store's commit_interval once.",
        examples=["15min", "1h"],
    )


class Http(Section):
    """The HTTP interface."""

    enabled: bool = Field(default=False, description="Whether there is one.", examples=[True])
    host: Host = Field(
        default="127.0.0.1",
        description="Address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 for the whole network.",
        examples=["0.0.0.0"],
    )
    port: int = Field(default=8080, ge=1, le=65535, description="Port to listen on.", examples=[80])
    token_file: SecretFile = Field(
        default=Path("token"),
        validate_default=True,
        description=f"File with the token that everything but /healthz asks for. {SECRET}",
        examples=["/etc/digitd/token"],
    )
    fresh_within: SomeDuration | None = Field(
        default=None,
        description="/healthz is well while the last reading is no older. Left out: three times the camera's interval, at least 5min.",
        examples=["5min", "1h"],
    )


class Webhook(Section):
    """An address that every reading is posted to, as JSON."""

    url: Url | None = Field(
        default=None, description="Where readings are posted to; left out: nowhere.", examples=["https://example.com/meter"]
    )
    token_file: SecretFile | None = Field(
        default=None, description=f"File with a bearer token to send along. {SECRET}", examples=["webhook-token"]
    )
    timeout: SomeDuration = Field(default=10, description="How long an answer may take.", examples=["10s", "30s"])


class Influx(Section):
    """An InfluxDB (version 2) that every reading is written to."""

    url: Url | None = Field(
        default=None, description="Address of the database; left out: none is written to.", examples=["http://influx.lan:8086"]
    )
    organisation: str = Field(default="", description="Organisation there.", examples=["home"])
    bucket: str = Field(default="digitd", min_length=1, description="Bucket there.", examples=["meters"])
    measurement: str = Field(default="meter", min_length=1, description="What the readings are filed under.", examples=["water"])
    token_file: SecretFile | None = Field(default=None, description=f"File with the token. {SECRET}", examples=["influx-token"])
    timeout: SomeDuration = Field(default=10, description="How long an answer may take.", examples=["10s", "30s"])
