"""What `check` asks of the issuer certificates: that those are published which are configured."""

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from jobs.check_plan import Plan
from jobs.fetch import SMALL, NotFetched, fetch
from jobs.findings import Finding, Level
from revocation import paths
from revocation.config import IssuerProfile


def look_at_issuer(profile: IssuerProfile, plan: Plan) -> list[Finding]:
    """Fetch the certificate, and the PKCS #7 file where the issuer has several."""
    issuer = profile.issuer
    expected = {certificate.public_bytes(Encoding.DER) for certificate in issuer.certificates}
    what = f"issuer {issuer.name}"
    findings = []
    try:
        one = fetch(plan.base + paths.issuer_path(issuer.id), SMALL, plan.seconds)
        if one.body not in expected:
            findings.append(Finding(Level.CRITICAL, what, "the published certificate is not a configured one"))
        if len(expected) > 1:
            many = fetch(plan.base + paths.issuers_path(issuer.id), SMALL, plan.seconds)
            found = {c.public_bytes(Encoding.DER) for c in pkcs7.load_der_pkcs7_certificates(many.body)}
            if found != expected:
                findings.append(Finding(Level.CRITICAL, what, "the .p7c does not hold the configured certificates"))
    except NotFetched as error:
        findings.append(Finding(Level.CRITICAL, what, str(error)))
    except ValueError:
        findings.append(Finding(Level.CRITICAL, what, "the .p7c is no PKCS #7 file of certificates"))
    return findings or [Finding(Level.OK, what, f"{issuer.id}, {len(expected)} certificates")]
