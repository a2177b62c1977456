"""Extensions of RFC 5280: their values come from `cryptography`, the frame around them from here."""

from typing import Final

from cryptography import x509

from revocation import der
from revocation.issuer import Issuer

_CRITICAL: Final = der.BOOLEAN_TRUE


def extension(value: x509.ExtensionType, *, critical: bool = False) -> bytes:
    """One Extension (RFC 5280 section 4.1); the DEFAULT FALSE of `critical` is not encoded."""
    flag = _CRITICAL if critical else b""
    return der.sequence(der.oid(value.oid.dotted_string), flag, der.tlv(der.OCTET_STRING, value.public_bytes()))


def authority_key_identifier(issuer: Issuer) -> bytes:
    """The AKI in everything that the issuer signs: the key identifier alone (section 4.2.1.1)."""
    return extension(x509.AuthorityKeyIdentifier(issuer.key_identifier, None, None))
