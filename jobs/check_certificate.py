"""What `check` asks of a certificate that it is given: that CRL and OCSP both know it, and say the same."""

from dataclasses import replace
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from jobs.check_crl import look_at_crl
from jobs.check_ocsp import judge, look_at_ocsp
from jobs.check_plan import Plan
from jobs.findings import Finding, Level
from revocation import serials
from revocation.config import IssuerProfile, PublicConfig


def look_at_certificate(certificate: x509.Certificate, plan: Plan, now: datetime) -> list[Finding]:
    """CRL and OCSP of a certificate, which must both know it while it has not expired."""
    serial = serials.from_int(certificate.serial_number)
    profile = issuer_of(certificate, plan.public)
    if profile is None:
        return [Finding(Level.UNKNOWN, f"certificate {serials.to_hex(serial)}", "is of no configured issuer")]
    answers = look_at_ocsp(profile, serial, plan.base, now, plan.seconds)
    if certificate.not_valid_after_utc < now:
        return [Finding(Level.OK, answers.what, "has expired")]
    is_ca = _is_ca(certificate)
    findings = [] if answers.unknown else judge(answers, profile, None, serial, now)
    if answers.unknown:
        findings = answers.findings
    for spec in profile.crls.values():
        if spec.settings.scope.covers(is_ca):
            view = look_at_crl(spec, plan.base, None, now, plan.seconds)
            findings += judge(replace(answers, findings=[]), profile, view.crl, serial, now)
    return list(dict.fromkeys(findings))


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
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False
