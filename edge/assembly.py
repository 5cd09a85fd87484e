"""From the configuration to what runs: the camera, a tracker for each counter, the outputs."""

import contextlib
import dataclasses
import datetime
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from edge.capture.camera import CameraSettings, open_camera
from edge.capture.pictures import load as load_picture
from edge.capture.watching import Watched
from edge.config.camera import Camera as CameraConfig
from edge.config.counter import Counter as CounterConfig
from edge.config.outputs import Http
from edge.config.schema import Config
from edge.config.secrets import secret
from edge.inference.model import TRIAL
from edge.inference.models import loader
from edge.outputs.record import Outbox
from edge.outputs.retention import Ages
from edge.reader import Reader
from edge.tracker import Tracker
from edge.vision.reference import Reference

if TYPE_CHECKING:
    from edge.outputs.mqtt_settings import MqttSettings
    from edge.web.api import Source

log = logging.getLogger(__name__)

OnCommand = Callable[[str, str, Decimal | None], None]
"""Counter, command ("set_value", "read_now") and its value."""


class Output(contextlib.AbstractContextManager["Output"], Protocol):
    """What records are handed to: a thread of its own, fed from the store."""

    def wake(self) -> None:
        """There are new records."""

    @property
    def problem(self) -> str | None:
        """What keeps it from delivering, in words."""


class Serving(contextlib.AbstractContextManager["Serving"], Protocol):
    """What answers whoever asks."""

    @property
    def problem(self) -> str | None:
        """What keeps it from answering, in words."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """How one counter is read: what a tracker begins with."""

    config: CounterConfig
    reader: Reader
    reference: Reference | None

    def tracker(self, state: dict[str, object] | None) -> Tracker:
        """state: what the one before it knew."""
        return Tracker(self.reader, self.config.corners, reference=self.reference, state=state)


def camera(config: CameraConfig) -> Watched:
    """The camera, opened when it is first asked for a frame. Raises ConfigError where a password cannot be read."""
    settings = CameraSettings(
        source=config.source,
        width=config.width,
        height=config.height,
        rotation=config.rotation,
        fps=config.fps,
        exposure_us=None if config.exposure is None else round(config.exposure * 1e6),
        gain=config.gain,
        white_balance=config.white_balance,
        focus=config.focus,
        lock=config.lock,
        user=config.user,
        password=secret(config.password_file),
        timeout_s=config.timeout,
        lamp_pin=config.lamp_gpio,
        lamp_warm_up_s=config.lamp_warm_up,
    )
    return Watched(lambda: open_camera(settings), name=config.shown_source)


def kinds(config: Config) -> dict[str, Kind]:
    """How each counter is read, by name. Raises ModelError or PictureError where what the file names does not fit."""
    recognizer, found = loader(), {}
    for counter in config.counter:
        network = recognizer(counter.model)
        network.read(TRIAL)  # what a runtime has to say, it says when it runs first: here, before there is a camera
        reader = Reader(network, digits=counter.digits, decimals=counter.decimals, display=counter.display, rules=counter.rules)
        found[counter.name] = Kind(counter, reader, reference(counter))
    return found


def reference(counter: CounterConfig) -> Reference | None:
    """What the counter's window was drawn in, where that is named. Raises PictureError."""
    return None if counter.reference is None else Reference.of(load_picture(counter.reference).frame, counter.corners)


def ages(config: Config) -> Ages:
    """How long which readings are kept."""
    kept = config.store
    return Ages(all=datetime.timedelta(seconds=kept.keep_all), per_minute=datetime.timedelta(seconds=kept.keep_per_minute))


def outputs(config: Config, outbox: Outbox, on_command: OnCommand) -> dict[str, Output]:
    """The outputs that are wanted, by the name that the store knows them by; they run once they are entered. Raises ConfigError."""
    found: dict[str, Output] = {}
    if config.mqtt.host is not None:
        from edge.outputs.homeassistant import CounterInfo
        from edge.outputs.mqtt import Mqtt

        counters = [
            CounterInfo(
                name=each.name, device_class=each.device_class, unit=each.unit or "", digits=each.digits, decimals=each.decimals,
                decreases=each.decreases,
            )
            for each in config.counter
        ]  # fmt: skip
        found["mqtt"] = Mqtt(
            mqtt_settings(config), counters, outbox, on_command=lambda counter, command, value: on_command(counter, command, value)
        )
    if config.webhook.url is not None:
        from edge.outputs.webhook import WebhookSettings, webhook

        settings = WebhookSettings(url=config.webhook.url, token=secret(config.webhook.token_file), timeout_s=config.webhook.timeout)
        found["webhook"] = webhook(settings, outbox)
    if config.influx.url is not None:
        from edge.outputs.influx import InfluxSettings, influx

        found["influx"] = influx(
            InfluxSettings(
                url=config.influx.url, organisation=config.influx.organisation, bucket=config.influx.bucket,
                token=secret(config.influx.token_file), measurement=config.influx.measurement, device=config.mqtt.device,
                timeout_s=config.influx.timeout,
            ),
            outbox,
        )  # fmt: skip
    return found


def server(config: Http, live: "Source", metrics: Callable[[], bytes]) -> Serving:
    """The HTTP interface, which answers from now on. Raises ConfigError where it cannot listen, or the token is none."""
    from edge.web.api import application
    from edge.web.auth import read_token
    from edge.web.server import Server

    token = read_token(config.token_file)
    running = Server(application(live, metrics), token=token, host=config.host, port=config.port)
    log.info("answering on %s, port %d", config.host, running.port)
    return running


def mqtt_settings(config: Config) -> "MqttSettings":
    """How the broker is reached, and what it is told. Raises ConfigError where a password cannot be read."""
    from edge.outputs.mqtt_settings import MqttSettings, Tls

    mqtt, announced = config.mqtt, config.homeassistant
    tls = Tls(ca_file=mqtt.ca_file, certificate_file=mqtt.certificate_file, key_file=mqtt.key_file) if mqtt.encrypted else None
    return MqttSettings(
        host=mqtt.host or "",
        port=mqtt.port_to_use,
        user=mqtt.user,
        password=secret(mqtt.password_file),
        tls=tls,
        client_id=mqtt.client_id,
        prefix=mqtt.prefix,
        device=mqtt.device,
        publish_interval_s=mqtt.publish_interval,
        keepalive_s=round(mqtt.keepalive),
        discovery=announced.enabled,
        discovery_prefix=announced.discovery_prefix,
        device_name=announced.device_name,
        expire_after_s=config.expire_after_s,
    )
