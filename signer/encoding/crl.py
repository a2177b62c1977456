"""CRLs, RFC 5280 section 5: an entry is encoded once, when its fact is recorded; a list is their concatenation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from revocation import der
from revocation.artifacts import Scope
from revocation.crlspec import CRLSpec
from revocation.status import Reason, Revocation
from signer.encoding.extensions import authority_key_identifier, extension

_VERSION_2: Final = der.integer(1)
_REASON_CODE: Final = der.oid("2.5.29.21")
_INVALIDITY_DATE: Final = der.oid("2.5.29.24")
_REMOVE_FROM_CRL: Final = bytes((8,))
_EXPIRED_ON_CRL: Final = der.oid("2.5.29.60")


def encode_entry(serial: bytes, revocation: Revocation) -> bytes:
    """One element of revokedCertificates (section 5.1.2.6); an unspecified reason is left out (section 5.3.1)."""
    extensions = b""
    if revocation.reason is not Reason.unspecified:
        reason = der.tlv(der.ENUMERATED, bytes((revocation.reason,)))
        extensions += der.sequence(_REASON_CODE, der.tlv(der.OCTET_STRING, reason))
    if revocation.invalidity_date is not None:
        date = der.generalized_time(revocation.invalidity_date)
        extensions += der.sequence(_INVALIDITY_DATE, der.tlv(der.OCTET_STRING, date))
    return der.sequence(
        der.tlv(der.INTEGER, serial),
        der.time(revocation.revoked_at),
        der.sequence(extensions) if extensions else b"",
    )


def encode_removal(serial: bytes, moment: datetime) -> bytes:
    """An entry of a delta CRL that takes one off the complete CRL: removeFromCRL (section 5.3.1)."""
    reason = der.tlv(der.ENUMERATED, _REMOVE_FROM_CRL)
    extensions = der.sequence(_REASON_CODE, der.tlv(der.OCTET_STRING, reason))
    return der.sequence(der.tlv(der.INTEGER, serial), der.time(moment), der.sequence(extensions))


@dataclass(frozen=True)
class CRLFrame:
    """Everything of a CRL but its entries.

    Attributes:
        kept_since: entries of certificates that expired since then are kept (expiredCertsOnCRL, X.509 9.5.2.8).
        base_number: of the complete CRL that a delta adds to (section 5.2.4); None for a complete one.
    """

    spec: CRLSpec
    number: int
    this_update: datetime
    next_update: datetime
    kept_since: datetime | None = None
    base_number: int | None = None


def around(frame: CRLFrame, size: int, algorithm_identifier: bytes) -> tuple[bytes, bytes]:
    """What of a TBSCertList (section 5.1.2) stands before and after `size` octets of entries.

    revokedCertificates is absent when there are none.
    """
    before = b"".join(
        (
            _VERSION_2,
            algorithm_identifier,
            frame.spec.issuer.subject,
            der.time(frame.this_update),
            der.time(frame.next_update),
            der.header(der.SEQUENCE, size) if size else b"",
        )
    )
    after = der.explicit(0, der.sequence(_extensions(frame)))
    return der.header(der.SEQUENCE, len(before) + size + len(after)) + before, after


def envelope(tbs_size: int, algorithm_identifier: bytes, signature: bytes) -> tuple[bytes, bytes]:
    """What of a SIGNED structure stands before and after its `tbs_size` octets to be signed."""
    after = algorithm_identifier + der.tlv(der.BIT_STRING, b"\0", signature)
    return der.header(der.SEQUENCE, tbs_size + len(after)), after


def assemble(tbs: bytes, algorithm_identifier: bytes, signature: bytes) -> bytes:
    """A SIGNED structure: CertificateList and Certificate alike."""
    before, after = envelope(len(tbs), algorithm_identifier, signature)
    return before + tbs + after


def _extensions(frame: CRLFrame) -> bytes:
    encoded = authority_key_identifier(frame.spec.issuer) + extension(x509.CRLNumber(frame.number))
    if frame.base_number is not None:
        encoded += extension(x509.DeltaCRLIndicator(frame.base_number), critical=True)
    if frame.spec.freshest is not None:
        encoded += extension(_freshest(frame.spec.freshest))
    if frame.kept_since is not None:
        encoded += der.sequence(_EXPIRED_ON_CRL, der.tlv(der.OCTET_STRING, der.generalized_time(frame.kept_since)))
    if frame.spec.settings.scope is Scope.ALL:
        return encoded
    return encoded + extension(_distribution_point(frame.spec), critical=True)


def _freshest(url: str) -> x509.FreshestCRL:
    """Where the delta is: a distribution point without reasons and cRLIssuer (section 5.2.6)."""
    return x509.FreshestCRL([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)])


def _distribution_point(spec: CRLSpec) -> x509.IssuingDistributionPoint:
    """The IDP of a partitioned CRL; its URI is byte for byte the one in the certificates' CDP (section 5.2.5)."""
    return x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(spec.url)],
        relative_name=None,
        only_contains_user_certs=spec.settings.scope is Scope.USER,
        only_contains_ca_certs=spec.settings.scope is Scope.CA,
        only_some_reasons=_flags(spec.settings.only_some_reasons),
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )


def _flags(reasons: tuple[Reason, ...]) -> frozenset[x509.ReasonFlags] | None:
    return frozenset(x509.ReasonFlags(reason.name) for reason in reasons) or None
