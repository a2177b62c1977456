"""OCSP requests that are right by default, in DER and as the path of a GET, for tests that perturb one thing."""

import base64
from urllib.parse import quote

from revocation import der
from revocation.certid import CertID

NONCE = "1.3.6.1.5.5.7.48.1.2"
UNHEARD_OF = "1.3.6.1.4.1.99999.1"
VERSION_1 = der.explicit(0, der.integer(0))
"""What DER leaves out, and Apple's clients do not."""
REQUESTOR = der.explicit(1, der.tlv(0x82, b"client.example"))
SIGNATURE = der.explicit(
    0,
    der.sequence(
        der.sequence(der.oid("1.2.840.10045.4.3.2")),
        der.tlv(der.BIT_STRING, b"\x00nobody checks this"),
        der.explicit(0, der.sequence()),
    ),
)


def request(
    *wanted: CertID | bytes, before: bytes = b"", extensions: bytes = b"", after: bytes = b"", signature: bytes = b""
) -> bytes:
    """The request for certificates, or for ready `single` requests; the rest is inserted as it is."""
    each = [item if isinstance(item, bytes) else single(item) for item in wanted]
    return der.sequence(der.sequence(before, der.sequence(*each), extensions, after), signature)


def single(cert_id: CertID | bytes, extensions: bytes = b"") -> bytes:
    """The request for one certificate among several."""
    return der.sequence(cert_id if isinstance(cert_id, bytes) else cert_id.encode(), extensions)


def extensions(*each: bytes) -> bytes:
    """The extensions of a request."""
    return der.explicit(2, der.sequence(*each))


def single_extensions(*each: bytes) -> bytes:
    """The extensions of a single request in it."""
    return der.explicit(0, der.sequence(*each))


def extension(dotted: str = UNHEARD_OF, value: bytes = b"\x05\x00", *, critical: bool = False) -> bytes:
    """One extension."""
    return der.sequence(der.oid(dotted), der.BOOLEAN_TRUE if critical else b"", der.tlv(der.OCTET_STRING, value))


def nonce(size: int, *, critical: bool = False) -> bytes:
    """The extensions of a request with a nonce of that many octets."""
    return extensions(extension(NONCE, der.tlv(der.OCTET_STRING, b"n" * size), critical=critical))


def path(encoded: bytes, *, escape: bool = True) -> str:
    """The path of the GET below `/ocsp/`."""
    text = base64.b64encode(encoded).decode()
    return quote(text, safe="") if escape else text
