"""HTTP for the service and the bot: take requests, give replies, send requests.

Knows nothing of calls. A reply may be withheld or its connection reset, because faults need that.
"""

import http.client
import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

JSON_TYPE = "application/json"
POLL_SECONDS = 0.05
SENT, WITHHELD, RESET = "sent", "withheld", "reset"


class Refused(Exception):
    """A request that is answered with an error instead of being carried out."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.reply = Reply(status, {"error": {"code": code, "message": message}})


@dataclass(frozen=True)
class Request:
    """A request as it came in; `path` is without the query."""

    method: str
    path: str
    headers: Any
    body: bytes

    def json_object(self) -> dict:
        """Give the body as a JSON object, or refuse the request."""
        if media_type(self.headers.get("Content-Type")) != JSON_TYPE:
            raise Refused(415, "UnsupportedMediaType", f"the body must be {JSON_TYPE}")
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise Refused(400, "BadRequest", f"the body is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise Refused(400, "BadRequest", "the body must be a JSON object")
        return value


@dataclass
class Reply:
    """An answer: `body` is JSON or None, `text` replaces it, `after` runs once it is out."""

    status: int
    body: Any = None
    headers: dict = field(default_factory=dict)
    text: bytes | None = None
    after: Callable[[], None] | None = None
    fate: str = SENT

    def payload(self) -> bytes:
        """Give the bytes of the body, empty where there is none."""
        return payload_of(self.body, self.text)


@dataclass(frozen=True)
class Received:
    """The answer to a request that one of the programs sent."""

    status: int
    headers: Any
    body: bytes


def payload_of(body: Any, text: bytes | None) -> bytes:
    """Give the bytes that stand for `body` (JSON), or `text` where that is given."""
    if text is not None:
        return text
    return b"" if body is None else json.dumps(body).encode()


def media_type(value: str | None) -> str:
    """Reduce a Content-Type to its media type, without parameters, in lower case."""
    return (value or "").partition(";")[0].strip().lower()


def send(method: str, url: str, headers: dict, payload: bytes, timeout: float = 5.0) -> Received:
    """Send one request (timeout in seconds), over TLS through the proxy that HTTPS_PROXY names.

    Raises OSError or HTTPException where that fails.
    """
    target = urlsplit(url)
    secure = target.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    proxy = urlsplit(os.environ.get("HTTPS_PROXY", "")) if secure else None
    if proxy and proxy.hostname:
        connection = connect(proxy.hostname, proxy.port, timeout=timeout)
        connection.set_tunnel(target.hostname, target.port)
    else:
        connection = connect(target.hostname, target.port, timeout=timeout)
    try:
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        connection.request(method, path, payload, headers)
        response = connection.getresponse()
        return Received(response.status, response.headers, response.read())
    finally:
        connection.close()


def warn(message: str) -> None:
    """Say on standard error what went wrong outside of any reply."""
    print(message, file=sys.stderr, flush=True)


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 and hands each request to `respond`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, respond: Callable[[Request], Reply]):
        super().__init__(("127.0.0.1", port), _Handler)
        self.respond = respond
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        """Give the address that clients use, without a trailing slash."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def run(self, lines: list[str]) -> None:
        """Print `lines`, then serve until SIGTERM or SIGINT."""
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, lambda *_: self.stopping.set())
        threading.Thread(target=self.serve_forever, args=[POLL_SECONDS], daemon=True).start()
        print(*lines, sep="\n", flush=True)
        self.stopping.wait()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Turns what http.server reads into a Request, and a Reply into bytes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def answer(self) -> None:
        """Take one request and deal with it."""
        path = urlsplit(self.path).path
        request = Request(self.command, path, self.headers, self._read_body())
        reply = self._respond(request)
        if reply.fate == SENT:
            self._write(reply)
        if reply.after:
            reply.after()
        if reply.fate != SENT:
            self._drop(reply.fate)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_) -> None:
        """Keep quiet: traffic is shown by whoever judges it."""

    def _respond(self, request: Request) -> Reply:
        try:
            return self.server.respond(request)
        except Refused as refusal:
            return refusal.reply

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._read_chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _read_chunk(self) -> bytes:
        size = int(self.rfile.readline().partition(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _write(self, reply: Reply) -> None:
        payload = reply.payload()
        headers = dict(reply.headers)
        if payload:
            headers.setdefault("Content-Type", JSON_TYPE)
        if reply.status != 204:
            headers["Content-Length"] = str(len(payload))
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)
        self.wfile.flush()

    def _drop(self, fate: str) -> None:
        self.close_connection = True
        if fate == WITHHELD:
            self.server.stopping.wait()
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
