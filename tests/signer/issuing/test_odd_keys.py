"""Keys that are none to sign with, or in no form to certify: libraries load them, and clients would be deceived."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation import der
from tests.authority import Authority
from tests.building.keyforms import COMPRESSED, EC, EXPLICIT, HYBRID, RSA, WITHOUT_NULL
from tests.building.requests import RequestKey, forged, names, request_info, signed_by
from tests.signer.issuing.office import BR_PROFILES, NAMES, Office

HOST = names("www.example.com")


def with_exponent(exponent: int) -> bytes:
    """The modulus of an RSA key with another exponent."""
    numbers = RSAPublicNumbers(exponent, RSA.public_key().public_numbers().n)
    return numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_key_that_anybody_signs_with_is_not_certified(shared: Office) -> None:
    """Although its request is signed, as anybody could have signed it."""
    csr = forged(b"\1" + bytes(31), HOST)
    assert "small order: anybody can sign with it" in shared.refused(csr=csr)
    assert "not encoded as it must be" in shared.refused(csr=forged(b"\xee" + b"\xff" * 31, HOST))


@pytest.mark.parametrize("profile", ["server", "client"])
@pytest.mark.parametrize(
    ("key", "info", "said"),
    [
        (EC, EXPLICIT, "its curve is not given by name alone"),
        (EC, HYBRID, "its point has the hybrid form"),
        (RSA, WITHOUT_NULL, "the parameters of its rsaEncryption are not NULL"),
    ],
    ids=["explicit curve", "hybrid point", "RSA without NULL"],
)
def test_key_in_a_form_that_clients_refuse_is_not_certified(
    shared: Office, profile: str, key: RequestKey, info: bytes, said: str
) -> None:
    """Its octets would stand in the certificate as they came."""
    subject = der.sequence()
    csr = signed_by(key, request_info(info, subject=subject, extensions=[HOST]))
    assert said in shared.refused(profile, (), csr=csr)


def test_compressed_point_is_certified_where_the_brs_do_not_hold(shared: Office, tmp_path: Path) -> None:
    """RFC 5480 section 2.2 allows it."""
    csr = signed_by(EC, request_info(COMPRESSED, extensions=[HOST]))
    shared.issue("server", (), csr=csr)
    office = Office.build(
        tmp_path, authority=Authority(organization="Example"), public='compliance = "br"', issuance=NAMES + BR_PROFILES
    )
    assert "uncompressed under `br`" in office.refused("server", (), csr=csr)


def test_exponent_of_more_than_256_bits_is_refused(shared: Office) -> None:
    """The largest that the BRs allow is not."""
    csr = signed_by(RSA, request_info(with_exponent(2**256 + 1), extensions=[HOST]))
    assert "256 at most" in shared.refused("server", (), csr=csr)
    csr = signed_by(RSA, request_info(with_exponent(2**256 - 1), extensions=[HOST]))
    assert "is not signed with the key" in shared.refused("server", (), csr=csr)
