"""A proxy before an HTTP server that does what is asked of it: 503, half an answer, none at all, headers taken out."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

XML = '<?xml version="1.0"?><Error><Code>{}</Code><Message>a-secret-that-nobody-prints</Message></Error>'


@dataclass(frozen=True)
class Fault:
    """What becomes of a request.

    Attributes:
        status: it is not handed on, and answered with this.
        code: what S3 calls that.
        lost: it is handed on, and the connection closed without the answer.
        cut: of the body of the answer half comes, then the connection ends.
        held: of the body of the answer half comes, and then nothing for as long as the client waits.
        damaged: the last octet of what is put, or else of the answer, is another one.
        without: headers of the request that are not handed on.
        before: called before it is handed on.
    """

    status: int = 0
    code: str = ""
    lost: bool = False
    cut: bool = False
    held: bool = False
    damaged: bool = False
    without: tuple[str, ...] = ()
    before: Callable[[], None] | None = None


Plan = Callable[[str, str, dict[str, str]], Fault | None]


@dataclass
class Faulty:
    """The proxy; `plan` is asked of each request: its method, its path and its headers, in small letters.

    Attributes:
        certificate: the files of a certificate and its key, where it is spoken to by TLS.
        trusts: the file of a CA, where the server behind is spoken to by TLS.
        reads: what the server behind takes a path for.
        seen: method and path of each request.
        put: path of what S3 took.
    """

    upstream: int
    plan: Plan = lambda method, path, headers: None
    certificate: tuple[Path, Path] | None = None
    trusts: Path | None = None
    reads: Callable[[str], str] = lambda path: path
    seen: list[tuple[str, str]] = field(default_factory=list)
    put: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        faulty = self

        class Handler(_Handler):
            owner = faulty

        self._upstream_tls = ssl.create_default_context(cafile=self.trusts) if self.trusts else None
        self._server = _Server(("127.0.0.1", 0), Handler)
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_port)

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}"

    def connection(self) -> HTTPConnection:
        """To the server behind."""
        if self._upstream_tls is None:
            return HTTPConnection("127.0.0.1", self.upstream, timeout=20)
        return HTTPSConnection("127.0.0.1", self.upstream, timeout=20, context=self._upstream_tls)

    def count(self, method: str) -> int:
        """How many requests of a method came."""
        return sum(1 for seen, _ in self.seen if seen == method)


def times(count: int, fault: Fault, method: str, part: str = "") -> Plan:
    """The first requests of a method, with that in their path, get the fault."""
    left = iter(range(count))

    def plan(asked: str, path: str, headers: dict[str, str]) -> Fault | None:
        is_meant = asked == method and part in path
        return fault if is_meant and next(left, None) is not None else None

    return plan


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # a publisher connects 32 times at once


class _Handler(BaseHTTPRequestHandler):
    owner: Faulty
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.owner.seen.append((self.command, self.path))
        fault = self.owner.plan(self.command, self.path, headers) or Fault()
        self.close_connection = True
        if fault.status:
            self._answer(fault.status, {"Content-Type": "application/xml"}, XML.format(fault.code).encode())
            return
        if fault.before:
            fault.before()
        if fault.damaged:
            body = _harmed(body)
        for name in (*fault.without, "expect", "connection"):
            headers.pop(name, None)
        try:
            status, answered, content = self._hand_on(headers, body)
        except OSError:
            return  # nobody is there: the connection ends without an answer
        if self.command == "PUT" and status == 200:
            self.owner.put.append(self.path)
        if not fault.lost:
            damaged = fault.damaged and self.command != "PUT"
            self._answer(status, answered, _harmed(content) if damaged else content, half=fault.cut or fault.held)
            if fault.held:
                self.rfile.read(1)  # until the client closes the connection

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _any  # noqa: N815

    def _hand_on(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = self.owner.connection()
        try:
            connection.request(self.command, self.owner.reads(self.path), body or None, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], content: bytes, *, half: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        length = headers.get("content-length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if half else content)


def _harmed(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1]) if content else content
