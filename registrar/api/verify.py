"""What an OCSP response proves (RFC 6960 section 3.2): who signed it, of which certificate it speaks, and when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.issuer import Issuer

_SKEW: Final = timedelta(minutes=5)
_HASHES: Final = {"sha1": CertIDHash.SHA1, "sha256": CertIDHash.SHA256}


class NoProof(Exception):
    """It proves nothing, and why."""


@dataclass(frozen=True)
class Proof:
    """What its issuer, or a responder of its issuer, says of a certificate."""

    status: str
    revoked_at: datetime | None
    reason: str | None
    this_update: datetime
    next_update: datetime


def verify(octets: bytes, issuer: Issuer, serial: int, now: datetime) -> Proof | None:
    """What a response proves now; None where the responder says that it has none, which nobody signs (RFC 5019).

    Raises:
        NoProof: it is none, expired, of another certificate, or nobody signed it who may.
    """
    try:
        response = ocsp.load_der_ocsp_response(octets)
        if response.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED:
            return None
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise NoProof(f"the responder says {response.response_status.name.lower()}")
        _require_signed(response, issuer, now)
        single = next((one for one in response.responses if _is_of(one, issuer, serial)), None)
        if single is None:
            raise NoProof("the response is of another certificate")
        return _said(single, now)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature, x509.ExtensionNotFound) as error:
        raise NoProof(f"the response cannot be verified: {type(error).__name__}") from error


def _said(single: ocsp.OCSPSingleResponse, now: datetime) -> Proof:
    begin, end = single.this_update_utc, single.next_update_utc
    if end is None or not begin - _SKEW <= now < end:
        raise NoProof("the response is not of now")
    reason = single.revocation_reason
    status = single.certificate_status.name.lower()
    return Proof(status, single.revocation_time_utc, reason.value if reason else None, begin, end)


def _is_of(single: ocsp.OCSPSingleResponse, issuer: Issuer, serial: int) -> bool:
    hash_ = _HASHES.get(single.hash_algorithm.name)
    if hash_ is None or single.serial_number != serial:
        return False
    wanted = CertID.of(issuer, serials.from_int(serial), hash_)
    return (single.issuer_name_hash, single.issuer_key_hash) == (wanted.issuer_name_hash, wanted.issuer_key_hash)


def _require_signed(response: ocsp.OCSPResponse, issuer: Issuer, now: datetime) -> None:
    """Return if the issuer signed it, or a responder that the issuer certified for this (section 4.2.2.2)."""
    signer = issuer.certificates[0]
    for one in response.certificates:
        if one.public_key() != signer.public_key():
            signer = _delegate(one, issuer, now)
        break
    _require_signature(response, signer.public_key())


def _delegate(one: x509.Certificate, issuer: Issuer, now: datetime) -> x509.Certificate:
    one.verify_directly_issued_by(issuer.certificates[0])
    if not one.not_valid_before_utc - _SKEW <= now <= one.not_valid_after_utc:
        raise NoProof("the responder's certificate has expired")
    if ExtendedKeyUsageOID.OCSP_SIGNING not in one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value:
        raise NoProof("who signed the response is no responder")
    return one


def _require_signature(response: ocsp.OCSPResponse, key: object) -> None:
    signature, said = response.signature, response.tbs_response_bytes
    match key:
        case rsa.RSAPublicKey():
            if response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
                key.verify(signature, said, padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size), SHA256())
            else:
                key.verify(signature, said, padding.PKCS1v15(), _hash(response))
        case ec.EllipticCurvePublicKey():
            key.verify(signature, said, ec.ECDSA(_hash(response)))
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            key.verify(signature, said)
        case _:
            raise NoProof("its key is of a kind that is not known here")


def _hash(response: ocsp.OCSPResponse):  # type: ignore[no-untyped-def]
    found = response.signature_hash_algorithm
    if found is None or found.name in ("md5", "sha1"):
        raise NoProof("its signature is by a weak algorithm")
    return found
