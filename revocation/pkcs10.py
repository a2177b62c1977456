"""What a library raises for requests (PKCS #10, RFC 2986) that somebody made to be odd: more than it says."""

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

UNREADABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""When it is loaded, or its subject, its extensions, its key or its signature are looked at.

A common name that is a BIT STRING is a TypeError, a TLS feature that is not known (RFC 7633) a KeyError.
"""
