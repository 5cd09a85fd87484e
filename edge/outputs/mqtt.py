"""The MQTT output: a thread that keeps a connection to the broker, empties the outbox into it, and takes commands.

Readings are published at QoS 1 in their order, and count as delivered once the broker has acknowledged all of their messages. While there
is no broker they stay in the outbox; what was on its way when a connection broke is sent again, with the same id.
"""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edge.errors import DigitdError
from edge.journal import ANSWER
from edge.outputs import homeassistant, topics
from edge.outputs.feed import Feed
from edge.outputs.homeassistant import CounterInfo
from edge.outputs.mqtt_events import Acknowledged, Event, LostError, Noted, NotSpokenError, Received
from edge.outputs.mqtt_settings import MqttSettings
from edge.outputs.record import Outbox
from edge.outputs.topics import Command, CommandError
from edge.outputs.trouble import Trouble

if TYPE_CHECKING:
    from edge.outputs.mqtt_link import Link

OUTPUT = "mqtt"
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
FAREWELL_S, EXIT_S = 0.5, 0.7
"""How long leaving waits for the broker, and for the thread: it may be looking up a name, and nobody can stop that."""

log = logging.getLogger(__name__)
OnCommand = Callable[[str, Command, Decimal | None], None]


class Mqtt:
    """Publishes what the outbox holds, until it is left.

    on_command: called in this output's thread with the counter, the command and its value; it must not take long.
    Example: `with Mqtt(settings, counters, store, on_command=told) as mqtt: …; mqtt.wake()`
    """

    def __init__(
        self, settings: MqttSettings, counters: Sequence[CounterInfo], outbox: Outbox, *, on_command: OnCommand | None = None,
        first_wait_s: float = FIRST_WAIT_S, longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:  # fmt: skip
        self._settings, self._outbox, self._on_command = settings, outbox, on_command
        self._counters = [counter.name for counter in counters]
        self._discovery = homeassistant.discovery(settings, counters) if settings.discovery else None
        self._trouble = Trouble(f"MQTT broker {settings.host}:{settings.port}", first_s=first_wait_s, most_s=longest_wait_s)
        self._stop = threading.Event()
        self._awake, self._wake = socket.socketpair()
        self._awake.setblocking(False)
        self._wake.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=OUTPUT, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self.wake()
        self._thread.join(EXIT_S)
        if not self._thread.is_alive():
            self._awake.close()
            self._wake.close()

    def wake(self) -> None:
        """There are new records. Called from any thread; never waits."""
        with contextlib.suppress(OSError):  # full: it has not looked yet, and will
            self._wake.send(b"\0")

    @property
    def problem(self) -> str | None:
        """What keeps readings from the broker, for people; None while all is well."""
        return self._trouble.problem

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._connect() as link:
                    # A thread that connecting held up has been left, and its place may be taken.
                    if not self._stop.is_set():
                        self._serve(link)
            except LostError as error:
                wait_s = self._trouble.failed(str(error))
            # Whatever it is, the next connection may do better; a dead thread never does.
            except Exception as error:
                log.debug("MQTT", exc_info=True)
                wait_s = self._trouble.failed(f"{type(error).__name__}: {error}")
            else:
                return
            self._stop.wait(wait_s)

    def _connect(self) -> "Link":
        from edge.outputs.mqtt_link import Link  # and with it paho, only where there is a broker

        settings = self._settings
        will = topics.availability(settings.prefix, settings.device, online=False)
        if settings.protocol != "auto":
            return Link(settings, settings.protocol, will, self._awake)
        try:
            return Link(settings, "5", will, self._awake)
        except NotSpokenError:
            return Link(settings, "3.1.1", will, self._awake)

    def _serve(self, link: "Link") -> None:
        """Until it is time to stop. Raises LostError."""
        settings, feed = self._settings, Feed(self._outbox, OUTPUT)
        log.debug("%s: connected, MQTT %s", self._trouble.name, link.version)
        if self._on_command is not None:
            for topic in topics.command_topics(settings.prefix, settings.device):
                link.subscribe(topic)
        if self._discovery is not None:
            for topic in self._discovery.birth_topics:
                link.subscribe(topic)
            link.look_up(self._discovery.message.topic)
            link.publish(self._discovery.message)
        link.look_up(topics.states(settings.prefix, settings.device))
        link.publish(topics.availability(settings.prefix, settings.device, online=True))
        while not self._stop.is_set():
            self._send(link, feed)
            self._handle(link, feed, link.poll())
            if self._woken():
                feed.look()
        link.publish(topics.availability(settings.prefix, settings.device, online=False))
        deadline = time.monotonic() + FAREWELL_S
        while not link.empty and (left := deadline - time.monotonic()) > 0:
            self._handle(link, feed, link.poll(left))
            self._woken()

    def _send(self, link: "Link", feed: Feed) -> None:
        """As many records as may be on their way."""
        while link.room > 0 and (record := feed.next()) is not None:
            # A counter that is no more has its last readings delivered, and nothing stays of it.
            stays = record.counter in self._counters
            messages = topics.record_messages(record, self._settings.prefix, self._settings.device, retained=stays)
            feed.sent(record, len(messages))
            for message in messages:
                link.publish(message, record.id)

    def _handle(self, link: "Link", feed: Feed, events: Sequence[Event]) -> None:
        """Raises LostError where the broker does not take a reading: it has to come again, and before those that follow."""
        for event in events:
            match event:
                case Acknowledged(message, record, refused) if refused is not None:
                    if record is not None:
                        raise LostError(f"the broker does not take {message.topic}: {refused}")
                    self._trouble.note(f"the broker does not take {message.topic}: {refused}")
                case Acknowledged(_, record, _):
                    if record is not None:
                        feed.acknowledged(record)
                        self._trouble.over()
                case Received():
                    self._receive(link, event)
                case Noted(text):
                    self._trouble.note(text)
        if link.empty and feed.idle:
            self._trouble.over()

    def _receive(self, link: "Link", received: Received) -> None:
        found = self._discovery
        if found is not None and received.topic == found.message.topic:
            if received.retained and (update := homeassistant.without_removed(received.payload, found.message.payload)) is not None:
                link.publish(topics.Message(found.message.topic, update))
                link.publish(found.message)
        elif found is not None and received.topic in found.birth_topics:
            if received.payload == homeassistant.BORN:
                link.publish(found.message)
        elif received.topic.endswith(f"/{topics.STATE}"):
            forgetting = topics.forgetting(received.topic, received.payload, self._counters) if received.retained else []
            if forgetting:
                log.info("%s: of a counter that is no more; taken away", received.topic)
            for message in forgetting:
                link.publish(message)
        elif received.retained:
            # It was meant for some moment in the past, and would come again at every start.
            log.warning("%s: retained, and ignored; publish commands without the retain flag", received.topic)
        else:
            self._command(received)

    def _command(self, received: Received) -> None:
        settings = self._settings
        try:
            told = topics.parse_command(received.topic, received.payload, settings.prefix, settings.device, self._counters)
        except CommandError as error:
            log.warning("%s: ignored: %s", received.topic, error, extra=ANSWER)
            return
        try:
            if self._on_command is not None:
                self._on_command(*told)
        # Readings go on, whatever a command does.
        except Exception as error:
            log.warning("%s: failed: %s", received.topic, error, exc_info=not isinstance(error, DigitdError))

    def _woken(self) -> bool:
        try:
            return bool(self._awake.recv(4096))
        except BlockingIOError:
            return False
