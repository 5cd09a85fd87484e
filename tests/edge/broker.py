"""A broker that speaks as much MQTT as digitd does, and can be told to misbehave, and the output that it serves.

tests/system/test_broker.py has a real one.
"""

import contextlib
import dataclasses
import re
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

from edge.outputs.homeassistant import CounterInfo
from edge.outputs.mqtt import Mqtt
from edge.outputs.mqtt_settings import MqttSettings
from tests.edge.outbox import MemoryOutbox

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 13, 14
UNACCEPTABLE_VERSION = 1
NO_LOCAL, DO_NOT_SEND_RETAINED = 0x04, 0x30
WATER = CounterInfo(name="water", device_class="water", unit="m³", digits=8, decimals=3)


@dataclasses.dataclass(frozen=True)
class Connected:
    version: int
    client: str
    user: str | None
    password: str | None
    will: tuple[str, str, bool]
    """Topic, payload, retained."""
    keepalive_s: int


class Broker:
    """Takes one client at a time. What comes is in `connected`, `subscribed` and `published`, as (topic, payload, retained)."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.versions = {4, 5}
        self.silent_versions: set[int] = set()
        """Versions at which it hangs up without a word."""
        self.answer = 0
        self.acknowledges = True
        self.receive_maximum: int | None = None
        self.forbidden: set[str] = set()
        """Topics that it does not let anybody publish on, which version 5 can say."""
        self.retained: dict[str, str] = {}
        """What a new subscriber is sent at once; all of it comes from the one client, which may not want its own (NO_LOCAL)."""
        self.connected: list[Connected] = []
        self.subscribed: list[str] = []
        self.published: list[tuple[str, str, bool]] = []
        self.farewells = 0
        self.most_open = 0
        self._open: list[bytes] = []
        self._client: socket.socket | None = None
        self._version = 0
        self._thread = threading.Thread(target=self._run)

    def send(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        """To the client."""
        assert self._client is not None
        properties = b"\0" if self._version == 5 else b""
        self._client.sendall(_packet(PUBLISH, _text(topic) + properties + payload, int(retained)))

    def drop(self) -> None:
        """Break the connection."""
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)

    def payloads(self, topic: str) -> list[str]:
        return [payload for each, payload, _ in list(self.published) if each == topic]

    def _run(self) -> None:
        while True:
            try:
                self._client, _ = self._listener.accept()
            except OSError:
                return
            with self._client, contextlib.suppress(ConnectionError), self._client.makefile("rb") as stream:
                self._serve(self._client, stream)

    def _serve(self, client: socket.socket, stream: BinaryIO) -> None:
        self._open.clear()
        while (packet := _read(stream)) is not None:
            kind, flags, body = packet
            if kind == CONNECT:
                self.connected.append(_connect(body))
                self._version = self.connected[-1].version
                if self._version in self.silent_versions:
                    return
                client.sendall(self._connack())
                if self.answer or self._version not in self.versions:
                    return
            elif kind == PUBLISH:
                self._take(client, flags, body)
            elif kind == SUBSCRIBE:
                self._subscribe(client, body)
            elif kind == PINGREQ:
                client.sendall(_packet(PINGRESP, b""))
            elif kind == DISCONNECT:
                self.farewells += 1

    def _connack(self) -> bytes:
        code = self.answer or (0 if self._version in self.versions else UNACCEPTABLE_VERSION)
        if code == UNACCEPTABLE_VERSION or self._version == 4:
            return _packet(CONNACK, bytes([0, code]))
        properties = struct.pack("!BH", 0x21, self.receive_maximum) if self.receive_maximum else b""
        return _packet(CONNACK, bytes([0, code, len(properties)]) + properties)

    def _take(self, client: socket.socket, flags: int, body: bytes) -> None:
        topic, rest = _take_text(body)
        number, rest = rest[:2], rest[2:]
        payload = rest[1:] if self._version == 5 else rest  # digitd sends no properties
        self._open.append(number)
        self.most_open = max(self.most_open, len(self._open))
        refused = topic in self.forbidden
        if not refused:
            self.published.append((topic, payload.decode(), bool(flags & 1)))
            if flags & 1:
                self.retained[topic] = payload.decode()
                self.retained = {topic: payload for topic, payload in self.retained.items() if payload}
        if self.acknowledges:
            for each in self._open:
                client.sendall(_packet(PUBACK, each + (b"\x87" if refused else b"")))
            self._open.clear()

    def _subscribe(self, client: socket.socket, body: bytes) -> None:
        topic, rest = _take_text(body[3:] if self._version == 5 else body[2:])
        self.subscribed.append(topic)
        client.sendall(_packet(SUBACK, body[:2] + (b"\0" if self._version == 5 else b"") + b"\1"))
        if self._version == 4 or not rest[0] & (NO_LOCAL | DO_NOT_SEND_RETAINED):
            for each, payload in self.retained.items():
                if re.fullmatch(topic.replace("+", "[^/]+"), each):
                    self.send(each, payload.encode(), retained=True)


@contextlib.contextmanager
def broker() -> Iterator[Broker]:
    found = Broker()
    found._thread.start()
    try:
        yield found
    finally:
        found._listener.shutdown(socket.SHUT_RDWR)
        found._listener.close()
        found.drop()
        found._thread.join()


def mqtt(to: Broker, outbox: MemoryOutbox, **more: Any) -> Mqtt:
    """The output of a device `cellar` with one counter; more: settings, and `on_command`."""
    on_command = more.pop("on_command", None)
    settings = MqttSettings(host="127.0.0.1", port=to.port, device="cellar", **{"discovery": False, **more})
    return Mqtt(settings, [WATER], outbox, on_command=on_command, first_wait_s=0.01, longest_wait_s=0.02)


def _packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    length, header = len(body), bytes([kind << 4 | flags])
    while True:
        length, digit = divmod(length, 128)
        header += bytes([digit | (0x80 if length else 0)])
        if not length:
            return header + body


def _read(stream: BinaryIO) -> tuple[int, int, bytes] | None:
    read = stream.read
    first = read(1)
    length, shift = 0, 0
    while first:
        if not (digit := read(1)):
            return None
        length |= (digit[0] & 0x7F) << shift
        shift += 7
        if not digit[0] & 0x80:
            body = read(length)
            return (first[0] >> 4, first[0] & 15, body) if len(body) == length else None
    return None


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text.encode())) + text.encode()


def _take_text(body: bytes) -> tuple[str, bytes]:
    end = 2 + int.from_bytes(body[:2], "big")
    return body[2:end].decode(), body[end:]


def _connect(body: bytes) -> Connected:
    version, flags = body[6], body[7]
    rest = body[10 + (1 + body[10] if version == 5 else 0) :]
    client, rest = _take_text(rest)
    topic, rest = _take_text(rest[1 + rest[0] :] if version == 5 else rest)
    payload, rest = _take_text(rest)
    user = password = None
    if flags & 0x80:
        user, rest = _take_text(rest)
    if flags & 0x40:
        password, rest = _take_text(rest)
    return Connected(version, client, user, password, (topic, payload, bool(flags & 0x20)), int.from_bytes(body[8:10], "big"))
