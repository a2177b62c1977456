"""What the hot path is measured against, under the same server with the same settings.

`bare` is the least that a WSGI application can do to return the octets of an answer, headers included, after it has
read the request. `view` is a Flask view that does the same.
"""

import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask, Response, request

from responder.caching import etag, response_headers
from responder.fastserver import serve
from responder.listening import address_of, listen
from revocation import clock
from revocation.paths import OCSP_MEDIA_TYPE
from revocation.store import StoredResponse


def headers(stored: StoredResponse) -> list[tuple[str, str]]:
    """Those that the responder sends with it."""
    now, tag = clock.now(), etag(stored.der)
    return [
        *response_headers(stored, now, timedelta(hours=1), tag).items(),
        ("Content-Type", OCSP_MEDIA_TYPE),
        ("Content-Length", str(len(stored.der))),
        ("Date", now.strftime("%a, %d %b %Y %H:%M:%S GMT")),
        ("ETag", f'"{tag}"'),
    ]


def bare(stored: StoredResponse) -> Any:
    """Reads, and answers."""
    ready = headers(stored)

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("200 OK", ready[:])
        return [stored.der]

    return application


def view(stored: StoredResponse) -> Flask:
    """The same as a view."""
    app, ready = Flask(__name__), headers(stored)

    @app.post("/ocsp/")
    def post() -> Response:
        request.get_data()
        return Response(stored.der, headers=ready)

    return app


if __name__ == "__main__":
    listener = listen("127.0.0.1", 0)
    click.echo(f"listening on {address_of(listener)[1]}")
    stored = StoredResponse.decode(Path(sys.argv[2]).read_bytes())
    serve(lambda _: bare(stored) if sys.argv[1] == "bare" else view(stored).wsgi_app, listener)
