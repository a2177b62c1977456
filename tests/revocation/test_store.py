"""The store format: a wire format between publisher and responder, pinned octet by octet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revocation.certid import CertID, CertIDHash
from revocation.store import StoredResponse, StoreFormatError, issuer_key, response_key, serial_in
from signer.ledger import facts
from tests.authority import Authority

VALUE = bytes.fromhex("01000000000000000100000000000000020000000000000003") + b"\x30\x00"


def test_stored_response_has_the_documented_octets() -> None:
    """Version, thisUpdate, nextUpdate, fresh_until as 8-octet big-endian seconds, then the DER."""
    assert StoredResponse(1, 2, 3, b"\x30\x00").encode() == VALUE
    assert StoredResponse.decode(VALUE) == StoredResponse(1, 2, 3, b"\x30\x00")


def test_stored_response_keeps_times_beyond_2106() -> None:
    """A 50-year root outlives 32 bits."""
    late = StoredResponse(1 << 33, 1 << 34, 1 << 35, b"\x30\x00")
    assert StoredResponse.decode(late.encode()) == late


@pytest.mark.parametrize("value", [b"", VALUE[:25], VALUE[:24], b"\x02" + VALUE[1:], b"\x00" + VALUE[1:]])
def test_stored_value_of_another_format_is_an_error(value: bytes) -> None:
    """Too short, without a response, or of a version that this code does not know."""
    with pytest.raises(StoreFormatError):
        StoredResponse.decode(value)


def test_response_key_is_issuer_hash_place_and_serial() -> None:
    """Serials are the exact octets: 00FF and FF are different certificates, at the places that SHA-256 gives them."""
    issuer = Authority().issuer()
    key = response_key(issuer.octets, CertIDHash.SHA256.octet, b"\x00\xff")
    assert key == issuer.octets + b"\x02" + bytes.fromhex("06eb") + b"\x00\xff"
    assert serial_in(key) == b"\x00\xff"
    assert response_key(issuer.octets, b"\x01", b"\xff") == issuer.octets + b"\x01" + bytes.fromhex("a810") + b"\xff"


@given(st.sets(st.binary(min_size=1, max_size=20), min_size=2, max_size=200), st.integers(1, 1000))
def test_responses_of_a_slice_lie_together(serials: set[bytes], slices: int) -> None:
    """In the order of their keys, every slice comes once, and behind it the next."""
    in_order = sorted(response_key(b"1234", CertIDHash.SHA1.octet, serial) for serial in serials)
    found = [facts.slice_of(facts.slice_hash(serial_in(key)), slices) for key in in_order]
    assert found == sorted(found)


@pytest.mark.parametrize(("hash_", "size"), [(CertIDHash.SHA1, 41), (CertIDHash.SHA256, 65)])
def test_issuer_key_is_made_of_a_requests_hashes(hash_: CertIDHash, size: int) -> None:
    """A responder finds the issuer by what stands in the request."""
    certid = CertID.of(Authority().issuer(), b"\x01", hash_)
    key = issuer_key(hash_, certid.issuer_name_hash, certid.issuer_key_hash)
    assert key == hash_.octet + certid.issuer_name_hash + certid.issuer_key_hash
    assert len(key) == size
