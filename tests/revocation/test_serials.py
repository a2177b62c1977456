"""Serials: exact octets in, exact octets out, and hexadecimal as people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revocation import der, serials
from revocation.errors import InputError


@given(st.integers(-(1 << 170), 1 << 170))
def test_serial_survives_hexadecimal_and_back(number: int) -> None:
    """What we print is what we accept, and both are the octets of the certificate."""
    octets = serials.from_int(number)
    assert serials.from_hex(serials.to_hex(octets)) == octets
    assert serials.to_int(octets) == number
    assert der.integer(number) == der.tlv(der.INTEGER, octets)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("0A:1B", b"\x0a\x1b"),
        ("0x0a1b", b"\x0a\x1b"),
        (" A1B\n", b"\x0a\x1b"),
        ("00000A1B", b"\x0a\x1b"),
        ("FF", b"\x00\xff"),  # a sign octet keeps it positive
        ("80", b"\x00\x80"),
        ("-01", b"\xff"),
        ("-0x80", b"\x80"),
        ("0", b"\x00"),
        ("00", b"\x00"),
        ("7F" * 30, b"\x7f" * 30),  # longer than RFC 5280 allows, and seen in the wild
    ],
)
def test_serial_is_read_as_people_write_it(text: str, octets: bytes) -> None:
    """Colons, spaces, prefixes, either case, odd digits, signs and any length."""
    assert serials.from_hex(text) == octets


@pytest.mark.parametrize(
    "text", ["", " ", "0x", "-", "--1", "0x-1", "12G4", "1.5", "\u0663", "\uff11", "0x0x12", "1_000"]
)
def test_serial_that_is_not_hexadecimal_is_refused(text: str) -> None:
    """Also what Python's int() would have taken: underscores and digits of other scripts."""
    with pytest.raises(InputError, match="not a serial number") as caught:
        serials.from_hex(text)
    assert "hexadecimal" in (caught.value.advice or "")


@pytest.mark.parametrize(
    ("octets", "text"), [(b"\x00\xff", "FF"), (b"\x0a\x1b", "0A1B"), (b"\xff", "-01"), (b"\x00", "00")]
)
def test_serial_is_printed_as_openssl_prints_it(octets: bytes, text: str) -> None:
    """Whole octets, upper case, no sign octet."""
    assert serials.to_hex(octets) == text
