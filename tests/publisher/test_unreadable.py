"""What a parser says of hostile bytes, in words for an operator."""

import pytest
from cryptography import x509

from publisher.unreadable import unreadable
from revocation.der import SEQUENCE, DERError, expect


def test_structure_of_a_parser_is_not_shown() -> None:
    """`ParseError { kind: … }` helps nobody who runs this; what is said in words stays."""
    with pytest.raises(ValueError, match="ParseError") as caught:
        x509.load_der_x509_crl(b"<html>")
    assert str(unreadable("it", caught.value)) == "it cannot be read: its DER is malformed"
    with pytest.raises(DERError) as ours:
        expect(b"\x02\x01\x01", 0, SEQUENCE)
    assert str(unreadable("it", ours.value)) == "it cannot be read: tag 0x02 where 0x30 was expected"
