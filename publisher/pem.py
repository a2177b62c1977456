"""The textual form of a CRL (RFC 7468 section 6), for programs that read no DER."""

from binascii import b2a_base64
from typing import Final

_BEGIN: Final = b"-----BEGIN X509 CRL-----\n"
_END: Final = b"-----END X509 CRL-----\n"
_OCTETS: Final = 48
"""Of a line: 64 characters, as section 2 wants of who writes."""


def crl_pem(der: bytes) -> bytes:
    """The CRL in base64 between two lines that say what it is; every line ends with a line feed."""
    lines = (b2a_base64(der[start : start + _OCTETS]) for start in range(0, len(der), _OCTETS))
    return b"".join((_BEGIN, *lines, _END))
