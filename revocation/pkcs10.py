"""Requests (PKCS #10, RFC 2986) that somebody made to be odd: what a library raises for them, or reads in one way."""

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from revocation import der
from revocation.errors import Refused

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

_ATTRIBUTES: Final = 0xA0
_EXTENSION_REQUESTS: Final = (der.oid("1.2.840.113549.1.9.14"), der.oid("1.3.6.1.4.1.311.2.1.14"))
"""The attribute, and Microsoft's, which libraries take for the same."""


def require_one_meaning(request: x509.CertificateSigningRequest, where: str) -> None:
    """Return if a request wants extensions in one place: of several a library reads the first (RFC 2985 5.4.2).

    Raises:
        Refused: it wants them in several.
        DERError: it is malformed.
    """
    info = request.tbs_certrequest_bytes
    wanted = 0
    for tag, _, start, end in der.values(info, *der.expect(info, 0, der.SEQUENCE)):
        for _, _, begin, stop in der.values(info, start, end) if tag == _ATTRIBUTES else ():
            (_, at, _, behind), (_, _, first, last) = der.values(info, begin, stop)
            if info[at:behind] in _EXTENSION_REQUESTS:
                wanted += len(list(der.values(info, first, last)))
    if wanted > 1:
        raise Refused(
            "wants extensions in several places, and tools read one of them (RFC 2985 section 5.4.2)",
            where=where,
            advice="have it made with one attribute extensionRequest",
        )
