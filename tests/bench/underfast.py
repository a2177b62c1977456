"""What the hot path is measured against, under the same server with the same settings.

`bare` is the least that a WSGI application can do to return the octets of an answer, headers included, after it has
read the request; `table` finds the answer, one of as many as ours, in a dictionary by the octets of the request. `view`
is a Flask view that does what `bare` does.
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


def table(folder: Path) -> Any:
    """Reads, and answers what belongs to it: the octets that ours returns."""
    requests = [bytes.fromhex(line.split()[2]) for line in (folder / "post").read_text().splitlines()]
    answers = [StoredResponse.decode(bytes.fromhex(line)) for line in (folder / "answers").read_text().splitlines()]
    ready = {request: (headers(one), one.der) for request, one in zip(requests, answers, strict=True)}
    ready[b""] = ready[requests[0]]  # fastpysgi asks for who connects and says nothing, too

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found, body = ready[environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]
        start_response("200 OK", found[:])
        return [body]

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
    kind, folder = sys.argv[1], Path(sys.argv[2])
    if kind == "table":
        application = table(folder)
    else:
        stored = StoredResponse.decode((folder / "answer").read_bytes())
        application = bare(stored) if kind == "bare" else view(stored).wsgi_app
    serve(lambda _: application, listener)
