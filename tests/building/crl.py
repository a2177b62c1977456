"""A CRL that is right by default."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.ca import CA

DAY = timedelta(days=1)

_FLAGS = {
    reason: flag for reason in Reason for flag in x509.ReasonFlags if reason.name.lower() == flag.name.replace("_", "")
}


def crl(
    ca: CA,
    number: int = 1,
    revoked: Mapping[int, Revocation] | None = None,
    *,
    this_update: datetime = NOW,
    lifetime: timedelta = DAY,
    extensions: Mapping[str, tuple[x509.ExtensionType, bool] | None] | None = None,
    idp: x509.IssuingDistributionPoint | None = None,
    signed_by: CA | None = None,
    issuer_name: x509.Name | None = None,
    digest: HashAlgorithm | None = None,
    removed: Iterable[int] = (),
) -> bytes:
    """The DER of a CRL.

    Args:
        extensions: extensions by name (`aki`, `number`, or any other) that replace the usual ones; None takes one out.
        idp: an IssuingDistributionPoint, critical.
        signed_by: whose key signs it.
        removed: serials with removeFromCRL, as a delta may have them.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer_name or ca.authority.certificate.subject)
        .last_update(this_update)
        .next_update(this_update + lifetime)
    )
    chosen: dict[str, tuple[x509.ExtensionType, bool] | None] = {
        "aki": (x509.AuthorityKeyIdentifier(ca.issuer.key_identifier, None, None), False),
        "number": (x509.CRLNumber(number), False),
        "idp": (idp, True) if idp else None,
        **(extensions or {}),
    }
    for extension in chosen.values():
        if extension:
            builder = builder.add_extension(*extension)
    for serial, revocation in (revoked or {}).items():
        builder = builder.add_revoked_certificate(_entry(serial, revocation))
    for serial in removed:
        builder = builder.add_revoked_certificate(_removal(serial, this_update))
    return builder.sign((signed_by or ca).authority.key, digest or SHA256()).public_bytes(Encoding.DER)


def distribution_point(url: str, **only: bool) -> x509.IssuingDistributionPoint:
    """An IssuingDistributionPoint at `url`; `only` names flags of cryptography's class that are set."""
    flags = {
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
        **only,
    }
    return x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(url)], relative_name=None, only_some_reasons=None, **flags
    )


def _entry(serial: int, revocation: Revocation) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revocation.revoked_at)
    if revocation.reason is not Reason.unspecified:
        builder = builder.add_extension(x509.CRLReason(_FLAGS[revocation.reason]), critical=False)
    if revocation.invalidity_date:
        builder = builder.add_extension(x509.InvalidityDate(revocation.invalidity_date), critical=False)
    return builder.build()


def _removal(serial: int, moment: datetime) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment)
    return builder.add_extension(x509.CRLReason(x509.ReasonFlags.remove_from_crl), critical=False).build()
