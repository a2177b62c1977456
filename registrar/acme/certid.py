"""The CertID of renewal information (RFC 9773 section 4.1): key identifier and serial, octets as they stand in DER."""

from cryptography import x509

from registrar.acme.strict_json import decode, encode, malformed
from revocation import serials


def certid_of(certificate: x509.Certificate) -> str:
    """Its CertID.

    Raises:
        x509.ExtensionNotFound: it has no AuthorityKeyIdentifier.
        ValueError: that has no keyIdentifier.
    """
    found = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    if found is None:
        raise ValueError("its AuthorityKeyIdentifier has no keyIdentifier")
    return f"{encode(found)}.{encode(serials.from_int(certificate.serial_number))}"


def require_certid(text: str) -> None:
    """Return if it is of the form of one.

    Raises:
        Problem: it is not.
    """
    key, dot, serial = text.partition(".")
    if not dot or not decode(key, "the CertID") or not decode(serial, "the CertID"):
        raise malformed("a CertID is a key identifier and a serial, both base64url, with a dot between them")
