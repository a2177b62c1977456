"""DER: what we write is what others read, and what is not DER is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given
from hypothesis import strategies as st

from revocation import der
from tests.authority import Authority


@given(st.integers(0, 1 << 40))
@example(0x7F)
@example(0x80)
@example(0xFF)
@example(0x100)
def test_length_is_minimal_and_reads_back(size: int) -> None:
    """Short form below 128, otherwise the fewest octets (X.690 section 10.1)."""
    octets = der.length(size)
    if size < 0x80:
        assert octets == bytes((size,))
    else:
        assert octets[0] == 0x80 | (len(octets) - 1)
        assert octets[1] != 0
        assert int.from_bytes(octets[1:], "big") == size


@given(st.integers(-(1 << 170), 1 << 170))
@example(0)
@example(127)
@example(128)
@example(-128)
@example(-129)
def test_integer_is_minimal_twos_complement(value: int) -> None:
    """The first nine bits are never all equal (X.690 section 8.3.2)."""
    octets = der.integer_octets(value)
    assert int.from_bytes(octets, "big", signed=True) == value
    if len(octets) > 1:
        assert (octets[0], octets[1] >> 7) not in ((0, 0), (0xFF, 1))


@pytest.mark.parametrize(
    "dotted", ["1.3.6.1.5.5.7.48.1.1", "2.5.29.20", "2.16.840.1.101.3.4.2.1", "2.999.1", "1.2.840.10045.4.3.2", "0.0"]
)
def test_oid_is_what_openssl_would_write(dotted: str) -> None:
    """cryptography, which has its own encoder, puts the same octets into a name."""
    name = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(dotted), "x")]) if dotted != "0.0" else None
    if name is not None:
        assert der.oid(dotted) in name.public_bytes()
    else:
        assert der.oid(dotted) == b"\x06\x01\x00"


@pytest.mark.parametrize(
    ("moment", "octets"),
    [
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
        (datetime(2050, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), b"\x17\x0d491231230000Z"),
        (datetime(1950, 1, 1, tzinfo=UTC), b"\x17\x0d500101000000Z"),
        (datetime(2026, 3, 1, 12, 0, 0, 999999, tzinfo=UTC), b"\x17\x0d260301120000Z"),
    ],
)
def test_time_is_utctime_through_2049_and_generalizedtime_after(moment: datetime, octets: bytes) -> None:
    """RFC 5280 section 4.1.2.5: seconds, Z, no fraction, and the year decides in UTC."""
    assert der.time(moment) == octets


def test_time_before_1950_is_refused() -> None:
    """UTCTime would say a century later, so it is not written at all."""
    with pytest.raises(ValueError, match="1950"):
        der.time(datetime(1949, 12, 31, tzinfo=UTC))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x01",  # content missing
        b"\x30\x80\x00\x00",  # indefinite length
        b"\x30\x81",  # length octet missing
        b"\x30\x81\x05aaaaa",  # long form for a short length
        b"\x30\x82\x00\x81" + bytes(0x81),  # a leading zero
        b"\x30\x89" + b"\x01" * 9,  # nine length octets
        b"\x30\xff",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x1f\x02\x00\x00",  # a tag of several octets
    ],
)
def test_read_refuses_what_is_not_der(data: bytes) -> None:
    """A bad length, a truncated value and a long tag are errors, never a guess."""
    with pytest.raises(der.DERError):
        der.read(data)


@given(st.binary(max_size=64), st.integers(0, 70))
def test_read_stays_inside_its_bytes(data: bytes, offset: int) -> None:
    """Whatever the bytes, a value that is read lies inside of them."""
    try:
        _, start, end = der.read(data, offset)
    except der.DERError:
        return
    assert offset < start <= end <= len(data)


def test_values_end_with_their_container() -> None:
    """A value that would run into what follows its container is an error."""
    row = der.integer(1) + der.integer(2)
    assert [row[content:end] for _, _, content, end in der.values(row, 0, len(row))] == [b"\x01", b"\x02"]
    with pytest.raises(der.DERError):
        list(der.values(row, 0, len(row) - 1))


def test_expect_names_the_tag_that_it_found() -> None:
    """The message has both tags."""
    with pytest.raises(der.DERError, match="0x02 where 0x30"):
        der.expect(der.integer(1), 0, der.SEQUENCE)


def test_signed_parts_are_those_of_the_certificate() -> None:
    """Sliced out of the bytes, equal to what cryptography finds."""
    certificate = Authority().certificate
    tbs, algorithm, signature = der.signed_parts(certificate.public_bytes(Encoding.DER))
    assert bytes(tbs) == certificate.tbs_certificate_bytes
    assert signature == certificate.signature
    assert der.oid(certificate.signature_algorithm_oid.dotted_string) in bytes(algorithm)


@pytest.mark.parametrize(
    "parts",
    [
        (der.sequence(), der.sequence()),
        (der.sequence(), der.sequence(), der.tlv(der.BIT_STRING)),
        (der.sequence(), der.sequence(), der.tlv(der.BIT_STRING, b"\x07signature")),
        (der.integer(1), der.sequence(), der.tlv(der.BIT_STRING, b"\x00signature")),
        (der.sequence(), der.sequence(), der.tlv(der.OCTET_STRING, b"\x00signature")),
    ],
    ids=["none", "empty", "bits", "tbs", "octets"],
)
def test_signed_parts_refuse_another_structure(parts: tuple[bytes, ...]) -> None:
    """TBS, algorithm and a BIT STRING of whole octets, or it is no signed structure."""
    der.signed_parts(der.sequence(der.sequence(), der.sequence(), der.tlv(der.BIT_STRING, b"\x00signature")))
    with pytest.raises(der.DERError):
        der.signed_parts(der.sequence(*parts))


def test_signed_parts_refuse_what_was_cut_or_added() -> None:
    """Every shorter prefix is an error, and so is one octet more."""
    whole = Authority().certificate.public_bytes(Encoding.DER)
    for cut in range(len(whole)):
        with pytest.raises(der.DERError):
            der.signed_parts(whole[:cut])
    with pytest.raises(der.DERError, match="left over"):
        der.signed_parts(whole + b"\x00")
