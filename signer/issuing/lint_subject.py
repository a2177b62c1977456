"""The rules for whom a certificate is about: the strings of its subject, and the form of its key."""

from collections.abc import Iterator
from typing import Final

from revocation import der
from revocation.compliance import Compliance
from revocation.visible import visible
from signer.issuers.keyform import deviation
from signer.issuers.strength import disclosed, weakness
from signer.issuers.subject import is_legible
from signer.issuing.kinds import Kind

_UTF8, _PRINTABLE, _IA5 = 0x0C, 0x13, 0x16
_OTHERS: Final = {
    der.oid("2.5.4.6"): (_PRINTABLE, "countryName"),
    der.oid("2.5.4.5"): (_PRINTABLE, "serialNumber"),
    der.oid("2.5.4.46"): (_PRINTABLE, "dnQualifier"),
    der.oid("1.2.840.113549.1.9.1"): (_IA5, "emailAddress"),
    der.oid("0.9.2342.19200300.100.1.25"): (_IA5, "domainComponent"),
}
"""Attributes whose strings are of one type alone (RFC 5280 appendix A.1)."""

_SUBJECT: Final = 5
"""Its place in a TBSCertificate of version 3."""


def subject_strings(data: bytes, kind: Kind) -> Iterator[str]:
    """The strings of a certificate's subject (section 4.1.2.4); those of a responder are its issuer's."""
    if kind is Kind.OCSP:
        return
    for type_, tag, octets in _attributes(data):
        known, name = _OTHERS.get(type_, (None, "an attribute"))
        if tag != known if known else tag not in (_UTF8, _PRINTABLE):
            yield f"{name} of its subject is a string of the type {tag} (RFC 5280 section 4.1.2.4, appendix A.1)"
        text = octets.decode(errors="replace")
        if not is_legible(text):
            yield f"{name} of its subject is empty, or has characters that nobody sees: {visible(text)!r}"


def subject_key(public_key_info: bytes, compliance: Compliance) -> Iterator[str]:
    """The key and its octets, as clients read them."""
    found = weakness(public_key_info, "lint") or deviation(public_key_info, compliance) or disclosed(public_key_info)
    if found:
        yield f"its key: {found}"


def _attributes(data: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Of each: DER of the type, tag and octets of the value."""
    tbs, _, _ = der.signed_parts(data)
    _, _, start, end = list(der.values(tbs, *der.expect(tbs, 0, der.SEQUENCE)))[_SUBJECT]
    for _, _, begin, stop in der.values(tbs, start, end):
        for _, _, at, last in der.values(tbs, begin, stop):
            (_, first, _, behind), (tag, _, content, over) = der.values(tbs, at, last)
            yield bytes(tbs[first:behind]), tag, bytes(tbs[content:over])
