"""Who signed an OCSP response: a delegate by its certificate, or the CA key. RFC 6960 section 4.2.2.2.

One certificate signs every response of a week, so each is verified once; only its window is looked at each time.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from publisher.signature import verify_signature
from revocation import der
from revocation.clock import iso
from revocation.errors import GateError
from revocation.extensions import extension_value
from revocation.issuer import Issuer

_UNDERSTOOD: Final = (x509.ExtendedKeyUsage, x509.KeyUsage, x509.BasicConstraints)


@dataclass(frozen=True)
class ResponderCertificate:
    """A delegated responder that the issuer made; or the issuer itself, in the window of its own certificates.

    Attributes:
        key_info: its SubjectPublicKeyInfo.
        key_hash: SHA-1 of the public key's octets, what a byKey ResponderID repeats.
    """

    key_info: bytes
    key_hash: bytes
    not_before: datetime
    not_after: datetime
    is_issuer: bool = False

    @property
    def _certificate(self) -> str:
        return "its issuer's certificates" if self.is_issuer else "its responder certificate"

    def check_covers(self, this_update: datetime, next_update: datetime) -> None:
        """Return if it is valid in the whole window of a response: one that has expired says nothing of today.

        Raises:
            GateError: the response begins before it, or outlives it.
        """
        if this_update < self.not_before:
            raise GateError(
                f"it is older than {self._certificate}: thisUpdate {iso(this_update)}, notBefore {iso(self.not_before)}"
            )
        if next_update > self.not_after:
            raise GateError(
                f"it would outlive {self._certificate}: nextUpdate {iso(next_update)}, notAfter {iso(self.not_after)}"
            )


def issuer_as_responder(issuer: Issuer) -> ResponderCertificate:
    """The CA key as its own responder, for responses that embed no certificate.

    Raises:
        GateError: a CA certificate says that the key is not for such signatures.
    """
    if not issuer.signs_responses:
        raise GateError("it has no responder certificate embedded, and the CA's may not sign responses (keyUsage)")
    info = issuer.public_key_info
    return ResponderCertificate(info, _key_hash(info), issuer.not_before, issuer.not_after, is_issuer=True)


@lru_cache(maxsize=128)
def _key_hash(key_info: bytes) -> bytes:
    return hashlib.sha1(der.public_key_octets(key_info), usedforsecurity=False).digest()


@lru_cache(maxsize=128)
def verify_responder_certificate(der_: bytes, issuer_subject: bytes, issuer_key: bytes) -> ResponderCertificate:
    """The responder, if the issuer with that subject and SubjectPublicKeyInfo made it one.

    Raises:
        GateError: signed by another key, named after another issuer, or not (only) an OCSP responder's.
        ValueError: malformed.
    """
    certificate = x509.load_der_x509_certificate(der_)
    signed = der.signed_parts(der_)
    verify_signature(
        issuer_key, signed, certificate.signature_algorithm_parameters, certificate.signature_hash_algorithm
    )
    issuer, key_info = _issuer_and_key(signed[0])
    if issuer != issuer_subject:
        raise GateError("its responder certificate names another issuer")
    _check_purpose(certificate.extensions)
    return ResponderCertificate(
        key_info, _key_hash(key_info), certificate.not_valid_before_utc, certificate.not_valid_after_utc
    )


def _issuer_and_key(tbs: memoryview) -> tuple[bytes, bytes]:
    """Issuer and SubjectPublicKeyInfo as they stand in a version 3 TBSCertificate (RFC 5280 section 4.1)."""
    fields = [bytes(tbs[begin:end]) for _, begin, _, end in der.values(tbs, *der.expect(tbs, 0, der.SEQUENCE))]
    _version, _serial, _algorithm, issuer, _validity, _subject, key_info, *_ = fields
    return issuer, key_info


def _check_purpose(extensions: x509.Extensions) -> None:
    usages = extension_value(extensions, x509.ExtendedKeyUsage)
    if usages is None or set(usages) != {ExtendedKeyUsageOID.OCSP_SIGNING}:
        raise GateError("its responder certificate is not one for OCSP signing alone (extendedKeyUsage)")
    for extension in extensions:
        if extension.critical and not isinstance(extension.value, _UNDERSTOOD):
            raise GateError(
                f"its responder certificate has the critical extension {extension.oid.dotted_string}, "
                "which clients must reject"
            )
    if extension_value(extensions, x509.OCSPNoCheck) is None:
        raise GateError("its responder certificate lacks ocsp-nocheck: clients would ask for its own status")
    usage = extension_value(extensions, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise GateError("its responder certificate may not sign (keyUsage)")
    constraints = extension_value(extensions, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise GateError("its responder certificate is a CA's")
