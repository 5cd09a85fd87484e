"""One connection to an MQTT broker, from the first packet to the last, driven by one thread.

paho's own loop would send again by itself what was on its way when a connection broke, beside what the outbox sends again; and its
select() knows no more than 1024 open files. So each connection is a client of its own, without memory, and polled from here.
"""

import collections
import contextlib
import select
import socket
import ssl
import time
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.outputs.mqtt_events import Acknowledged, Event, LostError, Noted, NotSpokenError, Received
from edge.outputs.mqtt_settings import MqttSettings, Tls
from edge.outputs.topics import Message
from edge.outputs.trouble import in_words

QOS = 1
IN_FLIGHT = 20
"""So many messages may wait for their acknowledgement; the broker may want fewer."""
LONGEST_POLL_S = 5.0
UNSUPPORTED_VERSION = 0x84
VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


class Link:
    """A connection that stands. wake: a socket that something can be read from when there may be more to send.

    Example: `with Link(settings, "5", will, wake) as link: link.publish(message); events = link.poll(1.0)`.
    Raises LostError, here and in every method, once it is gone.
    """

    def __init__(self, settings: MqttSettings, version: str, will: Message, wake: socket.socket) -> None:
        self._timeout_s, self._wake = settings.timeout_s, wake
        self.version = version
        self._poll_s = min(LONGEST_POLL_S, settings.keepalive_s / 4)
        self._events: list[Event] = []
        self._queue: collections.deque[tuple[Message, int | None]] = collections.deque()
        self._open: dict[int, tuple[Message, int | None]] = {}
        self._limit = IN_FLIGHT
        self._progress = time.monotonic()
        self._answer: ReasonCode | None = None
        self._lost: str | None = None
        self._said = ""
        self._client = self._new_client(settings, will)
        self._socket: Any = None
        try:
            self._connect(settings)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave. Without a farewell where something went wrong: the broker then publishes the last will."""
        if kind is None:
            self._client.disconnect()
        self._close()

    @property
    def room(self) -> int:
        """How many messages would be sent at once."""
        return self._limit - len(self._open) - len(self._queue)

    @property
    def empty(self) -> bool:
        """Whether all that was published is acknowledged."""
        return not (self._open or self._queue)

    def publish(self, message: Message, record: int | None = None) -> None:
        """Send it at QoS 1, as soon as there is room; `poll` tells when it is acknowledged. record: what it belongs to."""
        self._queue.append((message, record))
        self._send()

    def subscribe(self, topic: str) -> None:
        """Ask for what others publish there from now on; by 3.1.1 also for what was left there before."""
        options = SubscribeOptions(qos=QOS, noLocal=True, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        self._ask(self._client.subscribe(topic, options=options) if self.version == "5" else self._client.subscribe(topic, qos=QOS))

    def look_up(self, topic: str) -> None:
        """Ask for what was left there before, by whomever, and for no more: or all that is published there would come back."""
        options = SubscribeOptions(qos=QOS, retainHandling=SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE)
        self._ask(self._client.subscribe(topic, options=options) if self.version == "5" else self._client.subscribe(topic, qos=QOS))
        self._ask(self._client.unsubscribe(topic))

    def _ask(self, asked: tuple[MQTTErrorCode, int | None]) -> None:
        if asked[0] != MQTT_ERR_SUCCESS:
            raise self._gone()

    def poll(self, timeout_s: float | None = None) -> list[Event]:
        """Wait until something comes, there may be something to send, or the time is over; returns what came, and what to log."""
        self._wait(min(self._poll_s if timeout_s is None else timeout_s, self._patience_s))
        self._client.loop_read()
        if self._lost is None:
            self._send()
        if self._client.want_write():
            self._client.loop_write()
        self._client.loop_misc()
        events, self._events = self._events, []
        if not events and (self._lost is not None or self._client.socket() is None):
            raise self._gone()
        if not self._patience_s:
            raise LostError(f"no acknowledgement within {self._timeout_s:g} s")
        return events

    def _send(self) -> None:
        while self._queue and len(self._open) < self._limit:
            message, record = self._queue.popleft()
            if not self._open:
                self._progress = time.monotonic()
            info = self._client.publish(message.topic, message.payload, qos=QOS, retain=message.retained)
            if info.rc != MQTT_ERR_SUCCESS:
                raise self._gone()
            self._open[info.mid] = (message, record)

    @property
    def _patience_s(self) -> float:
        """How long the next acknowledgement may still take."""
        return max(0.0, self._progress + self._timeout_s - time.monotonic()) if self._open else self._timeout_s

    def _wait(self, timeout_s: float) -> None:
        sock = self._client.socket()
        # TLS may have read more than it has handed on: then nothing comes that one could wait for.
        if sock is None or getattr(sock, "pending", int)():
            return
        poller = select.poll()
        poller.register(sock, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        poller.register(self._wake, select.POLLIN)
        poller.poll(timeout_s * 1000)

    def _new_client(self, settings: MqttSettings, will: Message) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=settings.client, protocol=VERSIONS[self.version], reconnect_on_failure=False
        )  # fmt: skip
        client.max_inflight_messages = 0  # `room` limits them
        client.connect_timeout = settings.timeout_s
        if settings.user is not None:
            client.username_pw_set(settings.user, settings.password)
        client.will_set(will.topic, will.payload, qos=QOS, retain=will.retained)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_subscribe, client.on_message = self._on_publish, self._on_subscribe, self._on_message
        client.on_log = self._on_log
        return client

    def _connect(self, settings: MqttSettings) -> None:
        try:
            if settings.tls is not None:
                self._client.tls_set_context(_context(settings.tls))
            self._client.connect(settings.host, settings.port, settings.keepalive_s)
        except (OSError, ValueError) as error:
            raise LostError(in_words(error, settings.timeout_s)) from error
        self._socket = self._client.socket()
        deadline = time.monotonic() + settings.timeout_s
        while self._answer is None:
            if time.monotonic() > deadline:
                raise LostError(f"the port is open, but no MQTT broker answers within {settings.timeout_s:g} s")
            try:
                self.poll(min(self._poll_s, 0.5))
            except LostError as error:
                if self._answer is None:
                    wants = (
                        "TLS (mqtt.tls)" if settings.tls is None else "a certificate that it knows (mqtt.certificate_file, mqtt.key_file)"
                    )
                    raise NotSpokenError(f"the broker hangs up before it answers; perhaps it wants {wants}: {error}") from error
        if self._answer.is_failure:
            spoken = self._answer.value != UNSUPPORTED_VERSION
            raise (LostError if spoken else NotSpokenError)(f"the broker refuses: {self._answer}{_advice(self._answer)}")

    def _gone(self) -> LostError:
        return LostError(self._lost or self._said or "the connection broke")

    def _close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()

    def _on_connect(self, _client: Client, _: Any, _flags: Any, answer: ReasonCode, properties: Properties | None) -> None:
        self._answer = answer
        self._limit = min(IN_FLIGHT, getattr(properties, "ReceiveMaximum", IN_FLIGHT))

    def _on_disconnect(self, _client: Client, _: Any, flags: Any, reason: ReasonCode, _properties: Properties | None) -> None:
        if self._lost is None:
            told = flags.is_disconnect_packet_from_server and reason.is_failure
            self._lost = f"the broker hangs up: {reason}{_advice(reason)}" if told else self._said or "the connection broke"

    def _on_publish(self, _client: Client, _: Any, number: int, reason: ReasonCode, _properties: Properties) -> None:
        message, record = self._open.pop(number)
        self._progress = time.monotonic()
        self._events.append(Acknowledged(message, record, f"{reason}{_advice(reason)}" if reason.is_failure else None))

    def _on_subscribe(self, _client: Client, _: Any, _number: int, reasons: list[ReasonCode], _properties: Properties | None) -> None:
        self._events.extend(Noted(f"a subscription is refused: {reason}") for reason in reasons if reason.is_failure)

    def _on_message(self, _client: Client, _: Any, message: MQTTMessage) -> None:
        with contextlib.suppress(UnicodeDecodeError):
            self._events.append(Received(message.topic, bytes(message.payload), bool(message.retain)))

    def _on_log(self, _client: Client, _: Any, level: int, text: str) -> None:
        # What broke a socket is told nowhere else.
        if level == LogLevel.MQTT_LOG_ERR:
            self._said = text.removeprefix("failed to receive on socket: ")


def _advice(reason: ReasonCode) -> str:
    match str(reason):
        case "Bad user name or password":
            return " (mqtt.user, mqtt.password_file)"
        case "Not authorized":
            return "; user, password or certificate are missing or wrong, or the broker's access list does not allow it"
        case "Session taken over":
            return ": another client has the same name; give each its own mqtt.device or mqtt.client_id"
        case _:
            return ""


def _context(tls: Tls) -> ssl.SSLContext:
    # Made anew for each connection: certificates are renewed while the daemon runs.
    for named in filter(None, (tls.ca_file, tls.certificate_file, tls.key_file)):
        named.open("rb").close()  # ssl does not say which one is missing
    file = tls.ca_file
    try:
        context = ssl.create_default_context(cafile=file)
        if (file := tls.certificate_file) is not None:
            context.load_cert_chain(file, tls.key_file)
    except ssl.SSLError as error:
        raise LostError(f"{file}: no proper certificate, or no key that fits it ({error.reason})") from error
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
