"""A look of `revocast check` at a site, and what it says."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from jobs.check import run
from jobs.check_marks import MarksFile
from jobs.check_plan import Plan
from jobs.findings import Finding, Level
from tests.authority import NOW, Authority
from tests.jobs.site import Site


def look(site: Site, marks: MarksFile, *certificates: x509.Certificate) -> list[Finding]:
    """What the check finds now."""
    return run(Plan(site.public, site.base, certificates, sample=5, seconds=5), marks, site.now)


def said(findings: list[Finding], level: Level) -> str:
    """What was found at a level."""
    return "\n".join(finding.line for finding in findings if finding.level is level)


def end_entity(site: Site, number: int, days: int = 300) -> x509.Certificate:
    """A certificate of the site's CA."""
    authority = site.authority
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.certificate.subject)
        .public_key(Authority().key.public_key())
        .serial_number(number)
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(authority.key, SHA256())
    )
