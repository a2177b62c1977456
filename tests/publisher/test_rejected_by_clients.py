"""Artifacts that the issuer signed and that relying parties have to reject: they are not published."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import tests.building.ocsp
from publisher.verify_ocsp import verify_response
from revocation import der
from revocation.certid import CertIDHash
from revocation.errors import GateError
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bundles import put_crl
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import response, single
from tests.building.place import Place

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
OTHER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Other")])


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(oid), der.BOOLEAN_TRUE if critical else b"", der.tlv(der.OCTET_STRING, value))


def _entry(*extensions: bytes, at: datetime = NOW - DAY) -> bytes:
    return der.sequence(der.integer(5), der.time(at), der.sequence(*extensions) if extensions else b"")


ISSUER_OF_ENTRY = der.sequence(der.tlv(0xA4, OTHER.public_bytes()))
ENTRIES = {
    "unknown critical extension": ([_entry(_extension("1.2.3.4", b"\x05\x00", critical=True))], "clients must reject"),
    "certificateIssuer": ([_entry(_extension("2.5.29.29", ISSUER_OF_ENTRY))], "clients must reject"),
    "removeFromCRL": ([_entry(_extension("2.5.29.21", b"\x0a\x01\x08"))], "has no place"),
    "garbage for a reason": ([_entry(_extension("2.5.29.21", b"\xff"))], "cannot be read"),
    "a serial twice": ([_entry(), _entry()], "stands twice"),
    "a date that is to come": ([_entry(at=NOW + 6 * MINUTE)], "later than its thisUpdate"),
    "no entry": ([der.tlv(der.OCTET_STRING, b"abc")], "cannot be read"),
    "none": ([], "there and empty"),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_crl_with_an_entry_that_clients_reject_is_set_aside(place: Place, ca: CA, name: str) -> None:
    """One entry costs clients the whole CRL, so every entry is read before."""
    entries, message = ENTRIES[name]
    put_crl(place.exchange, ca, 1, _with_entries(ca, entries))
    files, _ = place.publish()
    assert not place.crl_file().exists()
    assert message in files.set_aside[0].reason


def test_crl_with_an_entry_within_the_skew_of_clocks_is_published(place: Place, ca: CA) -> None:
    """Revoked by a clock that is minutes ahead."""
    put_crl(place.exchange, ca, 1, _with_entries(ca, [_entry(_extension("1.2.3.4", b"\x05\x00"), at=NOW + 5 * MINUTE)]))
    files, _ = place.publish()
    assert files.set_aside == []
    assert place.crl_file().exists()


POINT = x509.DistributionPoint([x509.UniformResourceIdentifier("http://pki.example/delta")], None, None, None)
EXTENSIONS: dict[str, tuple[Callable[[CA], tuple[x509.ExtensionType, bool]], str]] = {
    "aki": (
        lambda ca: (x509.AuthorityKeyIdentifier(ca.issuer.key_identifier, [x509.DirectoryName(OTHER)], 77), False),
        "names a certificate",
    ),
    "freshest": (lambda ca: (x509.FreshestCRL([POINT]), False), "FreshestCRL"),
}


@pytest.mark.parametrize("name", EXTENSIONS)
def test_crl_with_an_extension_that_misleads_is_set_aside(place: Place, ca: CA, name: str) -> None:
    """To the certificate of another issuer, or to delta CRLs that nobody makes."""
    make, message = EXTENSIONS[name]
    put_crl(place.exchange, ca, 1, crl(ca, extensions={name: make(ca)}))
    files, _ = place.publish()
    assert message in files.set_aside[0].reason


@pytest.mark.parametrize("critical", [False, True])
def test_response_with_an_extension_of_an_answer_is_refused(ca: CA, responder: Responder, critical: bool) -> None:
    """Pre-signed answers have none but archive cutoff, and a critical one is rejected."""
    plain = single(ca, 1, CertIDHash.SHA256)
    start, end = der.expect(plain, 0, der.SEQUENCE)
    extensions = der.explicit(1, der.sequence(_extension("1.2.3.4", b"\x05\x00", critical=critical)))
    data = response(ca, responder, 1, hashes=(), also=[der.sequence(plain[start:end], extensions)])
    with pytest.raises(GateError, match="has extensions"):
        verify_response(data, ca.issuer, NOW)


@pytest.mark.parametrize("algorithm", ["1.2.840.113549.1.1.11", "1.3.101.112"])
def test_response_under_the_algorithm_of_another_kind_of_key_is_refused(
    ca: CA, responder: Responder, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    """The signature is right, but no client would find out."""
    monkeypatch.setattr(tests.building.ocsp, "_ECDSA_SHA256", der.sequence(der.oid(algorithm)))
    with pytest.raises(GateError, match="not one of the key's"):
        verify_response(response(ca, responder, 1), ca.issuer, NOW)


def test_response_that_revokes_from_a_later_time_on_is_refused(ca: CA, responder: Responder) -> None:
    """But for the skew of clocks."""
    late, ahead = (Revocation(NOW + minutes * MINUTE, Reason.keyCompromise) for minutes in (6, 5))
    assert verify_response(response(ca, responder, 1, ahead), ca.issuer, NOW).revocation == ahead
    with pytest.raises(GateError, match="later than its thisUpdate"):
        verify_response(response(ca, responder, 1, late), ca.issuer, NOW)


@pytest.mark.parametrize("more", [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
def test_responder_for_more_than_ocsp_signing_is_refused(ca: CA, more: x509.ObjectIdentifier) -> None:
    """Its key lies where responses are made, and is good for nothing else."""
    responder = ca.responder(usages=(ExtendedKeyUsageOID.OCSP_SIGNING, more))
    with pytest.raises(GateError, match="OCSP signing alone"):
        verify_response(response(ca, responder, 1), ca.issuer, NOW)


def test_responder_with_an_unknown_critical_extension_is_refused(ca: CA) -> None:
    """Clients would reject its certificate, and with it every response."""
    usual = ca.responder()
    builder = (
        x509.CertificateBuilder()
        .subject_name(usual.certificate.subject)
        .issuer_name(usual.certificate.issuer)
        .public_key(usual.key.public_key())
        .serial_number(5)
        .not_valid_before(usual.certificate.not_valid_before_utc)
        .not_valid_after(usual.certificate.not_valid_after_utc)
        .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), critical=True)
    )
    for extension in usual.certificate.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    odd = Responder(usual.key, builder.sign(ca.authority.key, SHA256()))
    with pytest.raises(GateError, match=r"critical extension 1\.2\.3\.4"):
        verify_response(response(ca, odd, 1), ca.issuer, NOW)


def _with_entries(ca: CA, entries: list[bytes]) -> bytes:
    """The usual CRL with these entries, signed anew."""
    tbs, algorithm, _ = der.signed_parts(crl(ca))
    *head, extensions = (bytes(tbs[b:e]) for _, b, _, e in der.values(tbs, *der.expect(tbs, 0, der.SEQUENCE)))
    changed = der.sequence(*head, der.sequence(*entries), extensions)
    signature = ca.authority.key.sign(changed, ec.ECDSA(SHA256()))  # type: ignore[call-arg, arg-type]
    return der.sequence(changed, bytes(algorithm), der.tlv(der.BIT_STRING, b"\x00", signature))
