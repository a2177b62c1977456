"""The hot path against the slow one: the same status, headers and body for whatever is posted, octet by octet."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from revocation import der
from revocation.certid import CertID, CertIDHash
from tests.authority import NOW
from tests.responder.asking import NONCE, VERSION_1, extension, extensions, nonce, request, single
from tests.responder.both import HASHES, KNOWN, Both, both, clock
from tests.responder.conftest import Clock
from tests.responder.filling import GOOD, LATE, UNKNOWN, Filling

__all__ = ["both", "clock"]


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
