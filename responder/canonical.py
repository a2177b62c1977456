"""OCSPRequests as nearly every client sends them, recognised by their octets instead of being parsed.

One certificate, version 1 left out or spelled out, no requestor, no signature, no extension but perhaps a nonce that is
not critical: then all octets before the CertID and between it and the nonce follow from lengths, and are compared. What
is not recognised here is not wrong: `responder.ocsprequest` decides. What is recognised means there what it means here.
"""

from typing import Final

from revocation import der
from revocation.certid import CertID, CertIDHash

_LONGEST_SERIAL: Final = 20  # octets, RFC 5280 section 4.1.2.2
_SHORTEST: Final = 60
_LONGEST: Final = 320
_LONG_FORM: Final = 0x80
_MINUS_PADDED, _PLUS_PADDED = b"\xff\x80", b"\x00\x80"
_SPELLED_OUT: Final = der.explicit(0, der.integer(0))  # version 1, as Apple's clients send it
_NONCE_OID: Final = der.oid("1.3.6.1.5.5.7.48.1.2")


def _before_list(size: int) -> bytes | None:
    """Tag and length of the OCSPRequest of `size` octets, and of its TBSRequest; None where none has that size."""
    outer = _header(size)
    inner = outer and _header(size - len(outer))
    return outer + inner if outer and inner else None


def _header(size: int) -> bytes | None:
    """Tag and length of a SEQUENCE that has `size` octets with them; None where there is none of that size."""
    return next(
        (head for octets in (2, 3, 4) if len(head := der.header(der.SEQUENCE, size - octets)) == octets),
        None,
    )


def _before_nonce(size: int) -> bytes:
    """What a requestExtensions with nothing but a nonce of `size` octets begins with."""
    return der.explicit(
        2,
        der.sequence(
            der.sequence(_NONCE_OID, der.tlv(der.OCTET_STRING, der.tlv(der.OCTET_STRING, bytes(size)))),
        ),
    )[:-size]


_HEADS: Final = {size: head for size in range(_SHORTEST, _LONGEST + 1) if (head := _before_list(size))}
_LISTS: Final = {  # by the octet that says the length of the requestList, which holds one Request with one CertID
    size: der.header(der.SEQUENCE, size) + der.header(der.SEQUENCE, size - 2) + der.header(der.SEQUENCE, size - 4)
    for size in range(4, _LONG_FORM)
}
_NONCES: Final = {len(head) + size: head for size in range(1, 129) for head in (_before_nonce(size),)}
_SHAPES: Final = {  # by hash: what the CertID has before each of its two hashes, and how long these are
    hash_: (
        hash_.algorithm_identifier + der.header(der.OCTET_STRING, len(hash_.digest(b""))),
        der.header(der.OCTET_STRING, len(hash_.digest(b""))),
    )
    for hash_ in CertIDHash
}
SIZES: Final = {str(size): size for size in _HEADS}
"""The sizes that a canonical request can have, by the Content-Length that says so."""


def cert_id_octets(request: bytes) -> bytes | None:
    """The octets inside the CertID of a canonical request, not looked at yet; None of any other."""
    head = _HEADS.get(len(request))
    if head is None or not request.startswith(head):
        return None
    start = len(head)
    if request.startswith(_SPELLED_OUT, start):
        start += len(_SPELLED_OUT)
    size = request[start + 1]
    if size >= _LONG_FORM or request[start : start + 6] != _LISTS.get(size):
        return None
    end = start + 2 + size
    if end > len(request):
        return None  # a length inside says more than there is
    if end < len(request):
        nonce = _NONCES.get(len(request) - end)
        if nonce is None or not request.startswith(nonce, end):
            return None
    return request[start + 6 : end]


def cert_id(octets: bytes) -> CertID | None:
    """The CertID in those octets if it is one in SHA-1 or SHA-256 with NULL parameters and a serial of usual size."""
    for hash_, (before_name, before_key) in _SHAPES.items():
        if octets.startswith(before_name):
            name = len(before_name)
            middle = name + before_key[1]
            key = middle + len(before_key)
            integer = key + before_key[1]
            serial = octets[integer + 2 :]
            if octets.startswith(before_key, middle) and octets[integer : integer + 2] == bytes((2, len(serial))):
                return CertID(hash_, octets[name:middle], octets[key:integer], serial) if _usual(serial) else None
    return None


def _usual(serial: bytes) -> bool:
    """Whether it is minimal (X.690 section 8.3.2), and no longer than a CA may make it."""
    sign = serial[:2]
    return 1 <= len(serial) <= _LONGEST_SERIAL and (
        len(serial) == 1 or not (sign < _PLUS_PADDED or sign >= _MINUS_PADDED)
    )
