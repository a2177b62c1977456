"""Keys that are none to sign with, or in no form to certify: libraries load them, and clients would be deceived."""

from tests.building.requests import forged, names
from tests.signer.issuing.office import Office

HOST = names("www.example.com")


def test_key_that_anybody_signs_with_is_not_certified(shared: Office) -> None:
    """Although its request is signed, as anybody could have signed it."""
    csr = forged(b"\1" + bytes(31), HOST)
    assert "small order: anybody can sign with it" in shared.refused(csr=csr)
    assert "not encoded as it must be" in shared.refused(csr=forged(b"\xee" + b"\xff" * 31, HOST))
