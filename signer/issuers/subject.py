"""The subject of a CA as people write it, and as a certificate has it."""

import re
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from revocation.compliance import Compliance
from revocation.errors import InputError
from revocation.visible import visible

_SLASHED: Final = re.compile(r"(?<!\\)/")
_SPACE: Final = re.compile(r"(?<!\\),\s+")
_REQUIRED: Final = {
    NameOID.COUNTRY_NAME: "C",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.COMMON_NAME: "CN",
}
"""What the BRs want in the subject of a CA (section 7.1.2.10.2)."""

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


def shown_name(name: x509.Name) -> str:
    """The DN as text of RFC 4514."""
    return visible(name.rfc4514_string())


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
