"""The server among clients that are slow, many, rude or gone. Nothing here measures time: it waits for what has to come."""

import contextlib
import http.client
import logging
import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from edge.errors import ConfigError
from edge.web.server import Server, listening
from tests.edge.served import TOKEN, Client, Daemon, record, served

MANY = 1000
FRAMES = 200
HELLO = b"GET /healthz HTTP/1.1\r\nHost: digitd\r\n\r\n"
GREEDY = f"GET /api/v1/frame.jpg HTTP/1.1\r\nHost: digitd\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()


def connected(client: Client) -> socket.socket:
    return socket.create_connection(("127.0.0.1", client.port), timeout=60)


def ended(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            received += part
    return received


def asked(connection: socket.socket) -> int:
    """The status of /healthz, asked on a connection that stays open."""
    connection.sendall(HELLO)
    with http.client.HTTPResponse(connection) as response:
        response.begin()
        response.read()
        return response.status


class Loop:
    """A reading loop: a thread that computes a frame after the other, as the daemon does beside the server."""

    def __init__(self) -> None:
        self.frames = 0
        self._stop = threading.Event()
        self._counted = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "Loop":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        picture = np.zeros((200, 200), np.uint8)
        while not self._stop.wait(0.001):
            np.sort(picture, axis=None)
            with self._counted:
                self.frames += 1
                self._counted.notify_all()

    def reads(self, frames: int) -> bool:
        """Whether so many more frames are read; it gives up after a minute."""
        until = self.frames + frames
        with self._counted:
            return self._counted.wait_for(lambda: self.frames >= until, timeout=60)


@pytest.fixture
def crowd() -> Iterator[list[socket.socket]]:
    """Connections that a test opens."""
    opened: list[socket.socket] = []
    yield opened
    for connection in opened:
        connection.close()


@pytest.mark.parametrize("kind", ["silent", "a byte at a time"])
def test_a_thousand_slow_clients_keep_neither_the_loop_nor_an_honest_client_waiting(crowd: list[socket.socket], kind: str) -> None:
    with Loop() as loop, served(Daemon(record(1, "1"))) as client:
        for number in range(MANY):
            with contextlib.suppress(OSError):
                crowd.append(connected(client))
            if kind != "silent":
                for slow in crowd[-40:]:
                    with contextlib.suppress(OSError):
                        slow.send(HELLO[number % 20 : number % 20 + 1])
        assert loop.reads(FRAMES)
        assert client.ask("/healthz", token=None).status == 200
        assert loop.reads(FRAMES)
        for connection in crowd:
            connection.close()
        assert client.ask("/api/v1/counters").status == 200


def test_no_more_than_so_many_are_held_and_the_one_that_waited_longest_goes(crowd: list[socket.socket]) -> None:
    with served(Daemon(), most_connections=4, patience_s=3600.0) as client:
        crowd += [connected(client) for _ in range(4)]
        assert client.ask("/healthz").status == 200
        assert ended(crowd[0]) == b""
        assert [asked(left) for left in crowd[1:]] == [200, 200, 200]


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTT", b"GET /healthz HTTP/1.1\r\nHost: digitd\r\nX-Long: "])
def test_a_client_that_never_finishes_asking_is_let_go(sent: bytes) -> None:
    with served(Daemon(), patience_s=0.2) as client, connected(client) as slow:
        slow.sendall(sent)
        assert ended(slow) == b""
        assert client.ask("/healthz").status == 200


def test_one_that_sends_byte_after_byte_is_let_go_all_the_same() -> None:
    with served(Daemon(), patience_s=0.5) as client, connected(client) as slow:
        dripping = True
        for _ in range(6000):
            try:
                slow.send(b"G")
            except ConnectionError:
                dripping = False
                break
            threading.Event().wait(0.01)
        assert not dripping
        assert client.ask("/healthz").status == 200


def test_one_that_announces_a_body_and_never_sends_it_is_let_go() -> None:
    asking = f"POST /api/v1/counters/water/value HTTP/1.1\r\nHost: digitd\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 9\r\n\r\n"
    with served(Daemon(), patience_s=0.2) as client, connected(client) as slow:
        slow.sendall(asking.encode())
        assert ended(slow) == b""
        assert client.ask("/healthz").status == 200


def test_one_that_does_not_take_its_answer_is_let_go() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3000, 4000), np.uint8)
    with served(Daemon(frame=noise), patience_s=2.0) as client:
        whole = len(client.ask("/api/v1/frame.jpg").body)
        with socket.socket() as greedy:
            greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            greedy.settimeout(60)
            greedy.connect(("127.0.0.1", client.port))
            greedy.sendall(GREEDY)
            while _held(client.port):
                threading.Event().wait(0.05)
            assert 0 < len(ended(greedy)) < whole
        assert client.ask("/healthz").status == 200


def _held(port: int) -> bool:
    """Whether the server holds a connection: a line of /proc/net/tcp with its port first and the state established."""
    with open("/proc/net/tcp") as table:  # noqa: PTH123
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "01" for line in table.readlines()[1:])


def test_a_client_that_asks_again_and_again_may_stay_longer_than_one_answer_may_take() -> None:
    with served(Daemon(), patience_s=3.0) as client, connected(client) as steady:
        for _ in range(40):
            assert asked(steady) == 200
            threading.Event().wait(0.1)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /\r\n\r\n", b"\0" * 100 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: x\r\n" * 20_000 + b"\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_request_or_has_no_end_of_headers_is_refused(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with served(Daemon()) as client, connected(client) as rude, caplog.at_level(logging.WARNING):
        with contextlib.suppress(ConnectionError):
            rude.sendall(sent)
        assert ended(rude)[:12] in (b"HTTP/1.1 400", b"")
        assert client.ask("/healthz").status == 200
    assert caplog.text == ""


def test_a_websocket_is_no_way_in() -> None:
    with served(Daemon()) as client:
        upgrade = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Version": "13",
        }
        assert client.ask("/api/v1/status", token=None, headers=upgrade).status == 401


def test_clients_at_once_each_get_their_answer() -> None:
    with served(Daemon(record(1, "1234.5"))) as client:
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.extend(client.ask("/api/v1/counters").status for _ in range(10))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [200] * 80


def test_closed_it_is_gone_even_with_clients_that_linger_and_the_port_is_free_again(crowd: list[socket.socket]) -> None:
    with served(Daemon()) as client:
        crowd += [connected(client), connected(client)]
        assert asked(crowd[1]) == 200
        port = client.port
    assert [ended(connection) for connection in crowd] == [b"", b""]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=60)
    with Server(_nothing, token=TOKEN, host="127.0.0.1", port=port) as again:
        assert again.port == port
    assert [thread for thread in threading.enumerate() if thread.name == "web"] == []


def test_a_server_that_has_stopped_says_so() -> None:
    server = Server(_nothing, token=TOKEN, host="127.0.0.1", port=0)
    assert server.problem is None
    server.close()
    assert server.problem == "the web server has stopped; the log says why"


def test_a_port_in_use_and_an_address_that_is_none_are_refused_by_name() -> None:
    with served(Daemon()) as client:
        with pytest.raises(ConfigError, match=rf"127\.0\.0\.1, port {client.port} \(Address already in use\).*Set port in \[http\]"):
            Server(_nothing, token=TOKEN, host="127.0.0.1", port=client.port)
        with pytest.raises(ConfigError, match=r"http host no\.such\.name\.invalid"):
            Server(_nothing, token=TOKEN, host="no.such.name.invalid", port=0)


def test_it_starts_before_the_network_has_given_its_address() -> None:
    """192.0.2.1 is for documentation: no machine has it."""
    with contextlib.closing(listening("192.0.2.1", 0)) as listener:
        assert listener.getsockname()[0] == "192.0.2.1"


async def _nothing(*_: object) -> None:
    raise AssertionError("nobody asks")
