"""A reply of the signer is a claim: a certificate counts if its issuer signed it now, for the key that was meant."""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registrar.database.rows import Certificate
from registrar.tenant import Tenant
from revocation.extensions import extension_value
from revocation.validity import BACKDATE
from revocation.windows import SKEW


def require_signed_by(tenant: Tenant, found: x509.Certificate) -> None:
    """Return if the issuer signed it. Raises ValueError, TypeError, InvalidSignature."""
    found.verify_directly_issued_by(tenant.issuer.certificates[0])


def require_key(csr: bytes, found: x509.Certificate) -> None:
    """Return if it is for the key of a CSR, DER. Raises ValueError."""
    wanted = x509.load_der_x509_csr(csr).public_key()
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if found.public_key().public_bytes(*form) != wanted.public_bytes(*form):
        raise ValueError("it is for another key")


def require_new(found: x509.Certificate, known: Certificate | None, id_: str, since: datetime) -> None:
    """Return if it can have been issued for what was asked: an old one is of the same key where that is used again.

    Args:
        known: what is known of its serial.
        id_: of what was asked, which its certificate has too.
        since: when it was asked first; the signer backdates, and its clock may be behind.

    Raises:
        ValueError: it was issued for something else, or before.
    """
    if known is not None and known.id == id_:
        return
    if known is not None and known.profile:  # one that was imported has none
        raise ValueError("it was issued for something else")
    if found.not_valid_before_utc < since - BACKDATE - SKEW:
        raise ValueError("it was issued before it was asked for")


def names_of(found: x509.Certificate | x509.CertificateSigningRequest) -> set[str]:
    """Its names as messages write them: `dns:…`, `ip:…`, `email:…`, `uri:…`.

    Raises:
        ValueError: it has names of other kinds.
    """
    names = extension_value(found.extensions, x509.SubjectAlternativeName)
    said = {_said(one) for one in names or ()}
    if None in said:
        raise ValueError("it is for names of other kinds")
    return {one for one in said if one is not None}


def _said(name: x509.GeneralName) -> str | None:
    match name:
        case x509.DNSName():
            return f"dns:{name.value}"
        case x509.IPAddress():
            return f"ip:{name.value}"
        case x509.RFC822Name():
            return f"email:{name.value}"
        case x509.UniformResourceIdentifier():
            return f"uri:{name.value}"
    return None
