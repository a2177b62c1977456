"""The subject of a CA as people write it, and as a certificate has it."""

import re
from typing import Final

import idna
from cryptography import x509
from cryptography.x509.oid import NameOID

from revocation.compliance import Compliance
from revocation.errors import InputError, Refused
from revocation.visible import visible

_SLASHED: Final = re.compile(r"(?<!\\)/")
_SPACE: Final = re.compile(r"(?<!\\),\s+")
_REQUIRED: Final = {
    NameOID.COUNTRY_NAME: "C",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.COMMON_NAME: "CN",
}
"""What the BRs want in the subject of a CA (section 7.1.2.10.2)."""

_JOINERS: Final = frozenset("\u200c\u200d")
_COUNTRY: Final = re.compile("[A-Z]{2}")
_BOUNDS: Final = {
    NameOID.COMMON_NAME: ("CN", 64),
    NameOID.ORGANIZATION_NAME: ("O", 64),
    NameOID.ORGANIZATIONAL_UNIT_NAME: ("OU", 64),
    NameOID.LOCALITY_NAME: ("L", 128),
    NameOID.STATE_OR_PROVINCE_NAME: ("ST", 128),
    NameOID.TITLE: ("title", 64),
    NameOID.SERIAL_NUMBER: ("serialNumber", 64),
    NameOID.PSEUDONYM: ("pseudonym", 128),
    NameOID.EMAIL_ADDRESS: ("emailAddress", 255),
}
"""Characters that a value may have at most (RFC 5280 appendix A.1, upper bounds)."""

_PRINTABLE: Final = (re.compile(r"[A-Za-z0-9 '()+,\-./:=?]+"), "PrintableString")
_IA5: Final = (re.compile(r"[\x20-\x7e]+"), "IA5String")
_ALPHABETS: Final = {
    NameOID.COUNTRY_NAME: _PRINTABLE,
    NameOID.SERIAL_NUMBER: _PRINTABLE,
    NameOID.DN_QUALIFIER: _PRINTABLE,
    NameOID.EMAIL_ADDRESS: _IA5,
    NameOID.DOMAIN_COMPONENT: _IA5,
}
"""Attributes whose strings are of one type alone; all others are UTF8String."""

_FORMS: Final = 'write "CN=Example Root, O=Example, C=EE", or "/C=EE/O=Example/CN=Example Root"'


def parse_subject(text: str) -> x509.Name:
    """A DN from its text: of RFC 4514, in either order, or with slashes as `openssl` takes it.

    In the certificate the common name comes last, as the BRs and most CAs have it.

    Raises:
        InputError: it is none, or is empty.
    """
    try:
        name = _slashed(text) if text.startswith("/") else _comma_separated(text)
    except ValueError as error:
        raise InputError(
            f"{visible(text)!r} is no subject{f': {error}' if str(error) else ''}", where="--subject", advice=_FORMS
        ) from error
    if not name.rdns:
        raise InputError("is empty", where="--subject", advice=_FORMS)
    return name


def require_complete(name: x509.Name, compliance: Compliance) -> None:
    """Return if a CA may be called so.

    Raises:
        InputError: the BRs want more of it.
    """
    if compliance is Compliance.PKIX:
        return
    missing = [short for oid, short in _REQUIRED.items() if len(name.get_attributes_for_oid(oid)) != 1]
    if missing:
        raise InputError(
            f"{shown_name(name)} lacks {', '.join(missing)}: the BRs, section 7.1.2.10.2, want one country, "
            "organization and common name each",
            where="subject",
            advice=_FORMS,
        )


def made_anew(attribute: x509.NameAttribute[str | bytes], where: str) -> x509.NameAttribute[str]:
    """The same value in the type of string that its attribute has (RFC 5280 section 4.1.2.4, appendix A.1).

    That is UTF8String, but of some which are compared as PrintableString or IA5String.

    Raises:
        Refused: it is none that people can read, or has characters that such a string cannot have.
    """
    value = _legible(attribute, where)
    try:
        return x509.NameAttribute(attribute.oid, value)
    except ValueError as error:
        raise Refused(f"{_short(attribute)} of its subject: {error}", where=where) from error


def require_bounded(name: x509.Name, where: str) -> None:
    """Return if each value can be read, is no longer than RFC 5280, appendix A.1, lets it be, and countries are codes.

    Raises:
        Refused: one is: relying parties may refuse whatever names it, and it could not be taken back.
    """
    for attribute in name:
        short, longest = _BOUNDS.get(attribute.oid, ("", None))
        if longest is not None and len(attribute.value) > longest:
            raise Refused(
                f"{short} of its subject has {len(attribute.value)} characters: {longest} at most "
                "(RFC 5280 appendix A.1)",
                where=where,
                advice="a shorter one",
            )
        if attribute.oid == NameOID.COUNTRY_NAME and not _COUNTRY.fullmatch(str(attribute.value)):
            raise Refused(
                f"C={visible(str(attribute.value))} in its subject is no country: two upper-case letters "
                "(ISO 3166, RFC 5280 appendix A.1)",
                where=where,
                advice="such as C=EE",
            )
        _legible(attribute, where)


def shown_name(name: x509.Name) -> str:
    """The DN as text of RFC 4514."""
    return visible(name.rfc4514_string())


def is_legible(text: str) -> bool:
    """Whether people see each character, and there are some; of joiners, what they do to the letters beside them.

    Persian and languages of India need joiners; where they change how letters look says CONTEXTJ (RFC 5892 appendix A).
    """
    rest = "".join(one for at, one in enumerate(text) if not (one in _JOINERS and _joins(text, at)))
    return bool(rest.strip()) and visible(rest) == rest


def _joins(text: str, at: int) -> bool:
    try:
        return idna.valid_contextj(text, at)
    except ValueError:  # it is too long, or beside a character without a name
        return False


def _legible(attribute: x509.NameAttribute[str | bytes], where: str) -> str:
    """The value, if people can read it, and a string of its type can have it."""
    value = attribute.value
    if not isinstance(value, str) or value != value.strip() or not is_legible(value):
        raise Refused(
            f"{_short(attribute)} of its subject is empty, begins or ends with a blank, or has characters that nobody "
            f"sees: {visible(str(value))!r}",
            where=where,
            advice="letters, digits and what else is seen",
        )
    alphabet, type_ = _ALPHABETS.get(attribute.oid, (None, ""))
    if alphabet and not alphabet.fullmatch(value):
        raise Refused(
            f"{_short(attribute)} of its subject is {value!r}, which is no {type_} (RFC 5280 appendix A.1)",
            where=where,
            advice="another one",
        )
    return value


def _short(attribute: x509.NameAttribute[str | bytes]) -> str:
    return attribute.rfc4514_attribute_name


def _comma_separated(text: str) -> x509.Name:
    name = x509.Name.from_rfc4514_string(_SPACE.sub(",", text.strip()))
    rdns = list(name.rdns)
    if len(rdns) > 1 and _is_common(rdns[0]) and not _is_common(rdns[-1]):
        rdns.reverse()
    return x509.Name(rdns)


def _slashed(text: str) -> x509.Name:
    parts = [part.replace("\\/", "/") for part in _SLASHED.split(text)[1:]]
    if any("=" not in part for part in parts):
        raise ValueError("a part has no =")
    escaped = [re.sub(r'([,+"\\<>;])', r"\\\1", part) for part in reversed(parts)]
    return x509.Name.from_rfc4514_string(",".join(escaped))


def _is_common(rdn: x509.RelativeDistinguishedName) -> bool:
    return any(attribute.oid == NameOID.COMMON_NAME for attribute in rdn)
