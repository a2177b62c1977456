"""Whether two names are one to relying parties (RFC 5280 section 7.1), however their strings are encoded.

Octets are compared where something is signed. Here it is about who could be taken for whom: OpenSSL, for one, takes a
certificate for self-issued whose issuer differs from its subject in case, white space or string type alone.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final

from cryptography import x509

from revocation import der

_STRINGS: Final = {
    0x0C: "utf-8",
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # TeletexString, as it is used
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
"""By tag, how the octets of a string are read."""

_SPACES: Final = frozenset("\t\n\v\f\r\x85")
"""Controls that part words (RFC 4518 section 2.2); all others are mapped to nothing."""

_UNSEEN: Final = frozenset("\u034f\u1806\u180b\u180c\u180d\ufffc") | frozenset(map(chr, range(0xFE00, 0xFE10)))
"""No controls, and mapped to nothing there: joiners, soft hyphens, selectors of variants, what stands for an object."""

_Attribute = tuple[bytes, str | bytes]


def is_same_name(one: bytes, other: bytes) -> bool:
    """Whether relying parties may take the DER of one Name for the other.

    Raises:
        DERError: one of them is none.
    """
    return one == other or _prepared(one) == _prepared(other)


def is_self_issued(certificate: x509.Certificate) -> bool:
    """Whether its issuer and its subject are one name (RFC 5280 section 3.2)."""
    return is_same_name(certificate.issuer.public_bytes(), certificate.subject.public_bytes())


def _prepared(name: bytes) -> list[frozenset[_Attribute]]:
    """Each RDN with its attributes, whose order means nothing."""
    return [
        frozenset(_attribute(name, *content) for content in _within(name, *rdn))
        for rdn in _within(name, *der.expect(name, 0, der.SEQUENCE))
    ]


def _within(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    for _, _, content, stop in der.values(data, start, end):
        yield content, stop


def _attribute(name: bytes, start: int, end: int) -> _Attribute:
    parts = list(der.values(name, start, end))
    if len(parts) != 2:
        raise der.DERError("an attribute of a name is its type and its value")
    (_, begin, _, stop), (tag, whole, content, last) = parts
    return name[begin:stop], _value(tag, name[content:last], name[whole:last])


def _value(tag: int, octets: bytes, whole: bytes) -> str | bytes:
    """A string prepared as RFC 4518 section 2 has it; what is no string stays as it is."""
    try:
        text = octets.decode(_STRINGS[tag])
    except (KeyError, UnicodeDecodeError):
        return whole
    seen = "".join(filter(_is_seen, unicodedata.normalize("NFKC", text)))
    return " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())


def _is_seen(one: str) -> bool:
    return one in _SPACES or not (one in _UNSEEN or unicodedata.category(one) in {"Cc", "Cf"})
