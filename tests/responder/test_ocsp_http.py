"""OCSP over HTTP: a row is a request and what is answered, headers included. Then what needs more than a row."""

import base64
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from responder.app import create_app
from responder.caching import MaxAges
from responder.lmdbsource import LMDBSource
from revocation import der, serials
from revocation.certid import CertID, CertIDHash
from revocation.store import StoredResponse
from tests.authority import NOW, Authority
from tests.responder.asking import SIGNATURE, VERSION_1, extension, extensions, nonce, path, request, single
from tests.responder.conftest import Clock
from tests.responder.filling import EXPIRED, GOOD, LATE, REVOKED, UNKNOWN, Filling, write

MALFORMED, TRY_LATER, UNAUTHORIZED = (bytes((0x30, 3, 0x0A, 1, status)) for status in (1, 3, 6))
Ask = Callable[[Filling], bytes]


def cache_control(seconds: int, body: bytes) -> str:
    """That of a response which may be kept for so long, less the up to an eighth that its SHA-256 says."""
    early = seconds * int.from_bytes(hashlib.sha256(body).digest()[:2], "big") // 65536 // 8
    return f"max-age={seconds - early}, public, no-transform, must-revalidate"


def about(*serials: int, hash_: CertIDHash = CertIDHash.SHA256, **more: bytes) -> Ask:
    """The request for certificates of the store's issuer."""
    return lambda filling: request(*(filling.cert_id(serial, hash_) for serial in serials), **more)


def stranger(_: Filling) -> bytes:
    """The request for a serial that we have, of an issuer that we do not."""
    return request(CertID.of(Authority("Another CA").issuer(), b"\x10\x01", CertIDHash.SHA256))


def of_another_key(filling: Filling) -> bytes:
    """Our issuer's name with the key of another of that name."""
    asked = filling.cert_id(GOOD)
    other = CertID.of(Authority().issuer(), asked.serial, asked.hash)
    return request(CertID(asked.hash, asked.issuer_name_hash, other.issuer_key_hash, asked.serial))


def of_another_hash(filling: Filling) -> bytes:
    """A CertID in SHA-512."""
    algorithm = der.sequence(der.oid("2.16.840.1.101.3.4.2.3"))
    hashed = der.tlv(der.OCTET_STRING, b"h" * 64)
    return request(single(der.sequence(algorithm, hashed, hashed, der.integer(GOOD))))


STORED = {
    "good": (about(GOOD), GOOD, CertIDHash.SHA256),
    "good in SHA-1": (about(GOOD, hash_=CertIDHash.SHA1), GOOD, CertIDHash.SHA1),
    "revoked": (about(REVOKED), REVOKED, CertIDHash.SHA256),
    "a nonce of 1 octet": (about(GOOD, extensions=nonce(1)), GOOD, CertIDHash.SHA256),
    "a nonce of 128 octets": (about(GOOD, extensions=nonce(128)), GOOD, CertIDHash.SHA256),
    "a critical nonce": (about(GOOD, extensions=nonce(32, critical=True)), GOOD, CertIDHash.SHA256),
    "an unknown extension": (about(GOOD, extensions=extensions(extension())), GOOD, CertIDHash.SHA256),
    "the first of several": (about(REVOKED, GOOD), REVOKED, CertIDHash.SHA256),
    "the first of several, the second unknown": (about(GOOD, UNKNOWN), GOOD, CertIDHash.SHA256),
    "version 1 spelled out": (about(GOOD, before=VERSION_1), GOOD, CertIDHash.SHA256),
    "version 1 and a nonce": (
        about(GOOD, before=VERSION_1, extensions=nonce(32)),
        GOOD,
        CertIDHash.SHA256,
    ),
    "signed": (about(GOOD, signature=SIGNATURE), GOOD, CertIDHash.SHA256),
}

REFUSED = {
    "expired": (about(EXPIRED), TRY_LATER),
    "unknown": (about(UNKNOWN), UNAUTHORIZED),
    "unknown in SHA-1": (about(UNKNOWN, hash_=CertIDHash.SHA1), UNAUTHORIZED),
    "of another issuer": (stranger, UNAUTHORIZED),
    "of another issuer's key": (of_another_key, UNAUTHORIZED),
    "in another hash": (of_another_hash, UNAUTHORIZED),
    "the first of several unknown": (about(UNKNOWN, GOOD), UNAUTHORIZED),
    "an unknown critical extension": (about(GOOD, extensions=extensions(extension(critical=True))), UNAUTHORIZED),
    "a nonce of 0 octets": (about(GOOD, extensions=nonce(0)), MALFORMED),
    "a nonce of 129 octets": (about(GOOD, extensions=nonce(129)), MALFORMED),
    "octets behind": (lambda filling: about(GOOD)(filling) + b"\x00", MALFORMED),
    "cut": (lambda filling: about(GOOD)(filling)[:-1], MALFORMED),
    "empty": (lambda _: b"", MALFORMED),
    "no DER": (lambda _: b"GET / HTTP/1.0\r\n\r\n", MALFORMED),
    "no certificate": (about(), MALFORMED),
}


def post(client: FlaskClient, body: bytes, **more: object) -> TestResponse:
    """A POST as clients send it."""
    return client.post("/ocsp/", data=body, content_type="application/ocsp-request", **more)


@pytest.mark.parametrize(("ask", "serial", "hash_"), STORED.values(), ids=STORED)
@pytest.mark.parametrize("method", ["POST", "GET", "GET unescaped", "HEAD"])
def test_stored_response_and_its_headers(
    client: FlaskClient, source: LMDBSource, filling: Filling, ask: Ask, serial: int, hash_: CertIDHash, method: str
) -> None:
    """RFC 9919 section 6, octet by octet, by either method."""
    stored = source.find(filling.cert_id(serial, hash_), NOW)
    assert stored
    url = f"/ocsp/{path(ask(filling), escape='unescaped' not in method)}"
    answer = post(client, ask(filling)) if method == "POST" else client.open(url, method=method.split()[0])
    assert answer.status_code == 200
    assert answer.data == (b"" if method == "HEAD" else stored.der)
    assert dict(answer.headers) == {
        "Content-Type": "application/ocsp-response",
        "Content-Length": str(len(stored.der)),
        "Date": "Sun, 01 Mar 2026 12:00:00 GMT",
        "Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT",
        "Expires": "Mon, 02 Mar 2026 12:00:00 GMT",
        "ETag": f'"{hashlib.sha256(stored.der).hexdigest()}"',
        "Cache-Control": cache_control(3600, stored.der),
    }


@pytest.mark.parametrize(("ask", "error"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_error_is_answered_under_200_and_uncached(
    client: FlaskClient, filling: Filling, ask: Ask, error: bytes, method: str
) -> None:
    """The unsigned OCSPResponses; a cache that kept one would deny service to everybody behind it."""
    answer = post(client, ask(filling)) if method == "POST" else client.get(f"/ocsp/{path(ask(filling))}")
    assert (answer.status_code, answer.data) == (200, error)
    assert dict(answer.headers) == {
        "Content-Type": "application/ocsp-response",
        "Content-Length": "5",
        "Cache-Control": "no-store",
        "Date": "Sun, 01 Mar 2026 12:00:00 GMT",
    }


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


@pytest.mark.parametrize(
    ("serial", "age", "max_age"),
    [(GOOD, 0, 3600), (GOOD, 11.75, 900), (GOOD, 12, 60), (GOOD, 23.99, 35), (LATE, 0, 60)],
)
def test_max_age_follows_the_clock(
    client: FlaskClient, filling: Filling, clock: Clock, serial: int, age: float, max_age: int
) -> None:
    """Shorter as the next response comes near, and short while it is late."""
    clock.time += timedelta(hours=age)
    answer = post(client, about(serial)(filling))
    assert answer.headers["Cache-Control"] == cache_control(max_age, answer.data)


def test_max_age_has_the_configured_cap(source: LMDBSource, filling: Filling, clock: Clock) -> None:
    """The stated delay of a revocation behind caches."""
    client = create_app(source, max_ages=MaxAges(ocsp=timedelta(minutes=5)), now=clock).test_client()
    answer = post(client, about(GOOD)(filling))
    assert answer.headers["Cache-Control"] == cache_control(300, answer.data)


def test_response_is_never_handed_out_from_its_next_update_on(
    client: FlaskClient, filling: Filling, clock: Clock, source: LMDBSource
) -> None:
    """Not even as a 304 to a client that has it."""
    answer = client.get(f"/ocsp/{path(about(GOOD)(filling))}")
    clock.time += timedelta(days=1)
    again = client.get(f"/ocsp/{path(about(GOOD)(filling))}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (200, TRY_LATER)
    assert again.headers["Cache-Control"] == "no-store"


def test_empty_store_answers_unauthorized(tmp_path: Path, filling: Filling, clock: Clock) -> None:
    """One that a publisher made, without a response in it."""
    write(tmp_path / "store", [])
    client = create_app(LMDBSource(tmp_path / "store"), now=clock).test_client()
    assert post(client, about(GOOD)(filling)).data == UNAUTHORIZED


def test_store_that_is_not_there_answers_try_later(tmp_path: Path, filling: Filling, clock: Clock) -> None:
    """Nobody has published yet, or it was deleted: of no certificate can be said that it is not known."""
    client = create_app(LMDBSource(tmp_path / "none"), now=clock).test_client()
    answer = post(client, about(GOOD)(filling))
    assert (answer.status_code, answer.data, answer.headers["Cache-Control"]) == (200, TRY_LATER, "no-store")


def test_broken_store_answers_try_later(client: FlaskClient, filling: Filling, store: Path) -> None:
    """Uncached, for every certificate, known or not, and without an HTTP error."""
    shutil.rmtree(store)
    store.mkdir()
    (store / "data.mdb").write_bytes(b"no store" * 1000)
    for serial in (GOOD, UNKNOWN):
        answer = post(client, about(serial)(filling))
        assert (answer.status_code, answer.data) == (200, TRY_LATER)
        assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/ocsp/" + "MEQ//").data == MALFORMED


def test_prefix_stands_before_the_public_paths(source: LMDBSource, filling: Filling, clock: Clock) -> None:
    """And not before /healthz, which is not public."""
    client = create_app(source, prefix="/pki/v1", now=clock).test_client()
    assert client.post("/pki/v1/ocsp", data=about(GOOD)(filling)).headers["ETag"]
    assert client.get(f"/pki/v1/ocsp/{path(about(GOOD)(filling))}").headers["ETag"]
    assert client.post("/ocsp/", data=about(GOOD)(filling)).status_code == 404
    assert client.get("/healthz").status_code == 200


def ending(filling: Filling, tail: str) -> CertID:
    """A certificate of ours whose request ends, in base64, with `tail` in its serial."""
    for size in (1, 2, 3):
        cert_id = replace(filling.cert_id(0), serial=b"\x01" * size + base64.b64decode(tail))
        if path(request(cert_id), escape=False).endswith(tail):
            return cert_id
    raise AssertionError("no size of the serial puts the tail at a boundary")


@pytest.mark.parametrize("known", [("//AB/CDE",), ("/AB//CDE",), ("//AB/CDE", "/AB//CDE")])
def test_slashes_that_were_merged_never_lead_to_another_certificate(
    tmp_path: Path, filling: Filling, clock: Clock, known: tuple[str, ...]
) -> None:
    """Two requests that become the same when a proxy merges slashes: answered where one is known, else not at all."""
    ids = {tail: ending(filling, tail) for tail in ("//AB/CDE", "/AB//CDE")}
    entries = [entry for tail in known for entry in filling.entries(serials.to_int(ids[tail].serial))]
    write(tmp_path / "store", [*filling.issuer_entries(), *entries])
    source = LMDBSource(tmp_path / "store")
    client = create_app(source, now=clock).test_client()
    for tail, cert_id in ids.items():
        stored = source.find(cert_id, NOW)
        assert client.get(f"/ocsp/{path(request(cert_id), escape=False)}").data == (
            stored.der if stored else UNAUTHORIZED
        )
        merged = path(request(cert_id), escape=False).replace(tail, "/AB/CDE")
        (answer,) = {source.find(ids[tail], NOW) for tail in known} if len(known) == 1 else {None}
        assert client.get(f"/ocsp/{merged}").data == (answer.der if answer else UNAUTHORIZED)
    source.close()


KNOWN_ERRORS = {MALFORMED, TRY_LATER, UNAUTHORIZED}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200), method=st.sampled_from(["GET", "POST", "HEAD"]), below=st.text(max_size=80))
def test_rubbish_gets_an_ocsp_error_and_nothing_else(client: FlaskClient, body: bytes, method: str, below: str) -> None:
    """Any octets posted, any path below /ocsp/: an OCSPResponse, or one of the short texts, and never a 5xx."""
    answer = client.open("/ocsp/" + quote(below, safe="/"), method=method, data=body)
    assert answer.status_code in (200, 405)
    if answer.status_code == 200 and method != "HEAD":
        assert answer.data in KNOWN_ERRORS


class _Broken:
    """A source with a defect."""

    def find(self, cert_id: CertID, now: object) -> StoredResponse | None:
        raise ZeroDivisionError

    def version(self) -> int | None:
        return 1

    def close(self) -> None:
        pass


def test_defect_of_ours_is_a_503_without_details(filling: Filling, caplog: pytest.LogCaptureFixture) -> None:
    """It is told in the log; to the client it says nothing of a certificate and nothing of us."""
    answer = post(create_app(_Broken()).test_client(), about(GOOD)(filling))
    assert (answer.status_code, answer.data) == (503, b"Service Unavailable\n")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ZeroDivisionError" in caplog.text
