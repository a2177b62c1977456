"""The gate's look at an OCSP response: a test perturbs one thing of a response that passes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from publisher.responder_certificate import verify_responder_certificate
from publisher.verify_ocsp import verify_response
from revocation import der, serials
from revocation.certid import CertIDHash
from revocation.errors import Expired, GateError, NotYetValid
from revocation.status import Reason, Revocation
from tests.authority import NOW, Authority
from tests.building.ca import CA, Responder
from tests.building.ocsp import by_key, by_name, response, single

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
HOLD = Revocation(NOW - DAY, Reason.certificateHold)


@pytest.mark.parametrize("serial", [1, 0x80, 2**159 - 1, 2**1000])
@pytest.mark.parametrize("hash_", CertIDHash)
@pytest.mark.parametrize("revocation", [None, HOLD, Revocation(NOW - DAY)])
def test_response_passes_and_says_whose_status_it_is(
    ca: CA, responder: Responder, serial: int, hash_: CertIDHash, revocation: Revocation | None
) -> None:
    """What is right passes; serial octets, hash and status are the artifact's own."""
    data = response(ca, responder, serial, revocation, hashes=(hash_,))
    found = verify_response(data, ca.issuer, NOW)
    assert (found.hashes, found.serial, found.revocation) == ((hash_,), serials.from_int(serial), revocation)
    assert (found.this_update, found.next_update, found.der) == (NOW, NOW + DAY, data)


def test_response_for_both_hashes_passes(ca: CA, responder: Responder) -> None:
    """Two SingleResponses for one certificate under one signature are one answer."""
    data = response(ca, responder, 5, HOLD, hashes=(CertIDHash.SHA256, CertIDHash.SHA1))
    assert verify_response(data, ca.issuer, NOW).hashes == (CertIDHash.SHA256, CertIDHash.SHA1)


def test_response_of_another_issuer_is_refused(ca: CA, responder: Responder) -> None:
    """A CertID with another issuer's hashes is never answered by this issuer's responder, whatever the signature."""
    other = CA(Authority("Another CA"))
    for about in (other, CA(Authority())):  # another name; the same name with another key
        with pytest.raises(GateError, match="CertID names another issuer"):
            verify_response(response(ca, responder, 1, about=about), ca.issuer, NOW)


PERTURBED: dict[str, tuple[Callable[[CA, Responder], bytes], str]] = {
    "status unknown": (lambda ca, r: response(ca, r, 1, status=der.tlv(0x82)), "unknown"),
    "an error": (lambda ca, r: der.sequence(der.tlv(der.ENUMERATED, b"\x06")), "UNAUTHORIZED"),
    "an error with a body": (lambda ca, r: response(ca, r, 1, outer_status=6), "it is an error|cannot be read"),
    "byName": (lambda ca, r: response(ca, r, 1, responder_id=by_name(r)), "not byKey"),
    "byKey of another": (lambda ca, r: response(ca, r, 1, responder_id=by_key(ca.responder())), "not byKey"),
    "no certificate": (
        lambda ca, r: response(ca, r, 1, certificates=[]),
        "not byKey of the issuer, and no certificate",
    ),
    "two certificates": (
        lambda ca, r: response(ca, r, 1, certificates=[r.certificate.public_bytes(Encoding.DER), ca.der()]),
        "2 certificates",
    ),
    "no nextUpdate": (lambda ca, r: response(ca, r, 1, lifetime=None), "no nextUpdate"),
    "producedAt later": (lambda ca, r: response(ca, r, 1, produced_at=NOW + SECOND), "producedAt"),
    "one CertID twice": (lambda ca, r: response(ca, r, 1, hashes=(CertIDHash.SHA1,) * 2), "twice"),
    "two answers that differ": (
        lambda ca, r: response(ca, r, 1, also=[single(ca, 1, CertIDHash.SHA1, HOLD)]),
        "do not say the same",
    ),
    "answers for two certificates": (
        lambda ca, r: response(ca, r, 1, also=[single(ca, 2, CertIDHash.SHA1)]),
        "do not say the same",
    ),
    "no answer": (lambda ca, r: response(ca, r, 1, hashes=()), "answers nothing|cannot be read"),
    "nonce": (
        lambda ca, r: response(
            ca,
            r,
            1,
            extensions=der.explicit(
                1,
                der.sequence(
                    der.sequence(
                        der.oid("1.3.6.1.5.5.7.48.1.2"), der.tlv(der.OCTET_STRING, der.tlv(der.OCTET_STRING, b"1234"))
                    )
                ),
            ),
        ),
        "extension 1.3.6.1.5.5.7.48.1.2",
    ),
    "a serial too long to store": (lambda ca, r: response(ca, r, 2**1100), "octets"),
    "removeFromCRL": (
        lambda ca, r: response(
            ca,
            r,
            1,
            status=der.tlv(0xA1, der.generalized_time(NOW), der.explicit(0, der.tlv(der.ENUMERATED, b"\x08"))),
        ),
        "reason",
    ),
    "truncated": (lambda ca, r: response(ca, r, 1)[:-3], "cannot be read"),
    "bytes after it": (lambda ca, r: response(ca, r, 1) + b"\x00", "cannot be read"),
    "nothing": (lambda ca, r: b"", "cannot be read"),
    "a changed bit in the signed part": (
        lambda ca, r: response(ca, r, 0x7FFF).replace(b"\x02\x02\x7f\xff", b"\x02\x02\x7f\xfe"),
        "signature is not that of",
    ),
}


@pytest.mark.parametrize("name", PERTURBED)
def test_response_is_refused(ca: CA, responder: Responder, name: str) -> None:
    """Each of these is refused, and the message names the issuer."""
    make, message = PERTURBED[name]
    with pytest.raises(GateError, match=message) as caught:
        verify_response(make(ca, responder), ca.issuer, NOW)
    assert "OCSP response of test" in str(caught.value)


RESPONDERS: dict[str, tuple[Callable[[CA], Responder], str]] = {
    "made by another CA": (lambda ca: ca.responder(signed_by=CA()), "signature is not that of"),
    "of another issuer's name": (lambda ca: CA(Authority("Other", key=ca.authority.key)).responder(), "another issuer"),
    "without purpose": (lambda ca: ca.responder(usages=()), "OCSP signing"),
    "for servers": (lambda ca: ca.responder(usages=(ExtendedKeyUsageOID.SERVER_AUTH,)), "OCSP signing"),
    "without nocheck": (lambda ca: ca.responder(no_check=False), "nocheck"),
    "that may not sign": (lambda ca: ca.responder(digital_signature=False), "may not sign"),
    "that is a CA": (lambda ca: ca.responder(is_ca=True), "is a CA's"),
    "expired": (lambda ca: ca.responder(not_after=NOW - SECOND), "outlive"),
    "not valid yet": (lambda ca: ca.responder(not_before=NOW + SECOND), "older than its responder certificate"),
    "ending before nextUpdate": (lambda ca: ca.responder(not_after=NOW + DAY - SECOND), "outlive"),
}


@pytest.mark.parametrize("name", RESPONDERS)
def test_response_of_a_responder_is_refused(ca: CA, name: str) -> None:
    """A response is worth as much as the certificate of its signer."""
    make, message = RESPONDERS[name]
    with pytest.raises(GateError, match=message):
        verify_response(response(ca, make(ca), 1), ca.issuer, NOW)


def test_response_may_end_with_its_responder_certificate(ca: CA) -> None:
    """nextUpdate equal to notAfter does not outlive it."""
    assert verify_response(response(ca, ca.responder(not_after=NOW + DAY), 1), ca.issuer, NOW).serial == b"\x01"


def test_issuers_own_certificate_is_no_responder(ca: CA) -> None:
    """A response that embeds the CA's certificate is refused: that is not how responses are pre-signed here."""
    own = Responder(ca.authority.key, ca.authority.certificate)  # type: ignore[arg-type]
    with pytest.raises(GateError, match="OCSP signing"):
        verify_response(response(ca, own, 1), ca.issuer, NOW)


@pytest.mark.parametrize(
    ("this_update", "error", "message"),
    [
        (NOW - DAY, Expired, "has expired"),
        (NOW + SECOND, NotYetValid, "held"),
        (NOW + timedelta(minutes=5), NotYetValid, "held"),
        (NOW + timedelta(minutes=5, seconds=1), NotYetValid, "held until then .compare the clocks"),
    ],
)
def test_response_outside_its_window_is_refused(
    ca: CA, responder: Responder, this_update: object, error: type[GateError], message: str
) -> None:
    """Expired: refused, with the serial; too early: held."""
    responder = ca.responder(not_before=NOW - 2 * DAY)
    data = response(ca, responder, 0xABC, this_update=this_update)  # type: ignore[arg-type]
    with pytest.raises(error, match=message) as caught:
        verify_response(data, ca.issuer, NOW)
    assert type(caught.value) is error
    assert "serial 0ABC" in str(caught.value)


def test_responder_certificate_is_verified_once(ca: CA, responder: Responder) -> None:
    """A million responses cost one verification of the certificate that they share."""
    before = verify_responder_certificate.cache_info()
    for serial in range(1, 6):
        verify_response(response(ca, responder, serial), ca.issuer, NOW)
    after = verify_responder_certificate.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (1, 4)
