"""The little of DER (X.690) that encoders, the gate and the responder share: tags, lengths, integers and times."""

from collections.abc import Iterator
from datetime import UTC, datetime

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, ENUMERATED = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A
UTC_TIME, GENERALIZED_TIME, SEQUENCE = 0x17, 0x18, 0x30
BOOLEAN_TRUE = b"\x01\x01\xff"
_UTC_TIME_YEARS = range(1950, 2050)
_LONG_TAG = 0x1F


class DERError(ValueError):
    """The bytes are not DER: a bad length, a truncated value, or bytes left over."""


def length(size: int) -> bytes:
    """The length octets for a content of `size` bytes (X.690 section 8.1.3)."""
    if size < 0x80:
        return bytes((size,))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def header(tag: int, size: int) -> bytes:
    """Tag and length of a value whose content has `size` bytes."""
    return bytes((tag,)) + length(size)


def tlv(tag: int, *contents: bytes) -> bytes:
    """One value: tag, length and the contents, joined."""
    content = b"".join(contents)
    return header(tag, len(content)) + content


def sequence(*contents: bytes) -> bytes:
    """A SEQUENCE of already encoded values."""
    return tlv(SEQUENCE, *contents)


def explicit(number: int, *contents: bytes) -> bytes:
    """Contents under the explicit context tag `[number]`."""
    return tlv(0xA0 | number, *contents)


def integer_octets(value: int) -> bytes:
    """The content octets of a minimal two's complement INTEGER."""
    return value.to_bytes(
        value.bit_length() // 8 + 1 if value >= 0 else (~value).bit_length() // 8 + 1, "big", signed=True
    )


def integer(value: int) -> bytes:
    """An INTEGER."""
    return tlv(INTEGER, integer_octets(value))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    octets = bytearray()
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | (arc & 0x7F))
        octets += bytes(reversed(groups))
    return tlv(OID, bytes(octets))


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime in UTC: seconds, `Z`, no fraction."""
    return tlv(GENERALIZED_TIME, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").rjust(15, "0").encode())


def time(moment: datetime) -> bytes:
    """A Time of RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on.

    Raises:
        ValueError: a year before 1950, which UTCTime would turn into one of the next century.
    """
    utc = moment.astimezone(UTC)
    if utc.year >= _UTC_TIME_YEARS.stop:
        return generalized_time(utc)
    if utc.year not in _UTC_TIME_YEARS:
        raise ValueError(f"{utc:%Y-%m-%d}: a Time has no form for years before 1950")
    return tlv(UTC_TIME, utc.strftime("%y%m%d%H%M%SZ").encode())


def read(data: bytes | memoryview, offset: int = 0) -> tuple[int, int, int]:
    """The value at `offset`: its tag, and where its content starts and ends.

    Raises:
        DERError: the length is not minimal, is indefinite, or runs past the end; or the tag has several octets.
    """
    try:
        tag, first = data[offset], data[offset + 1]
    except IndexError:
        raise DERError("truncated value") from None
    if tag & _LONG_TAG == _LONG_TAG:
        raise DERError("a tag of several octets")
    start = offset + 2
    size = first
    if first >= 0x80:
        count = first & 0x7F
        octets = bytes(data[start : start + count])
        if not 1 <= count <= 8 or len(octets) != count or octets[0] == 0:
            raise DERError("bad length")
        size = int.from_bytes(octets, "big")
        if size < 0x80:
            raise DERError("length is not minimal")
        start += count
    if start + size > len(data):
        raise DERError("truncated value")
    return tag, start, start + size


def expect(data: bytes | memoryview, offset: int, tag: int) -> tuple[int, int]:
    """Where the content of the value at `offset` starts and ends, which must have `tag`.

    Raises:
        DERError: another tag, or not DER.
    """
    found, start, end = read(data, offset)
    if found != tag:
        raise DERError(f"tag 0x{found:02x} where 0x{tag:02x} was expected")
    return start, end


def values(data: bytes | memoryview, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Each value between `start` and `end` as (tag, where it begins, where its content starts, where it ends).

    Raises:
        DERError: a value runs past `end`.
    """
    while start < end:
        tag, content, stop = read(data, start)
        if stop > end:
            raise DERError("value runs past its container")
        yield tag, start, content, stop
        start = stop


def public_key_octets(public_key_info: bytes) -> bytes:
    """The content of the BIT STRING of a SubjectPublicKeyInfo, without the count of unused bits: what OCSP hashes.

    Raises:
        DERError: the bytes are not such a structure.
    """
    start, _ = expect(public_key_info, 0, SEQUENCE)
    _, algorithm_end = expect(public_key_info, start, SEQUENCE)
    bits, end = expect(public_key_info, algorithm_end, BIT_STRING)
    return public_key_info[bits + 1 : end]


def signed_parts(data: bytes | memoryview) -> tuple[memoryview, memoryview, bytes]:
    """The three parts of a SIGNED structure (certificate, CRL, BasicOCSPResponse), without encoding anything again.

    Returns:
        The to-be-signed bytes, the AlgorithmIdentifier's bytes, and the signature.

    Raises:
        DERError: the bytes are not such a structure, or something follows it.
    """
    view = memoryview(data)
    start, end = expect(view, 0, SEQUENCE)
    if end != len(view):
        raise DERError("bytes left over")
    _, tbs_end = expect(view, start, SEQUENCE)
    _, algorithm_end = expect(view, tbs_end, SEQUENCE)
    bits, bits_end = expect(view, algorithm_end, BIT_STRING)
    if bits_end > end or bits == bits_end or view[bits] != 0:
        raise DERError("bad signature BIT STRING")
    return view[start:tbs_end], view[tbs_end:algorithm_end], bytes(view[bits + 1 : bits_end])
