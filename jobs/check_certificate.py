"""What `check` asks of a certificate that it is given: that CRL and OCSP both know it, and say the same."""

from collections.abc import Mapping
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from jobs.check_answers import Answers
from jobs.check_crl import CRLView
from jobs.check_ocsp import judge
from jobs.findings import Finding, Level
from revocation import serials
from revocation.config import IssuerProfile, PublicConfig
from revocation.extensions import extension_value


def look_at_certificate(
    certificate: x509.Certificate,
    profile: IssuerProfile,
    views: Mapping[str, CRLView],
    answers: Answers,
    now: datetime,
) -> list[Finding]:
    """CRL and OCSP of a certificate, which must both know it while it has not expired.

    Args:
        profile: its issuer.
        views: the issuer's CRLs, by label.
        answers: what OCSP says of the issuer's certificates.
    """
    serial = serials.from_int(certificate.serial_number)
    view = answers.of(serial)
    if certificate.not_valid_after_utc < now:
        return [Finding(Level.OK, view.what, "has expired")]
    if view.unknown:
        return view.findings
    findings = judge(view, profile, None, serial, now)
    is_ca = _is_ca(certificate)
    for label, spec in profile.complete_crls.items():
        crl = views[label].crl
        if crl is not None and spec.settings.scope.covers(is_ca):
            findings += answers.judged(serial, spec, crl)
    return findings


def issuer_of(certificate: x509.Certificate, public: PublicConfig) -> IssuerProfile | None:
    """The configured issuer whose key signed the certificate."""
    for profile in public.profiles.values():
        try:
            certificate.verify_directly_issued_by(profile.issuer.certificates[0])
        except (ValueError, TypeError, InvalidSignature):
            continue
        return profile
    return None


def _is_ca(certificate: x509.Certificate) -> bool:
    constraints = extension_value(certificate.extensions, x509.BasicConstraints)
    return constraints is not None and constraints.ca
