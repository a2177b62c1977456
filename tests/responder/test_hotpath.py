"""The hot path against the slow one: the same status, headers and body for whatever is posted, octet by octet."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from responder.app import create_app
from responder.caching import MaxAges
from responder.hotpath import HotPath
from responder.lmdbsource import LMDBSource
from revocation import der
from revocation.certid import CertID, CertIDHash
from revocation.store import response_key
from tests.authority import NOW
from tests.responder.asking import NONCE, VERSION_1, extension, extensions, nonce, request, single
from tests.responder.conftest import Clock
from tests.responder.filling import EXPIRED, GOOD, LATE, REVOKED, UNKNOWN, Filling, write

_PUBLISH = """
import lmdb, sys
with lmdb.open(sys.argv[1], max_dbs=4) as e, e.begin(write=True, db=e.open_db(b'responses.2')) as t:
    t.put(bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3]))
"""
Answer = tuple[str, list[tuple[str, str]], bytes]
WSGI = Callable[..., Any]


class Both:
    """The application with its hot path, and without."""

    def __init__(self, source: LMDBSource, clock: Clock) -> None:
        self.app: Flask = create_app(source, prefix="/pki", max_ages=MaxAges(ocsp=timedelta(hours=2)), now=clock)
        hot = self.app.wsgi_app.__self__  # type: ignore[attr-defined]
        assert isinstance(hot, HotPath)
        self.path, self.hot, self.slow = hot, hot.answer, hot._application
        self.passed_on = 0

        def counting(environ: dict[str, Any], start_response: Any) -> Any:
            self.passed_on += 1
            return self.slow(environ, start_response)

        hot._application = counting

    def same(self, body: bytes, **environ: Any) -> Answer:
        """The answer of both."""
        answers = [_ask(application, body, environ) for application in (self.slow, self.hot, self.hot)]
        assert answers[0] == answers[1] == answers[2]
        return answers[0]


def _ask(application: WSGI, body: bytes, more: dict[str, Any]) -> Answer:
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/pki/ocsp/",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "pki.example",
        "CONTENT_TYPE": "application/ocsp-request",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **more,
    }
    said: list[Any] = []
    content = application(
        {name: value for name, value in environ.items() if value is not None}, lambda *words: said.append(words)
    )
    try:
        answered = b"".join(content)
    finally:
        if hasattr(content, "close"):
            content.close()
    status, headers = said[-1][:2]
    return status, headers, answered


@pytest.fixture(scope="module")
def clock() -> Clock:
    """At NOW, and moved by nobody who does not put it back."""
    return Clock()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, filling: Filling, clock: Clock) -> Iterator[Both]:
    """Over a store with one certificate of each kind."""
    store = tmp_path_factory.mktemp("hot") / "store"
    write(store, filling.shelf())
    source = LMDBSource(store)
    yield Both(source, clock)
    source.close()


KNOWN = [GOOD, REVOKED, EXPIRED, LATE, UNKNOWN]
HASHES = list(CertIDHash)


@st.composite
def canonical(draw: st.DrawFn, filling: Filling) -> bytes:
    """What OpenSSL, GnuTLS, Go, NSS and Apple send: a CertID, perhaps a nonce, perhaps the version."""
    asked = filling.cert_id(draw(st.sampled_from(KNOWN)), draw(st.sampled_from(HASHES)))
    if draw(st.booleans()):
        asked = CertID(asked.hash, asked.issuer_name_hash, asked.issuer_key_hash, draw(st.binary(max_size=22)))
    size = draw(st.one_of(st.none(), st.integers(0, 140)))
    before = draw(st.sampled_from([b"", VERSION_1]))
    return request(asked, before=before, extensions=b"" if size is None else nonce(size))


@st.composite
def mangled(draw: st.DrawFn, filling: Filling) -> bytes:
    """The same with octets changed, left out, put in or behind."""
    octets = bytearray(draw(canonical(filling)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(octets) - 1)))
        octets[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(octets)


ODD = {
    "REQUEST_METHOD": st.sampled_from(["POST", "GET", "HEAD", "PUT", "post", "OPTIONS"]),
    "PATH_INFO": st.sampled_from(
        ["/pki/ocsp/", "/pki/ocsp", "/ocsp/", "/pki/ocsp//", "/pki//ocsp/", "/", "", "/pki/ocsp/x"]
    ),
    "CONTENT_LENGTH": st.one_of(
        st.none(), st.integers(-2, 5000).map(str), st.sampled_from(["", "x", "0x5d", " 97", "97 ", "+97", "097", "9_7"])
    ),
    "CONTENT_TYPE": st.sampled_from(["", "text/html", "application/x-www-form-urlencoded", "multipart/form-data"]),
    "HTTP_TRANSFER_ENCODING": st.sampled_from(["chunked", "gzip, chunked", "identity"]),
    "HTTP_UPGRADE": st.just("websocket"),
    "HTTP_CONNECTION": st.sampled_from(["upgrade", "close", "keep-alive"]),
    "HTTP_HOST": st.sampled_from(["", "a b", "\xff", "pki.example:99999", "[::1", "a/b@c", None]),
    "HTTP_IF_NONE_MATCH": st.just("*"),
    "HTTP_IF_MATCH": st.just('"x"'),
    "HTTP_IF_MODIFIED_SINCE": st.just("Sun, 01 Mar 2099 12:00:00 GMT"),
    "HTTP_RANGE": st.just("bytes=0-1"),
    "HTTP_EXPECT": st.just("100-continue"),
    "HTTP_X_HTTP_METHOD_OVERRIDE": st.just("GET"),
    "QUERY_STRING": st.sampled_from(["x=1", "%ff", "?"]),
    "SCRIPT_NAME": st.just("/pki"),
    "wsgi.input_terminated": st.just(True),
}
EVERYWHERE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400)


@EVERYWHERE
@given(data=st.data())
def test_canonical_request_gets_the_same_answer(both: Both, filling: Filling, data: st.DataObject) -> None:
    """Whatever the certificate, the hash, the serial and the nonce."""
    both.same(data.draw(canonical(filling)))


@EVERYWHERE
@given(data=st.data())
def test_mangled_request_gets_the_same_answer(both: Both, filling: Filling, data: st.DataObject) -> None:
    """Nearly canonical is where a shortcut goes wrong."""
    both.same(data.draw(mangled(filling)))


@EVERYWHERE
@given(data=st.data())
def test_odd_http_gets_the_same_answer(both: Both, filling: Filling, data: st.DataObject) -> None:
    """Other methods, paths, lengths, codings and headers, some at once; bodies shorter and longer than announced."""
    names = data.draw(st.lists(st.sampled_from(sorted(ODD)), max_size=3, unique=True))
    both.same(data.draw(canonical(filling)), **{name: data.draw(ODD[name]) for name in names})


def variants(filling: Filling) -> dict[str, bytes]:
    """Requests that differ from canonical ones in one thing."""
    asked = filling.cert_id(GOOD)
    content = asked.encode()[2:]
    bare = der.sequence(der.sequence(der.oid("2.16.840.1.101.3.4.2.1")), content[15:])
    return {
        "no parameters": request(single(bare)),
        "a critical nonce": request(asked, extensions=nonce(32, critical=True)),
        "a bare nonce": request(asked, extensions=extensions(extension(NONCE, b"n" * 32))),
        "two extensions": request(asked, extensions=extensions(extension(NONCE, b"\x04\x01n"), extension())),
        "version 2": request(asked, before=der.explicit(0, der.integer(1))),
        "version 1 twice": request(asked, before=VERSION_1 * 2),
        "version 1 behind": request(asked, after=VERSION_1),
        "two certificates": request(asked, filling.cert_id(UNKNOWN)),
        "a length of more octets": b"\x30\x81" + request(asked)[1:],
        "another hash with the octets of this one": request(asked).replace(
            b"\x65\x03\x04\x02\x01", b"\x65\x03\x04\x02\x03"
        ),
        "octets behind": request(asked) + b"\x00",
        "lengths inside that say more than there is": _with_lengths(request(asked), 5),
        "lengths inside that say less than there is": _with_lengths(request(asked), -5),
    }


def _with_lengths(octets: bytes, more: int) -> bytes:
    """Those of requestList, Request and CertID changed, and those around them as they were."""
    changed = bytearray(octets)
    for place in (5, 7, 9):
        assert changed[place - 1] == der.SEQUENCE
        changed[place] += more
    return bytes(changed)


def test_unusual_request_gets_the_same_answer(both: Both, filling: Filling) -> None:
    """Each of these is another's to judge."""
    for name, octets in variants(filling).items():
        passed = both.passed_on
        both.same(octets)
        assert both.passed_on == passed + 2, name


@pytest.mark.parametrize("hash_", HASHES)
@pytest.mark.parametrize("size", [None, 1, 16, 20, 32, 128])
@pytest.mark.parametrize("before", [b"", VERSION_1], ids=["plain", "version 1 spelled out"])
def test_usual_request_is_answered_without_the_application(
    both: Both, filling: Filling, hash_: CertIDHash, size: int | None, before: bytes
) -> None:
    """Else the comparison would compare nothing: known, unknown and expired, with the nonces that clients send."""
    passed = both.passed_on
    for serial in KNOWN:
        both.same(request(filling.cert_id(serial, hash_), before=before, extensions=nonce(size) if size else b""))
    assert both.passed_on == passed


@pytest.mark.parametrize(("serial", "ages"), [(GOOD, 7), (LATE, 2)])
def test_answers_age_alike(both: Both, filling: Filling, clock: Clock, serial: int, ages: int) -> None:
    """Through the times at which max-age begins to fall, and at which the response is due, late and over; and back."""
    asked = request(filling.cert_id(serial))
    hours = [0, 0, 3, 9.99, 10, 10.001, 11.5, 11.9999, 12, 12.0001, 21.9, 22, 23.99, 24, 25, 3, -0.05, -1, 0]
    seen = set()
    for hour in hours:
        clock.time = NOW + timedelta(hours=hour)
        seen.add(dict(both.same(asked)[1]).get("Cache-Control"))
    clock.time = NOW
    assert len(seen) >= ages


def test_publication_is_seen_by_the_next_request(tmp_path: Path, filling: Filling) -> None:
    """What is kept is kept for one state of the store: good is not said once more after revoked was published."""
    store, clock = tmp_path / "store", Clock()
    write(store, filling.shelf())
    source = LMDBSource(store)
    both = Both(source, clock)
    asked = request(filling.cert_id(GOOD))
    key = response_key(filling.issuer.octets, CertIDHash.SHA256.octet, filling.cert_id(GOOD).serial)
    for second in range(1, 5):
        before = both.same(asked)
        newer = filling.response(GOOD, this_update=NOW + timedelta(seconds=second), revoked=bool(second % 2))
        subprocess.run([sys.executable, "-c", _PUBLISH, store, key.hex(), newer.encode().hex()], check=True)
        after = both.same(asked)
        assert after[2] == newer.der != before[2]
    assert both.passed_on == 0
    source.close()


def test_certificate_that_left_the_store_is_not_answered_from_memory(tmp_path: Path, filling: Filling) -> None:
    """The store was replaced by one without it."""
    write(tmp_path / "store", filling.shelf())
    source = LMDBSource(tmp_path / "store")
    both = Both(source, Clock())
    asked = request(filling.cert_id(GOOD))
    assert len(both.same(asked)[2]) > 100
    write(tmp_path / "other", [*filling.issuer_entries(), *filling.entries(UNKNOWN)])
    (tmp_path / "store").rename(tmp_path / "old")
    (tmp_path / "other").rename(tmp_path / "store")
    assert both.same(asked)[2] == bytes((0x30, 3, 0x0A, 1, 6))
    source.close()


@pytest.mark.parametrize("hash_", HASHES)
def test_part_of_a_request_that_was_answered_is_no_request(both: Both, filling: Filling, hash_: CertIDHash) -> None:
    """Whatever was asked before, with a nonce or without: no client may get used to what others refuse."""
    asked = filling.cert_id(GOOD, hash_)
    for whole in (request(asked), request(asked, extensions=nonce(32))):
        assert len(both.same(whole)[2]) > 100
        end = whole.index(asked.encode()) + len(asked.encode())
        for part in (piece[start:] for piece in (whole, whole[:end]) for start in range(1, len(piece))):
            assert both.same(part)[2] == bytes((0x30, 3, 0x0A, 1, 1))


def test_flood_of_nonces_and_of_unknown_serials_takes_no_memory(both: Both, filling: Filling) -> None:
    """One answer is kept per certificate, and none of what is not known."""
    kept = len(both.path._kept)
    for number in range(300):
        extra = extensions(extension(NONCE, der.tlv(der.OCTET_STRING, number.to_bytes(32, "big"))))
        both.same(request(filling.cert_id(GOOD, CertIDHash.SHA1), extensions=extra))
        both.same(request(filling.cert_id(UNKNOWN + number)))
    assert len(both.path._kept) <= kept + 1


def test_nonce_that_ends_like_the_cert_id_is_a_nonce(both: Both, filling: Filling) -> None:
    """Else each of them would be kept, until all that is kept had to go."""
    cert = filling.cert_id(GOOD, CertIDHash.SHA1)
    both.same(request(cert))
    kept = len(both.path._kept)
    for number in range(20):
        nonce = der.tlv(der.OCTET_STRING, number.to_bytes(32, "big") + cert.encode()[2:])
        both.same(request(cert, extensions=extensions(extension(NONCE, nonce))))
    assert len(both.path._kept) <= kept + 1


def test_what_is_kept_is_bounded(both: Both, filling: Filling, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many certificates are asked for."""
    monkeypatch.setattr("responder.hotpath._MOST_KEPT", 3)
    for hash_ in HASHES:
        for serial in KNOWN:
            both.same(request(filling.cert_id(serial, hash_)))
    assert len(both.path._kept) <= 12
