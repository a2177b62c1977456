"""A request for a certificate, PKCS #10 (RFC 2986): a subject and a key, and nothing else."""

from typing import Final

from revocation import der

_VERSION_1: Final = der.integer(0)
_NO_ATTRIBUTES: Final = der.explicit(0)
"""An empty SET under the implicit tag [0]: what a CA may do is said by who certifies it."""


def encode_info(subject: bytes, public_key_info: bytes) -> bytes:
    """The CertificationRequestInfo, which is what is signed.

    Args:
        subject: DER of the DN.
        public_key_info: DER of the SubjectPublicKeyInfo.
    """
    return der.sequence(_VERSION_1, subject, public_key_info, _NO_ATTRIBUTES)
