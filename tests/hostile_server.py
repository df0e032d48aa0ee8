"""A local HTTP server that delivers files well or badly, as its paths say: /MANNER/NAME."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GOOD, RANGES = "good", "ranges"


class Handler(BaseHTTPRequestHandler):
    """Serves `server.files` in one of the manners below; keeps the requests it got."""

    protocol_version = "HTTP/1.0"
    server: "Server"

    def do_GET(self) -> None:
        _, manner, name = self.path.split("/", 2)
        self.server.requests.append((manner, name, self.headers.get("Range")))
        getattr(self, f"serve_{manner.replace('-', '_')}")(self.server.files.get(name, b""))

    def _send(self, body: bytes, status: int = 200, **headers: object) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def serve_good(self, body: bytes) -> None:
        self._send(body)

    def serve_ranges(self, body: bytes) -> None:
        wanted = self.headers.get("Range")
        if wanted is None:
            return self._send(body)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(body):
            return self._send(b"", 416)
        rest = body[start:]
        return self._send(rest, 206, Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}")

    def serve_breaks_off(self, body: bytes) -> None:
        """Half of what is missing each time, then a closed connection; goes on where it is asked to."""
        wanted = self.headers.get("Range")
        start = 0 if wanted is None else int(wanted.removeprefix("bytes=").removesuffix("-"))
        rest = body[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        self.wfile.write(rest[: len(rest) // 2] if self.server.breaks > 0 else rest)
        self.server.breaks -= 1

    def serve_truncates(self, body: bytes) -> None:
        self._send(body[: len(body) // 2])

    def serve_too_long_announced(self, body: bytes) -> None:
        self._send(body, Content_Length=len(body) + 100)

    def serve_absurd_length(self, body: bytes) -> None:
        self._send(body, Content_Length=10**14)

    def serve_no_length(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def serve_endless(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(bytes(1 << 16))

    def serve_corrupts(self, body: bytes) -> None:
        self._send(body[:-20] + bytes(20))

    def serve_page(self, body: bytes) -> None:
        self._send(b"<html>Please log in to the wireless network</html>")

    def serve_missing(self, body: bytes) -> None:
        self._send(b"no", 404)

    def serve_broken(self, body: bytes) -> None:
        self._send(b"no", 500)

    def serve_moved(self, body: bytes) -> None:
        self._send(b"", 302, Location=self.path.replace("/moved/", "/good/"))

    def serve_round(self, body: bytes) -> None:
        self._send(b"", 302, Location=self.path)

    def serve_to_file(self, body: bytes) -> None:
        self._send(b"", 302, Location="file:///etc/passwd")

    def serve_not_http(self, body: bytes) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")

    def serve_closes(self, body: bytes) -> None:
        pass

    def serve_stalls(self, body: bytes) -> None:
        self.server.released.wait(20)

    def serve_stalls_midway(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.server.released.wait(20)

    def serve_drips(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for value in body:
            self.wfile.write(bytes([value]))
            self.wfile.flush()
            if self.server.released.wait(0.02):
                return

    def serve_drips_headers(self, body: bytes) -> None:
        for value in b"HTTP/1.0 200 OK\r\nX-Long: " + b"a" * 10_000:
            self.wfile.write(bytes([value]))
            self.wfile.flush()
            if self.server.released.wait(0.02):
                return

    def serve_slowly(self, body: bytes) -> None:
        time.sleep(0.3)
        self._send(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """The server, its files by name, what it was asked, and how often it still breaks off."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, str | None]] = []
        self.breaks = 1
        self.released = threading.Event()

    def mirror(self, manner: str) -> str:
        """Give the address of a mirror that delivers in a manner."""
        return f"http://127.0.0.1:{self.server_port}/{manner}/"

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server for the time of a block."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()
