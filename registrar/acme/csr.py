"""What a client asks to be certified (RFC 8555 section 7.4): a CSR for exactly the names of its order."""

from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from registrar.acme.identifiers import DNS, IP, in_lower_case
from registrar.acme.keys import bad_key, key_of
from registrar.acme.strict_json import decode
from registrar.problem import Identifier, Problem, ProblemType
from revocation.compliance import Compliance
from revocation.errors import Refused
from revocation.keykind import KeyKind, forbidden_key, kind_of
from revocation.pkcs10 import UNREADABLE, require_one_meaning


def read_csr(payload: dict[str, Any]) -> x509.CertificateSigningRequest:
    """The CSR of a finalize request, signed by its own key.

    Raises:
        Problem: badCSR.
    """
    octets = decode(payload.get("csr"), "csr")
    try:
        csr = x509.load_der_x509_csr(octets)
        if not csr.is_signature_valid:
            raise bad_csr("is not signed by its own key")
        require_one_meaning(csr, "csr")
    except Refused as error:
        raise bad_csr(error.what) from None
    except UNREADABLE:
        raise bad_csr("is none that can be read") from None
    return csr


def require_names(csr: x509.CertificateSigningRequest, names: tuple[Identifier, ...]) -> None:
    """Return if the CSR asks for the names of the order, and for nothing else.

    Raises:
        Problem: badCSR.
    """
    found = _names_of(csr)
    if missing := sorted(one.value for one in set(names) - found):
        raise bad_csr(f"lacks names of the order: {', '.join(missing[:5])}")
    if found - set(names):
        raise bad_csr("has names that the order has not")


def thumbprint_of(csr: x509.CertificateSigningRequest) -> str | None:
    """That of its key, as accounts have it; None of a key that no account could have."""
    try:
        found = key_of(csr.public_key())
    except UNREADABLE:
        raise bad_csr("has a key that cannot be read") from None
    return found.thumbprint if found else None


def require_certifiable(csr: x509.CertificateSigningRequest, compliance: Compliance) -> None:
    """Return unless its key is of a kind that no profile has; which of the others are certified the signer decides.

    Raises:
        Problem: badPublicKey.
    """
    public_key_info = csr.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if forbidden := forbidden_key(compliance, public_key_info):
        raise bad_key(f"the key of the CSR is not certified: {forbidden}")
    if kind_of(public_key_info) is None:
        raise bad_key(
            f"the key of the CSR is of a kind that is not certified; kinds that can be are {', '.join(KeyKind)}"
        )


def bad_csr(what: str) -> Problem:
    """The problem that a CSR is not accepted."""
    return Problem(ProblemType.BAD_CSR, f"the CSR {what}")


def _names_of(csr: x509.CertificateSigningRequest) -> set[Identifier]:
    try:
        alternatives = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        alternatives = x509.SubjectAlternativeName([])
    except UNREADABLE:
        raise bad_csr("has extensions that cannot be read") from None
    found = {_identifier(one) for one in alternatives}
    try:
        subject = csr.subject
    except UNREADABLE:
        raise bad_csr("has a subject that cannot be read") from None
    return found | {_common(str(one.value)) for one in subject.get_attributes_for_oid(NameOID.COMMON_NAME)}


def _identifier(name: x509.GeneralName) -> Identifier:
    match name:
        case x509.DNSName():
            return Identifier(DNS, in_lower_case(name.value))
        case x509.IPAddress():
            return Identifier(IP, str(name.value))
    raise bad_csr("has a subjectAltName that is neither a DNS name nor an IP address")


def _common(value: str) -> Identifier:
    """A common name is a name that is asked for too (section 7.4)."""
    try:
        return Identifier(IP, str(ip_address(value)))
    except ValueError:
        return Identifier(DNS, in_lower_case(value))
