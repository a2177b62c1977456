"""An application of WSGI (PEP 3333), called with a request that is there as a whole."""

import io
import logging
import sys
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from registrar.application import Application
from registrar.serving.message import Answer, Peer, Received, problem

_LOG: Final = logging.getLogger("revocast.registrar")


def environ_of(received: Received, peer: Peer, address: tuple[str, int]) -> dict[str, Any]:
    """What an application is told of a request; the variables of TLS are those of mod_ssl.

    Header fields with `_` in their name are left out: in WSGI they look like those with `-`, which proxies watch over.
    """
    path, _, query = received.target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": received.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": address[0],
        "SERVER_PORT": str(address[1]),
        "SERVER_PROTOCOL": received.version,
        "REMOTE_ADDR": peer.address,
        "REMOTE_PORT": str(peer.port),
        "CONTENT_LENGTH": str(len(received.body)),
        "SSL_CLIENT_VERIFY": "SUCCESS" if peer.certificate else "NONE",
        "SSL_CLIENT_CERT": peer.certificate or "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if peer.over_tls else "http",
        "wsgi.input": io.BytesIO(received.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    return _with_fields(environ, received)


def _with_fields(environ: dict[str, Any], received: Received) -> dict[str, Any]:
    """And its header fields; those that come twice are one with commas (RFC 9110 section 5.3)."""
    for name, value in received.fields:
        if b"_" in name or name in (b"content-length", b"transfer-encoding"):
            continue
        text = name.decode("latin-1").upper().replace("-", "_")
        key = text if text == "CONTENT_TYPE" else f"HTTP_{text}"
        said = value.decode("latin-1")
        environ[key] = f"{environ[key]}, {said}" if key in environ else said
    return environ


def call(application: Application, environ: dict[str, Any]) -> Answer:
    """The answer of an application. What it raises is logged, and answered with 500."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start(status: str, headers: list[tuple[str, str]], _raised: object = None) -> Any:
        begun.append((status, headers))
        return written.append

    try:
        chunks = application(environ, start)
        try:
            written.extend(chunks)
        finally:
            getattr(chunks, "close", lambda: None)()
        status, headers = begun[-1]
    except Exception:
        _LOG.exception("a request failed")
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something is wrong here, and not with the request")
    code, _, reason = status.partition(" ")
    fields = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return Answer(int(code), reason, fields, b"".join(written))
