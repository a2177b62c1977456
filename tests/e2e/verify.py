"""What a careful relying party makes of octets: it verifies with cryptography, and uses nothing of Revocast.

RFC 6960 sections 3.2 and 4.2.2.2 for responses, RFC 5280 section 6.3 for CRLs.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.e2e.servers import Verdict

HASHES: Final[dict[str, HashAlgorithm]] = {"sha1": SHA1(), "sha256": SHA256()}
_REASONS: Final = {
    x509.ReasonFlags.unspecified: 0,
    x509.ReasonFlags.key_compromise: 1,
    x509.ReasonFlags.ca_compromise: 2,
    x509.ReasonFlags.affiliation_changed: 3,
    x509.ReasonFlags.superseded: 4,
    x509.ReasonFlags.cessation_of_operation: 5,
    x509.ReasonFlags.certificate_hold: 6,
    x509.ReasonFlags.privilege_withdrawn: 9,
    x509.ReasonFlags.aa_compromise: 10,
}


class Unsaid(Exception):
    """The answer is one of OCSP's errors, which says nothing of the certificate."""


class Wrong(Exception):
    """An answer that nobody may rely on, although somebody gave it."""


def require(what: object, why: str) -> None:
    """Return if it is so.

    Raises:
        Wrong: it is not.
    """
    if not what:
        raise Wrong(why)


@dataclass
class Verifier:
    """For one issuer; it remembers which delegates it verified."""

    issuer: x509.Certificate
    _delegates: dict[bytes, x509.Certificate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        key = self.issuer.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        self._key = key
        name = self.issuer.subject.public_bytes()
        bits = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self._hashes = {
            hash_: (hashlib.new(hash_, name).digest(), hashlib.new(hash_, bits).digest()) for hash_ in HASHES
        }

    def request(self, serial: int, hash_: str) -> bytes:
        """The question about a certificate."""
        name, key = self._hashes[hash_]
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, serial, HASHES[hash_])
        return builder.build().public_bytes(Encoding.DER)

    def response(self, der: bytes, serial: int, hash_: str, now: datetime) -> tuple[Verdict, datetime]:
        """What it says of the certificate, and its thisUpdate.

        Raises:
            Unsaid: it is an error.
            Wrong: it is none that a client may accept.
        """
        try:
            response = ocsp.load_der_ocsp_response(der)
        except ValueError as error:
            raise Wrong(f"no OCSP response: {error}") from error
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise Unsaid(response.response_status.name)
        asked = (response.serial_number, response.issuer_name_hash, response.issuer_key_hash)
        require(asked == (serial, *self._hashes[hash_]), "an answer to another question")
        self._verify(response, now)
        if response.certificate_status is ocsp.OCSPCertStatus.REVOKED:
            since = response.revocation_time_utc
            require(since and since <= now, "revoked since a time that has not come")
            reason = response.revocation_reason
            return (int(since.timestamp()) if since else 0, _REASONS[reason] if reason else 0), response.this_update_utc
        require(response.certificate_status is ocsp.OCSPCertStatus.GOOD, "neither good nor revoked")
        return None, response.this_update_utc

    def crl(self, der: bytes, now: datetime) -> tuple[int, dict[int, Verdict], datetime]:
        """Its number, what it lists, and its thisUpdate.

        Raises:
            Wrong: it is none that a client may accept.
        """
        try:
            crl = x509.load_der_x509_crl(der)
            number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        except (ValueError, x509.ExtensionNotFound) as error:
            raise Wrong(f"no CRL: {error}") from error
        require(crl.issuer == self.issuer.subject, "of another issuer")
        require(crl.is_signature_valid(self._key), "its signature does not verify")
        _require_window(crl.last_update_utc, crl.next_update_utc, now)
        return number, {entry.serial_number: _of_entry(entry) for entry in crl}, crl.last_update_utc

    def _verify(self, response: ocsp.OCSPResponse, now: datetime) -> None:
        _require_window(response.this_update_utc, response.next_update_utc, now)
        require(response.produced_at_utc == response.this_update_utc, "its producedAt is another time than thisUpdate")
        require(len(response.certificates) == 1, "without the certificate of who signed it")
        delegate = self._delegate(response.certificates[0])
        require(delegate.not_valid_before_utc <= now <= delegate.not_valid_after_utc, "by a delegate out of its time")
        key = delegate.public_key()
        bits = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        require(response.responder_key_hash == hashlib.sha1(bits).digest(), "by another than it names")
        require(isinstance(key, ec.EllipticCurvePublicKey) and response.signature_hash_algorithm, "by an odd key")
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert response.signature_hash_algorithm
        try:
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(response.signature_hash_algorithm))
        except InvalidSignature as error:
            raise Wrong("its signature does not verify") from error

    def _delegate(self, certificate: x509.Certificate) -> x509.Certificate:
        octets = certificate.public_bytes(Encoding.DER)
        if octets not in self._delegates:
            try:
                certificate.verify_directly_issued_by(self.issuer)
                usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound) as error:
                raise Wrong(f"by a delegate that the CA did not make: {error}") from error
            require(ExtendedKeyUsageOID.OCSP_SIGNING in usage, "by a certificate that may sign no responses")
            self._delegates[octets] = certificate
        return self._delegates[octets]


def _require_window(this_update: datetime, next_update: datetime | None, now: datetime) -> None:
    require(next_update, "without nextUpdate")
    assert next_update
    require(this_update <= now, f"of {this_update}, which has not come")
    require(now < next_update, f"has expired at {next_update}")


def _of_entry(entry: x509.RevokedCertificate) -> Verdict:
    try:
        reason = _REASONS[entry.extensions.get_extension_for_class(x509.CRLReason).value.reason]
    except x509.ExtensionNotFound:
        reason = 0
    return int(entry.revocation_date_utc.timestamp()), reason
