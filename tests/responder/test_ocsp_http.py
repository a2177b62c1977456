"""OCSP over HTTP: what is answered to whom, with which headers, octet by octet, and for how long it may be kept."""

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from responder.app import create_app
from responder.caching import MaxAges
from responder.lmdbsource import LMDBSource
from revocation import der, serials
from revocation.certid import CertID, CertIDHash
from tests.authority import NOW, Authority
from tests.responder.answering import Ask, about, cache_control, post
from tests.responder.asking import SIGNATURE, VERSION_1, extension, extensions, nonce, path, request, single
from tests.responder.conftest import Clock
from tests.responder.filling import EXPIRED, GOOD, LATE, REVOKED, UNKNOWN, Filling, write
from tests.responder.wire import MALFORMED, TRY_LATER, UNAUTHORIZED


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
