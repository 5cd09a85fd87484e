"""A camera that streams JPEG over RTSP, as far as clients ask for it: the pictures are the numbered ones of `camera_servers`."""

import base64
import contextlib
import socketserver
import struct
import threading
import time
from collections.abc import Iterator

from tests.edge.camera_servers import USER, jpeg

SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=control:track\r\n"


class RtspServer(socketserver.ThreadingTCPServer):
    """JPEG over RTP (RFC 2435) within RTSP's own connection (RFC 2326, 10.12): numbered pictures until the client goes."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *, password: str | None = None, silent_after: int = 2**16) -> None:
        super().__init__(("127.0.0.1", 0), _Rtsp)
        self.password, self.silent_after, self.sent = password, silent_after, 0

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.server_address[1]}/live"

    def handle_error(self, request: object, client_address: object) -> None:
        pass


class _Rtsp(socketserver.StreamRequestHandler):
    server: RtspServer

    def handle(self) -> None:
        while line := self.rfile.readline().decode():
            headers = {}
            while (header := self.rfile.readline().decode().strip()) != "":
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            method = line.split()[0]
            expected = base64.b64encode(f"{USER}:{self.server.password}".encode()).decode()
            if self.server.password and headers.get("authorization") != f"Basic {expected}":
                self._say(headers, "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"')
            elif method == "DESCRIBE":
                self._say(headers, "200 OK", f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}", SDP)
            elif method == "SETUP":
                self._say(headers, "200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1")
            elif method == "PLAY":
                self._say(headers, "200 OK", "Session: 1")
                self._play()
            else:
                self._say(headers, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")

    def _say(self, headers: dict[str, str], status: str, more: str, body: str = "") -> None:
        self.wfile.write(f"RTSP/1.0 {status}\r\nCSeq: {headers.get('cseq', '0')}\r\n{more}\r\n\r\n{body}".encode())

    def _play(self) -> None:
        sequence = 0
        with contextlib.suppress(OSError):
            while self.server.sent < self.server.silent_after:
                self.server.sent += 1
                for packet in _packets(jpeg(self.server.sent), self.server.sent * 1800, sequence):
                    self.wfile.write(b"$\0" + struct.pack(">H", len(packet)) + packet)
                    sequence += 1
                time.sleep(0.02)
            self.request.settimeout(10)
            self.request.recv(1)


def _packets(content: bytes, timestamp: int, sequence: int) -> Iterator[bytes]:
    """One baseline JPEG as RTP packets: its tables in the first, its scan in all of them."""
    tables, at, size = b"", 2, (0, 0)
    while (marker := content[at + 1]) != 0xDA:
        (length,) = struct.unpack_from(">H", content, at + 2)
        segment = content[at + 4 : at + 2 + length]
        if marker == 0xDB:
            tables += b"".join(segment[i + 1 : i + 65] for i in range(0, len(segment), 65))
        elif marker == 0xC0:
            size = struct.unpack_from(">HH", segment, 1)
            assert segment[7] == 0x22, "expected 4:2:0"
        at += 2 + length
    scan = content[at + 2 + struct.unpack_from(">H", content, at + 2)[0] : -2]
    for offset in range(0, len(scan), 1200):
        part = scan[offset : offset + 1200]
        last = offset + 1200 >= len(scan)
        rtp = struct.pack(">BBHII", 0x80, 26 | (0x80 if last else 0), sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 1)
        main = struct.pack(">B3sBBBB", 0, offset.to_bytes(3, "big"), 1, 255, size[1] // 8, size[0] // 8)
        quantization = struct.pack(">BBH", 0, 0, len(tables)) + tables if offset == 0 else b""
        yield rtp + main + quantization + part
        sequence += 1


@contextlib.contextmanager
def rtsp_server(*, password: str | None = None, silent_after: int = 2**16) -> Iterator[RtspServer]:
    server = RtspServer(password=password, silent_after=silent_after)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
