"""OCSP over HTTP, as a table: a row is a request and what is answered, headers included."""

import hashlib
from dataclasses import dataclass, field

import pytest
from flask.testing import FlaskClient

from responder.lmdbsource import LMDBSource
from tests.authority import NOW
from tests.responder.answering import about, cache_control
from tests.responder.asking import path
from tests.responder.filling import GOOD, Filling
from tests.responder.wire import MALFORMED


@dataclass(frozen=True)
class Row:
    """A request, with `{good}` for the path of the one that is good and `{etag}` for its tag, and what is answered."""

    line: str
    status: int
    body: bytes | None = None
    sent: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str | None] = field(default_factory=dict)
    posted: bytes | None = None


NO_STORE = {"Cache-Control": "no-store"}
TEXT = {**NO_STORE, "Content-Type": "text/plain; charset=utf-8"}
NOT_MODIFIED: dict[str, str | None] = {
    "Cache-Control": "{cache_control}",
    "ETag": "{etag}",
    "Expires": "Mon, 02 Mar 2026 12:00:00 GMT",
    "Date": "Sun, 01 Mar 2026 12:00:00 GMT",
    "Content-Length": None,
    "Content-Type": None,
}
FAILED: dict[str, str | None] = {**NO_STORE, "ETag": None, "Last-Modified": None, "Expires": None}
BEFORE, AT, AFTER = (f"Sun, 01 Mar 2026 {time} GMT" for time in ("11:59:59", "12:00:00", "12:00:01"))

ROWS = {
    "same tag": Row("GET /ocsp/{good}", 304, b"", {"If-None-Match": "{etag}"}, NOT_MODIFIED),
    "same weak tag": Row("GET /ocsp/{good}", 304, b"", {"If-None-Match": "W/{etag}"}, NOT_MODIFIED),
    "one of several tags": Row("GET /ocsp/{good}", 304, b"", {"If-None-Match": '"x", {etag}'}, NOT_MODIFIED),
    "any tag": Row("GET /ocsp/{good}", 304, b"", {"If-None-Match": "*"}, NOT_MODIFIED),
    "HEAD with the same tag": Row("HEAD /ocsp/{good}", 304, b"", {"If-None-Match": "{etag}"}, NOT_MODIFIED),
    "If-Match of this version": Row("GET /ocsp/{good}", 200, sent={"If-Match": "{etag}"}),
    "If-Match of another": Row("GET /ocsp/{good}", 412, b"", {"If-Match": '"x"'}, FAILED),
    "HEAD with If-Match of another": Row("HEAD /ocsp/{good}", 412, b"", {"If-Match": '"x"'}, FAILED),
    "another tag": Row("GET /ocsp/{good}", 200, sent={"If-None-Match": '"x"'}),
    "not modified since": Row("GET /ocsp/{good}", 304, b"", {"If-Modified-Since": AT}, NOT_MODIFIED),
    "not modified since later": Row("GET /ocsp/{good}", 304, b"", {"If-Modified-Since": AFTER}, NOT_MODIFIED),
    "modified since": Row("GET /ocsp/{good}", 200, sent={"If-Modified-Since": BEFORE}),
    "no date": Row("GET /ocsp/{good}", 200, sent={"If-Modified-Since": "yesterday"}),
    "another tag, not modified": Row("GET /ocsp/{good}", 200, sent={"If-None-Match": '"x"', "If-Modified-Since": AT}),
    "POST with the same tag": Row("POST /ocsp/", 200, sent={"If-None-Match": "{etag}"}, posted=b"good"),
    "POST without the slash": Row("POST /ocsp", 200, posted=b"good"),
    "POST of another media type": Row("POST /ocsp/", 200, sent={"Content-Type": "text/html"}, posted=b"good"),
    "POST of no media type": Row("POST /ocsp/", 200, sent={"Content-Type": ""}, posted=b"good"),
    "POST of a form": Row(
        "POST /ocsp/", 200, sent={"Content-Type": "application/x-www-form-urlencoded"}, posted=b"good"
    ),
    "POST with a query": Row("POST /ocsp/?x=1", 200, posted=b"good"),
    "GET with a query": Row("GET /ocsp/{good}?x=1&y", 200),
    "GET with a slash behind": Row("GET /ocsp/{good}/", 200),
    "GET with two slashes before": Row("GET /ocsp//{good}", 200),
    "GET with a body": Row("GET /ocsp/{good}", 200, posted=b"bad"),
    "GET of nothing": Row("GET /ocsp/", 200, MALFORMED, headers=NO_STORE),
    "GET of nothing, without the slash": Row("GET /ocsp", 200, MALFORMED, headers=NO_STORE),
    "GET of something else": Row("GET /ocsp/favicon.ico", 200, MALFORMED, headers=NO_STORE),
    "GET with line breaks": Row("GET /ocsp/%0A{good}%0D%0A", 200),
    "GET of parent folders": Row("GET /ocsp/../../etc/passwd", 200, MALFORMED, headers=NO_STORE),
    "GET of no UTF-8": Row("GET /ocsp/%ff%fe%00", 200, MALFORMED, headers=NO_STORE),
    "HEAD of nothing": Row("HEAD /ocsp/", 200, b"", headers={**NO_STORE, "Content-Length": "5"}),
    "POST of the longest body": Row("POST /ocsp/", 200, MALFORMED, headers=NO_STORE, posted=b"\x30" * 4096),
    "POST of too long a body": Row(
        "POST /ocsp/",
        413,
        MALFORMED,
        headers={**NO_STORE, "Content-Type": "application/ocsp-response"},
        posted=b"\x30" * 4097,
    ),
    "POST of a megabyte": Row("POST /ocsp/", 413, MALFORMED, headers=NO_STORE, posted=b"\x30" * (1 << 20)),
    "POST to a GET": Row("POST /ocsp/{good}", 405, headers={**TEXT, "Allow": "GET, HEAD"}, posted=b"good"),
    "POST with a slash too many": Row("POST /ocsp//", 405, headers={**TEXT, "Allow": "GET, HEAD"}, posted=b"good"),
    "PUT": Row("PUT /ocsp/", 405, b"Method Not Allowed\n", headers={**TEXT, "Allow": "GET, HEAD, POST"}),
    "DELETE": Row("DELETE /ocsp/{good}", 405, headers={**TEXT, "Allow": "GET, HEAD"}),
    "OPTIONS": Row("OPTIONS /ocsp", 405, headers={**TEXT, "Allow": "GET, HEAD, POST"}),
    "an invented method": Row("BREW /healthz", 405, headers={**TEXT, "Allow": "GET, HEAD"}),
    "health": Row("GET /healthz", 200, b"ok\n", headers=TEXT),
    "root": Row("GET /", 404, b"Not Found\n", headers=TEXT),
    "another path": Row("GET /ocsps/", 404, headers=TEXT),
    "another path by POST": Row("POST /", 404, headers=TEXT, posted=b"good"),
    "an odd path": Row("GET /%00%0d%0aSet-Cookie:x", 404, headers={**TEXT, "Set-Cookie": None}),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_row(client: FlaskClient, filling: Filling, source: LMDBSource, row: Row) -> None:
    """What HTTP adds to a request, and what is asked besides."""
    good = source.find(filling.cert_id(GOOD), NOW)
    assert good
    tag = f'"{hashlib.sha256(good.der).hexdigest()}"'
    method, _, target = row.line.partition(" ")
    answer = client.open(
        target.replace("{good}", path(about(GOOD)(filling))),
        method=method,
        headers={name: value.replace("{etag}", tag) for name, value in row.sent.items()},
        data=about(GOOD)(filling) if row.posted == b"good" else row.posted,
    )
    assert answer.status_code == row.status
    if row.body is not None or row.status == 200:
        assert answer.data == (good.der if row.body is None else row.body)
    for name, value in row.headers.items():
        wanted = value and value.replace("{etag}", tag).replace("{cache_control}", cache_control(3600, good.der))
        assert answer.headers.get(name) == wanted
