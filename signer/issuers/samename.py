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
    (_, begin, _, stop), (tag, whole, content, last) = list(der.values(name, start, end))[:2]
    return name[begin:stop], _value(tag, name[content:last], name[whole:last])


def _value(tag: int, octets: bytes, whole: bytes) -> str | bytes:
    """A string prepared as RFC 4518 section 2 has it; what is no string stays as it is."""
    try:
        text = octets.decode(_STRINGS[tag])
    except (KeyError, UnicodeDecodeError):
        return whole
    seen = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())
