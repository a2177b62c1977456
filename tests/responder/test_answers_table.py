"""The table of answers of the documents, row by row, over a listening server of each kind."""

from collections.abc import Callable, Iterator

import pytest

from revocation import clock, der
from revocation.certid import CertID, CertIDHash
from tests.authority import Authority
from tests.responder.asking import SIGNATURE, VERSION_1, extension, extensions, nonce, request, single
from tests.responder.filling import EXPIRED, GOOD, REVOKED, UNKNOWN
from tests.responder.wire import (
    KINDS,
    MALFORMED,
    TRY_LATER,
    UNAUTHORIZED,
    Got,
    Place,
    assert_error,
    assert_stored,
    assert_text,
    get,
    headers_of,
    place,
    post,
    send,
)

SHA1, SHA256 = CertIDHash.SHA1, CertIDHash.SHA256
Ask = Callable[[Place], bytes]


@pytest.fixture(scope="module", params=KINDS)
def served(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A server of each kind."""
    with place(tmp_path_factory.mktemp("table"), request.param) as served:
        yield served


def stranger(place: Place) -> bytes:
    """A request for a serial that the store has, of an issuer that it does not know."""
    return request(CertID.of(Authority("Another CA").issuer(), place.filling.cert_id(GOOD).serial, SHA256))


def of_two_issuers(place: Place) -> bytes:
    """The name of ours, and the key of another of that name."""
    ours, other = place.filling.cert_id(GOOD), CertID.of(Authority().issuer(), b"\x01", SHA256)
    return request(CertID(SHA256, ours.issuer_name_hash, other.issuer_key_hash, ours.serial))


def in_sha512(_: Place) -> bytes:
    """A hash that nobody here answers in."""
    algorithm, hashed = der.sequence(der.oid("2.16.840.1.101.3.4.2.3")), der.tlv(der.OCTET_STRING, b"h" * 64)
    return request(single(der.sequence(algorithm, hashed, hashed, der.integer(GOOD))))


def critical(place: Place) -> bytes:
    """An extension that is critical and that nobody here knows."""
    return place.ask(GOOD, extensions=extensions(extension(critical=True)))


ANSWERED: dict[str, tuple[Ask, int, CertIDHash]] = {
    "known": (lambda at: at.ask(GOOD), GOOD, SHA256),
    "known, revoked": (lambda at: at.ask(REVOKED), REVOKED, SHA256),
    "known, in SHA-1": (lambda at: at.ask(GOOD, SHA1), GOOD, SHA1),
    "a nonce of 1 octet": (lambda at: at.ask(GOOD, extensions=nonce(1)), GOOD, SHA256),
    "a nonce of 32 octets": (lambda at: at.ask(GOOD, extensions=nonce(32)), GOOD, SHA256),
    "a nonce of 128 octets": (lambda at: at.ask(GOOD, SHA1, extensions=nonce(128)), GOOD, SHA1),
    "several certificates": (
        lambda at: request(at.filling.cert_id(REVOKED), at.filling.cert_id(GOOD), at.filling.cert_id(UNKNOWN)),
        REVOKED,
        SHA256,
    ),
    "several certificates, in different hashes": (
        lambda at: request(at.filling.cert_id(GOOD, SHA1), at.filling.cert_id(GOOD)),
        GOOD,
        SHA1,
    ),
    "a signed request": (lambda at: at.ask(GOOD, signature=SIGNATURE), GOOD, SHA256),
    "version 1 spelled out": (lambda at: at.ask(GOOD, SHA1, before=VERSION_1), GOOD, SHA1),
}

REFUSED: dict[str, tuple[Ask, bytes]] = {
    "known, but the response has expired": (lambda at: at.ask(EXPIRED), TRY_LATER),
    "unknown serial": (lambda at: at.ask(UNKNOWN), UNAUTHORIZED),
    "unknown serial, in SHA-1": (lambda at: at.ask(UNKNOWN, SHA1), UNAUTHORIZED),
    "unknown issuer": (stranger, UNAUTHORIZED),
    "issuer hashes that name different issuers": (of_two_issuers, UNAUTHORIZED),
    "an unsupported hash": (in_sha512, UNAUTHORIZED),
    "an unknown critical extension": (critical, UNAUTHORIZED),
    "the first of several unknown": (
        lambda at: request(at.filling.cert_id(UNKNOWN), at.filling.cert_id(GOOD)),
        UNAUTHORIZED,
    ),
    "a nonce of 0 octets": (lambda at: at.ask(GOOD, extensions=nonce(0)), MALFORMED),
    "a nonce of 129 octets": (lambda at: at.ask(GOOD, extensions=nonce(129)), MALFORMED),
    "trailing bytes": (lambda at: at.ask(GOOD) + b"\x00", MALFORMED),
    "a cut request": (lambda at: at.ask(GOOD)[:-1], MALFORMED),
    "not DER": (lambda _: b"OCSP, please", MALFORMED),
    "version 2": (lambda at: at.ask(GOOD, before=der.explicit(0, der.integer(1))), MALFORMED),
}


@pytest.mark.parametrize(("ask", "serial", "hash_"), ANSWERED.values(), ids=ANSWERED)
def test_answered_with_the_stored_response(served: Place, ask: Ask, serial: int, hash_: CertIDHash) -> None:
    """By POST, and the same by GET; the CertID is the one that was asked for, and no nonce is in it."""
    asked = ask(served)
    assert_stored(served, post(asked, "Content-Type: application/ocsp-request"), serial, hash_)
    assert_stored(served, get(f"/ocsp/{served.encoded(asked)}"), serial, hash_)


@pytest.mark.parametrize(("ask", "error"), REFUSED.values(), ids=REFUSED)
def test_refused_under_200_and_uncached(served: Place, ask: Ask, error: bytes) -> None:
    """By POST, and the same by GET, whatever a client says that it has."""
    asked = ask(served)
    assert_error(served, post(asked), error)
    assert_error(served, get(f"/ocsp/{served.encoded(asked)}"), error)
    assert_error(served, get(f"/ocsp/{served.encoded(asked)}", "If-None-Match: *"), error)


def test_empty_body_is_malformed(served: Place) -> None:
    """And a POST whose length nobody said."""
    assert_error(served, post(b""), MALFORMED)
    assert_error(served, b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", MALFORMED)


@pytest.mark.parametrize("size", [4097, 60_000])
def test_body_over_the_limit_is_413_and_malformed(served: Place, size: int) -> None:
    """The longest that is read is 4 KB."""
    assert_error(served, post(b"\x30" * 4096), MALFORMED)
    assert_error(served, post(b"\x30" * size), MALFORMED, 413)


def test_connection_ends_with_a_413(served: Place) -> None:
    """Also where the client did not ask for that; fastpysgi cannot, and answers what comes behind, in step."""
    octets = post(b"\x30" * 4097).replace(b"Connection: close\r\n", b"") + get("/healthz")
    said = served.server.send(octets)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert said.count(b"HTTP/1.1 ") == (2 if served.kind == "fastpysgi" else 1)
    assert (b"connection: close" in said.split(b"\r\n\r\n")[0].lower()) == (served.kind == "waitress")


def test_length_and_chunks_are_400_and_the_end_of_the_connection(served: Place) -> None:
    """Whichever of them is meant, nothing behind is taken for a request (RFC 9112 section 6.1)."""
    octets = b"POST /ocsp/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    said = served.server.send(octets + get("/healthz"))
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("line", ["POST /ocsp HTTP/1.1", "POST /ocsp/?x=1 HTTP/1.1"])
def test_post_is_answered_without_the_slash_and_with_a_query(served: Place, line: str) -> None:
    """Certificates name either."""
    assert_stored(served, post(served.ask(GOOD), line=line), GOOD)


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("PUT", "/ocsp/", "GET, HEAD, POST"),
        ("OPTIONS", "/ocsp", "GET, HEAD, POST"),
        ("DELETE", "/ocsp/MEQ", "GET, HEAD"),
        ("POST", "/ocsp/MEQ", "GET, HEAD"),
        ("PATCH", "/healthz", "GET, HEAD"),
    ],
)
def test_another_method_is_405_with_allow(served: Place, method: str, target: str, allow: str) -> None:
    """And a short text."""
    assert_text(served, get(target, "Content-Length: 0", method=method), 405, "Method Not Allowed", allow)


@pytest.mark.parametrize("target", ["/", "/nothing", "/ocsps/", "/OCSP/", "/metrics", "/crl/1a2b3c4d/all.crl"])
def test_another_path_is_404(served: Place, target: str) -> None:
    """And a short text, that nobody keeps: what is not there yet may be there in a second."""
    assert_text(served, get(target), 404, "Not Found")
    assert_text(served, get("/healthz"), 200, "ok")


def without_wrong_length(place: Place, got: Got) -> dict[str, str]:
    """The headers of an answer without a body. A defect of fastpysgi is left out, which the documents name.

    It says `Content-Length: 0`, whatever the application says, where RFC 9110 section 8.6 wants the length of the 200
    or none. nginx before it mends that (`tests/infra/test_nginx_fastpysgi.py`); the day it is gone this fails.
    """
    headers = dict(got.headers)
    if place.kind == "fastpysgi":
        assert headers.pop("content-length") == "0"
    return headers


CONDITIONS = {
    "the tag": "If-None-Match: {tag}",
    "the weak tag": "If-None-Match: W/{tag}",
    "one of several tags": 'If-None-Match: "x", {tag}',
    "any tag": "If-None-Match: *",
    "the date": "If-Modified-Since: {date}",
    "the tag, and an old date": "If-None-Match: {tag}\r\nIf-Modified-Since: Sun, 01 Mar 2020 12:00:00 GMT",
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
def test_not_modified(served: Place, condition: str, method: str) -> None:
    """304 without a body, with the headers that would update what the client has (RFC 9110 section 15.4.5)."""
    sent, stored = clock.now(), served.stored[GOOD, SHA256]
    target, whole = f"/ocsp/{served.path(GOOD)}", send(served, get(f"/ocsp/{served.path(GOOD)}"))
    line = condition.format(tag=whole.headers["etag"], date=whole.headers["last-modified"])
    got = send(served, get(target, line, method=method))
    wanted = headers_of(stored, sent, got)
    del wanted["content-type"], wanted["content-length"], wanted["last-modified"]  # who has the tag needs no date
    assert (got.status, without_wrong_length(served, got), got.body) == (304, wanted, b"")


@pytest.mark.parametrize(
    "line", ['If-None-Match: "x"', "If-Modified-Since: Sun, 01 Mar 2020 12:00:00 GMT", "If-Modified-Since: today"]
)
def test_modified(served: Place, line: str) -> None:
    """The whole answer, where a client has another one, or says what is no date."""
    assert_stored(served, get(f"/ocsp/{served.path(GOOD)}", line), GOOD)
    assert_stored(served, post(served.ask(GOOD), "If-None-Match: *"), GOOD)  # conditions are for GET and HEAD


def test_head_is_the_get_without_the_body(served: Place) -> None:
    """With its Content-Length: of a stored response, of an error, and of a text."""
    for target in (f"/ocsp/{served.path(GOOD)}", f"/ocsp/{served.path(UNKNOWN)}", "/nothing", "/healthz"):
        whole, head = send(served, get(target)), send(served, get(target, method="HEAD"))
        assert whole.headers.pop("date")
        assert head.headers.pop("date")
        if served.kind == "fastpysgi":
            del whole.headers["content-length"]
        assert (head.status, without_wrong_length(served, head), head.body) == (whole.status, whole.headers, b"")
