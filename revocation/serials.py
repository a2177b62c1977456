"""Serial numbers as the exact content octets of their DER INTEGER, whatever their length or sign.

A CertID and a CRL entry must repeat the octets of the certificate, so the octets are the identity and never the number.
"""

import hashlib

from revocation.der import integer_octets
from revocation.errors import InputError


def from_int(number: int) -> bytes:
    """The minimal octets of a number."""
    return integer_octets(number)


def from_hex(text: str) -> bytes:
    """The minimal octets of a hexadecimal serial as people write it: `0A:1B`, `0x0a1b`, `A1B`, `-0F`.

    Raises:
        InputError: not hexadecimal.
    """
    cleaned = text.strip().replace(":", "").replace(" ", "").lower()
    sign, digits = (-1, cleaned[1:]) if cleaned.startswith("-") else (1, cleaned)
    digits = digits.removeprefix("0x")
    if not digits or not set(digits) <= set("0123456789abcdef"):
        raise InputError(
            f"{text[:80]!r} is not a serial number",
            advice="serials are hexadecimal, as `openssl x509 -serial` and index.txt print them",
        )
    return integer_octets(sign * int(digits, 16))


def spread(octets: bytes) -> bytes:
    """Two octets that follow from the serial alone, and spread serials evenly whatever a CA counts by.

    By them certificates are in slices, and the responses of a slice lie together in a store.
    """
    return hashlib.sha256(octets).digest()[:2]


def to_int(octets: bytes) -> int:
    """The number that the octets encode."""
    return int.from_bytes(octets, "big", signed=True)


def to_hex(octets: bytes) -> str:
    """Upper-case hexadecimal of whole octets, without a leading sign octet: what `openssl x509 -serial` prints."""
    number = to_int(octets)
    digits = f"{abs(number):X}"
    return ("-" if number < 0 else "") + digits.zfill(len(digits) + len(digits) % 2)
