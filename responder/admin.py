"""`/metrics`, `/readyz` and `/healthz` on an address of their own, which is not for the public."""

import logging
import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from waitress.server import create_server

from responder.counts import Sheets
from responder.metrics import MEDIA_TYPE, exposition
from responder.readiness import Readiness

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_TEXT: Final = "text/plain; charset=utf-8"
_MOST_CONNECTIONS: Final = 50
_SILENCE: Final = 10  # seconds
_LONGEST: Final = 1 << 13  # octets of headers, and of a body, which nothing here has


class Admin(NamedTuple):
    """Where it listens, and how it finds out whether the responder is ready."""

    listener: socket.socket
    ready: Callable[[], Readiness]

    def serve(self, sheets: Sheets) -> None:
        """Answer until the process ends, in a thread or a process of its own.

        Args:
            sheets: what the processes that answer the public count.
        """
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every request that waits for another
        server = create_server(
            AdminApplication(sheets, self.ready),
            sockets=[self.listener],
            map={},
            threads=1,
            connection_limit=_MOST_CONNECTIONS,
            channel_timeout=_SILENCE,
            cleanup_interval=_SILENCE // 2,
            max_request_header_size=_LONGEST,
            max_request_body_size=_LONGEST,
            asyncore_use_poll=True,
            log_socket_errors=False,
            ident=None,
        )
        server.run()


class AdminApplication:
    """The WSGI application."""

    def __init__(self, sheets: Sheets, ready: Callable[[], Readiness]) -> None:
        self._sheets = sheets
        self._ready = ready
        self._pages = {"/metrics": self._metrics, "/readyz": self._readyz, "/healthz": _healthz}

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """See PEP 3333."""
        page = self._pages.get(environ["PATH_INFO"])
        if page is None:
            status, text, kind = HTTPStatus.NOT_FOUND, "Not Found\n", _TEXT
        elif environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            status, text, kind = HTTPStatus.METHOD_NOT_ALLOWED, "Method Not Allowed\n", _TEXT
        else:
            status, text, kind = page()
        body = text.encode()
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", "GET, HEAD"))
        start_response(f"{status.value} {status.phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def _metrics(self) -> tuple[HTTPStatus, str, str]:
        return HTTPStatus.OK, exposition(self._sheets.totals(), self._ready()), MEDIA_TYPE

    def _readyz(self) -> tuple[HTTPStatus, str, str]:
        reason = self._ready().reason
        if reason:
            return HTTPStatus.SERVICE_UNAVAILABLE, f"not ready: {reason}\n", _TEXT
        return HTTPStatus.OK, "ready\n", _TEXT


def _healthz() -> tuple[HTTPStatus, str, str]:
    return HTTPStatus.OK, "ok\n", _TEXT
