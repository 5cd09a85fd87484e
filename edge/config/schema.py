"""The whole file."""

from pydantic import Field

from edge.config.camera import Camera
from edge.config.counter import Counter
from edge.config.outputs import HomeAssistant, Http, Influx, Mqtt, Store, Webhook
from edge.config.section import Section

PATIENCE = 3
"""So many readings may fail to come before something is taken to be wrong."""
FRESH_S = 300.0


class Config(Section):
    """What digitd does. Every section and every key may be left out, but for a counter's name, window and digits."""

    camera: Camera = Field(default_factory=Camera, description="The camera that all counters are read from.")
    counter: tuple[Counter, ...] = Field(default=(), description="The counters in the picture, one [[counter]] each.")
    store: Store = Field(default_factory=Store, description="Where readings are kept.")
    mqtt: Mqtt = Field(default_factory=Mqtt, description="A broker that is told every reading.")
    homeassistant: HomeAssistant = Field(default_factory=HomeAssistant, description="What Home Assistant finds by itself over the broker.")
    http: Http = Field(default_factory=Http, description="Readings, pictures and metrics over HTTP.")
    webhook: Webhook = Field(default_factory=Webhook, description="An address that every reading is posted to, as JSON.")
    influx: Influx = Field(default_factory=Influx, description="An InfluxDB (version 2) that every reading is written to.")

    @property
    def expire_after_s(self) -> float:
        """Seconds after which Home Assistant takes values for unavailable; 0: never."""
        stated = self.homeassistant.expire_after
        if stated is not None:
            return stated
        return PATIENCE * max(self.mqtt.publish_interval, self.camera.interval) + self.store.commit_interval

    @property
    def fresh_within_s(self) -> float:
        """Seconds for which a reading counts as fresh."""
        return self.http.fresh_within or max(PATIENCE * self.camera.interval, FRESH_S)

    def named(self, name: str) -> Counter | None:
        """The counter of that name."""
        return next((counter for counter in self.counter if counter.name == name), None)
