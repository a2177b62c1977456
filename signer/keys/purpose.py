"""What a key is used for, and how records name the key: by what everybody knows of it."""

import hashlib
from enum import StrEnum

from signer.keys.protocol import SigningKey


class Purpose(StrEnum):
    """A kind of thing that is signed, as limits and the audit log name it."""

    CRL = "crl"
    OCSP = "ocsp"
    RESPONDER_CERTIFICATE = "responder_certificate"
    CA_CERTIFICATE = "ca_certificate"
    CERTIFICATE = "certificate"
    CSR = "csr"


def key_id(key: SigningKey) -> str:
    """SHA-256 of the SubjectPublicKeyInfo (RFC 7093 section 2, method 4), hexadecimal: the same wherever it lies."""
    return hashlib.sha256(key.public_key_info).hexdigest()
