"""Is this a response that the configured issuer or its delegate pre-signed? RFC 6960 section 4.2, RFC 9919.

Parsed with a library other than the encoder; the signature is verified over the bytes as they came.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import ocsp
from cryptography.x509.oid import SignatureAlgorithmOID

from publisher.archive_cutoff import archive_cutoff_in
from publisher.crl_entries import reason_of
from publisher.responder_certificate import ResponderCertificate, issuer_as_responder, verify_responder_certificate
from publisher.signature import Scheme, pss_digest, verifier_by
from publisher.unreadable import unreadable
from publisher.window import check_window
from revocation import der, serials
from revocation.certid import CertIDHash
from revocation.clock import iso
from revocation.errors import GateError
from revocation.issuer import Issuer
from revocation.status import Reason, Revocation
from revocation.windows import SKEW

_CONTEXT_0: Final = 0xA0
_LONGEST_SERIAL: Final = 128


class VerifiedResponse(NamedTuple):
    """A response that the issuer or its delegate signed.

    Attributes:
        der: as it came.
        hashes: of the CertIDs that it answers, all for one certificate.
        serial: the content octets of that certificate's serial.
        revocation: None when the certificate is good.
        direct: whether the CA key signed it, and no delegate.
        archive_cutoff: since when expired certificates are answered for (RFC 6960 section 4.4.4), where it says so.
    """

    der: bytes
    hashes: tuple[CertIDHash, ...]
    serial: bytes
    revocation: Revocation | None
    this_update: datetime
    next_update: datetime
    direct: bool = False
    archive_cutoff: datetime | None = None


class Signed(NamedTuple):
    """A response that was verified, and how it is signed, for others that the same key signed."""

    response: VerifiedResponse
    scheme: Scheme


def verify_response(der_: bytes, issuer: Issuer, now: datetime) -> VerifiedResponse:
    """The response, if it is the issuer's and may be handed out now; see `verify_signed`."""
    return verify_signed(der_, issuer, now).response


def verify_signed(der_: bytes, issuer: Issuer, now: datetime) -> Signed:
    """The response, if it is the issuer's and may be handed out now, and how it is signed.

    Raises:
        NotYetValid: it starts within minutes.
        Expired: its nextUpdate has passed.
        GateError: anything else is wrong with it.
    """
    signed = _explained(der_, issuer)
    response = signed.response
    try:
        check_window(response.this_update, response.next_update, now)
    except GateError as error:
        error.where = f"{_place(issuer)}, serial {serials.to_hex(response.serial)}"
        raise
    return signed


def read_response(der_: bytes, issuer: Issuer) -> VerifiedResponse:
    """The response, if the issuer or its delegate signed it and was one for all of its window, whatever the time.

    Raises:
        GateError: malformed, of another issuer, by another signer, or not of the form that is pre-signed.
    """
    return _explained(der_, issuer).response


def _explained(der_: bytes, issuer: Issuer) -> Signed:
    try:
        return _read(der_, issuer)
    except GateError as error:
        error.where = _place(issuer)
        raise
    except UnsupportedAlgorithm as error:
        raise GateError(f"its signature algorithm is unknown: {error}", where=_place(issuer)) from error
    except Exception as error:  # what a parser raises on hostile bytes has no common class
        raise unreadable("it", error, _place(issuer)) from error


@dataclass(frozen=True)
class Peek:
    """What a response says, believed by nobody yet."""

    revocation: Revocation | None
    this_update: datetime


def peek(der_: bytes) -> Peek:
    """What a response says first.

    Raises:
        GateError: it is not a successful response, or says what no pre-signed response says.
    """
    try:
        single = next(iter(ocsp.load_der_ocsp_response(der_).responses))
        return Peek(_revocation_in(single), single.this_update_utc)
    except GateError:
        raise
    except Exception as error:  # as above
        raise unreadable("an OCSP response", error) from error


def _read(der_: bytes, issuer: Issuer) -> Signed:
    response = ocsp.load_der_ocsp_response(der_)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise GateError(f"it is an error, {response.response_status.name}")
    tbs, signature, embedded, algorithm = parts(der_)
    signer = _signer(embedded, issuer)
    if response.responder_key_hash != signer.key_hash:
        whose = "issuer, and no certificate is embedded" if signer.is_issuer else "embedded certificate"
        raise GateError(f"its ResponderID is not byKey of the {whose}")
    scheme = _scheme(response, bytes(algorithm), signer)
    verifier_by(scheme)(tbs, signature)
    _check_extensions(response)
    content = _content(der_, response, issuer)
    signer.check_covers(content.this_update, content.next_update)
    return Signed(content._replace(direct=signer.is_issuer, archive_cutoff=archive_cutoff_in(tbs)), scheme)


def _signer(embedded: bytes | None, issuer: Issuer) -> ResponderCertificate:
    if embedded is None:
        return issuer_as_responder(issuer)
    return verify_responder_certificate(embedded, issuer.subject, issuer.public_key_info)


def _scheme(response: ocsp.OCSPResponse, algorithm: bytes, signer: ResponderCertificate) -> Scheme:
    oid = response.signature_algorithm_oid
    if oid == SignatureAlgorithmOID.RSASSA_PSS:
        return Scheme(signer.key_info, oid.dotted_string, pss_digest(algorithm))
    hash_ = response.signature_hash_algorithm
    return Scheme(signer.key_info, oid.dotted_string, hash_.name if hash_ else None)


class Parts(NamedTuple):
    """A response taken apart, as its octets stand (RFC 6960 section 4.2.1).

    Attributes:
        certificate: the one that is embedded, or None.
        algorithm: the AlgorithmIdentifier of the signature.
    """

    tbs: memoryview
    signature: bytes
    certificate: bytes | None
    algorithm: memoryview


def parts(der_: bytes) -> Parts:
    """A successful response, taken apart.

    Raises:
        GateError: several certificates are embedded.
        DERError: malformed.
    """
    inside, _ = der.expect(der_, 0, der.SEQUENCE)
    _, _, after_status = der.read(der_, inside)
    explicit, _ = der.expect(der_, after_status, _CONTEXT_0)
    response_bytes, _ = der.expect(der_, explicit, der.SEQUENCE)
    _, after_type = der.expect(der_, response_bytes, der.OID)
    basic = der_[slice(*der.expect(der_, after_type, der.OCTET_STRING))]
    tbs, algorithm, signature = der.signed_parts(basic)
    *_, (tag, _, begin, end) = der.values(basic, *der.expect(basic, 0, der.SEQUENCE))
    if tag != _CONTEXT_0:
        return Parts(tbs, signature, None, algorithm)
    certificates = list(der.values(basic, *der.expect(basic, begin, der.SEQUENCE)))
    if len(certificates) != 1:
        raise GateError(f"it has {len(certificates)} certificates embedded, and one is wanted")
    _, begin, _, end = certificates[0]
    return Parts(tbs, signature, basic[begin:end], algorithm)


def _check_extensions(response: ocsp.OCSPResponse) -> None:
    """None that a client might have to reject (RFC 6960 section 4.2.1)."""
    for extension in response.extensions:
        if extension.critical or isinstance(extension.value, x509.OCSPNonce):
            raise GateError(f"it has the extension {extension.oid.dotted_string}, which no pre-signed response has")


def _content(der_: bytes, response: ocsp.OCSPResponse, issuer: Issuer) -> VerifiedResponse:
    singles = list(response.responses)
    if not singles:
        raise GateError("it answers nothing")
    said = [_single(single, issuer) for single in singles]
    first = said[0]
    if any((s.serial, s.revocation, s.window) != (first.serial, first.revocation, first.window) for s in said):
        raise GateError("its SingleResponses do not say the same")
    hashes = tuple(s.hash for s in said)
    if len(set(hashes)) != len(hashes):
        raise GateError("it answers one CertID twice")
    this_update, next_update = first.window
    if first.revocation is not None and first.revocation.revoked_at > this_update + SKEW:
        raise GateError(f"it says revoked from {iso(first.revocation.revoked_at)} on, later than its thisUpdate")
    if response.produced_at_utc != this_update:
        raise GateError("its producedAt is not its thisUpdate: Last-Modified would have two values (RFC 9919)")
    return VerifiedResponse(der_, hashes, first.serial, first.revocation, this_update, next_update)


@dataclass(frozen=True)
class _Single:
    hash: CertIDHash
    serial: bytes
    revocation: Revocation | None
    window: tuple[datetime, datetime]


def _single(single: ocsp.OCSPSingleResponse, issuer: Issuer) -> _Single:
    hash_ = _hash(single)
    if (single.issuer_name_hash, single.issuer_key_hash) != _issuer_hashes(issuer.subject, issuer.key_octets, hash_):
        raise GateError("its CertID names another issuer")
    serial = serials.from_int(single.serial_number)
    if len(serial) > _LONGEST_SERIAL:
        raise GateError(f"its serial has {len(serial)} octets, more than the {_LONGEST_SERIAL} that are stored")
    if single.next_update_utc is None:
        raise GateError("it has no nextUpdate (RFC 9919)")
    return _Single(hash_, serial, _revocation_in(single), (single.this_update_utc, single.next_update_utc))


def _hash(single: ocsp.OCSPSingleResponse) -> CertIDHash:
    try:
        return CertIDHash(single.hash_algorithm.name)
    except (UnsupportedAlgorithm, ValueError) as error:
        raise GateError(f"its CertID is hashed with what nobody asks for: {error}") from error


@lru_cache(maxsize=1024)
def _issuer_hashes(subject: bytes, key: bytes, hash_: CertIDHash) -> tuple[bytes, bytes]:
    return hash_.digest(subject), hash_.digest(key)


def _revocation_in(single: ocsp.OCSPSingleResponse) -> Revocation | None:
    """What a SingleResponse says of its certificate; None when good.

    Raises:
        GateError: `unknown`, which is never pre-signed, or a reason out of place.
    """
    if single.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return None
    if single.certificate_status is not ocsp.OCSPCertStatus.REVOKED or single.revocation_time_utc is None:
        raise GateError("it says `unknown`")
    flag = single.revocation_reason
    return Revocation(single.revocation_time_utc, Reason.unspecified if flag is None else reason_of(flag))


def _place(issuer: Issuer) -> str:
    return f"OCSP response of {issuer.name}"
