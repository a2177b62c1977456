"""Certificates that lie in a source: read, and checked to be the issuer's before anything they say is believed."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from revocation import der
from revocation.config import load_certificates
from revocation.errors import ConfigurationError, InputError
from revocation.extensions import extension_value
from revocation.issuer import Issuer

SUFFIXES = frozenset({".crt", ".pem", ".cer", ".der"})
"""Names under which a certificate is looked for."""


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate that the issuer signed.

    Attributes:
        serial: its exact content octets (the parser refuses octets that are not minimal).
        not_after: its expiry, UTC.
        is_ca: what its basicConstraints say (RFC 5280 section 4.2.1.9); False without.
        der: all of it.
        place: its file, for messages.
    """

    serial: bytes
    not_after: datetime
    is_ca: bool
    der: bytes
    place: str


@contextmanager
def any_serial() -> Iterator[None]:
    """Read certificates whatever their serial: zero and below are against RFC 5280, and real; the ledger takes them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield


def load(path: Path) -> Sequence[x509.Certificate]:
    """The certificates of a PEM or DER file.

    Raises:
        InputError: unreadable, or no certificate in it.
    """
    try:
        with any_serial():
            return load_certificates(path)
    except ConfigurationError as error:
        raise InputError(error.what, where=str(path), advice=error.advice) from error


def owns(issuer: Issuer, certificate: x509.Certificate) -> bool:
    """Whether this is a certificate *of* the issuer: its subject and key (not one that it issued)."""
    try:
        own = Issuer.of(issuer.name, [certificate])
    except ConfigurationError:
        return False
    return (own.subject, own.public_key_info) == (issuer.subject, issuer.public_key_info)


def issued_by(certificate: x509.Certificate, issuer: Issuer, place: str) -> IssuedCertificate:
    """What the certificate says, after it was found to be the issuer's: name byte for byte, and signature.

    Raises:
        InputError: it is another issuer's, or its signature is wrong, or an extension is malformed.
    """
    if issuer_name(certificate.tbs_certificate_bytes) != issuer.subject:
        raise InputError(
            f"was issued by {certificate.issuer.rfc4514_string()!r}, which is not the subject of issuer {issuer.name}",
            where=place,
            advice="import it under its own issuer, or move it out of this folder",
        )
    _verify(certificate, issuer, place)
    return IssuedCertificate(
        serial=serial_of(certificate),
        not_after=certificate.not_valid_after_utc,
        is_ca=_is_ca(certificate, place),
        der=certificate.public_bytes(Encoding.DER),
        place=place,
    )


def _verify(certificate: x509.Certificate, issuer: Issuer, place: str) -> None:
    try:
        certificate.verify_directly_issued_by(issuer.certificates[0])
    except UnsupportedAlgorithm as error:
        raise InputError(f"its signature cannot be checked: {error}", where=place) from error
    except (InvalidSignature, TypeError, ValueError) as error:
        raise InputError(
            f"its signature was not made with the key of issuer {issuer.name}",
            where=place,
            advice="a CA re-keyed under the same name is another issuer: configure it as one",
        ) from error


def _is_ca(certificate: x509.Certificate, place: str) -> bool:
    try:
        constraints = extension_value(certificate.extensions, x509.BasicConstraints)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise InputError(f"has a malformed extension: {error}", where=place) from error
    return constraints is not None and constraints.ca


def serial_of(certificate: x509.Certificate) -> bytes:
    """The exact content octets of the serial: the first INTEGER of a TBSCertificate, whose version is in a tag."""
    tbs = certificate.tbs_certificate_bytes
    start, end = der.expect(tbs, 0, der.SEQUENCE)
    return next(tbs[content:stop] for tag, _, content, stop in der.values(tbs, start, end) if tag == der.INTEGER)


def issuer_name(tbs: bytes) -> bytes:
    """The issuer's DN as it stands in a TBSCertificate or TBSCertList: in both it is the second SEQUENCE.

    Raises:
        DERError: neither of them.
    """
    start, end = der.expect(tbs, 0, der.SEQUENCE)
    sequences = (tbs[begin:stop] for tag, begin, _, stop in der.values(tbs, start, end) if tag == der.SEQUENCE)
    _, name = islice(sequences, 2)
    return name
