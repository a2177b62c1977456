"""Whether the public address answers, of listeners that do and that do not."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from responder.ready import unanswered


class Other(BaseHTTPRequestHandler):
    """Has taken the port, and knows no /healthz."""

    def do_GET(self) -> None:
        """Nothing that a responder says."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"welcome\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
        """Nothing."""


@contextmanager
def other() -> Iterator[int]:
    """The port of a server that is none of ours."""
    with HTTPServer(("127.0.0.1", 0), Other) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_nobody_there_and_nobody_who_speaks_and_somebody_else() -> None:
    """Each is a reason, which says what was seen."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert unanswered("127.0.0.1", port) == "the public address does not answer: timed out"
    assert "Connection refused" in unanswered("127.0.0.1", port)
    with other() as port:
        assert unanswered("127.0.0.1", port) == "the public address answers as no responder does: HTTP 200"
