"""CRL entries as bytes: the serial of each, however long, and nothing of what is no entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revocation import der
from revocation.crlbytes import serial_of

DATE = der.tlv(der.UTC_TIME, b"260101000000Z")


@given(st.binary(min_size=1, max_size=300), st.binary(max_size=20))
def test_serial_of_an_entry_is_its_content_octets(serial: bytes, more: bytes) -> None:
    """As they stand there, also odd ones: a leading zero, a negative one, more than twenty octets."""
    entry = der.sequence(der.tlv(der.INTEGER, serial), DATE, der.sequence(more) if more else b"")
    assert serial_of(entry) == serial


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x30",
        der.sequence(DATE),
        der.tlv(der.OCTET_STRING, der.tlv(der.INTEGER, b"\1") + DATE),
        b"\x30\x03\x02\x05\x01",
        b"\x30\x14\x02\x01\x01" + DATE[:-1],
    ],
    ids=["nothing", "no length", "no serial", "no sequence", "serial beyond it", "cut off"],
)
def test_serial_of_what_is_no_entry_is_an_error(broken: bytes) -> None:
    """A list that somebody else wrote is not read past its end."""
    with pytest.raises(der.DERError):
        serial_of(broken)
