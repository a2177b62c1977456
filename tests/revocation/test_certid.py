"""CertIDs: the octets that clients send and compare."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from revocation import serials
from revocation.certid import CertID, CertIDHash
from tests.authority import Authority


@pytest.mark.parametrize(("hash_", "theirs"), [(CertIDHash.SHA1, SHA1()), (CertIDHash.SHA256, SHA256())])
def test_certid_is_the_one_in_a_request_of_cryptography(hash_: CertIDHash, theirs: SHA1 | SHA256) -> None:
    """Byte for byte, NULL parameters included, so that a request can be compared with what was signed."""
    authority = Authority()
    certificate = authority.certificate
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, certificate, theirs).build()
    certid = CertID.of(authority.issuer(), serials.from_int(certificate.serial_number), hash_)
    assert certid.encode() in request.public_bytes(Encoding.DER)


@pytest.mark.judge("openssl")
@pytest.mark.parametrize("hash_", CertIDHash)
@pytest.mark.parametrize("serial", ["01", "FF", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"])
def test_certid_is_the_one_in_a_request_of_openssl(hash_: CertIDHash, serial: str, tmp_path: Path) -> None:
    """For serials with and without a sign octet."""
    authority = Authority()
    pem = authority.write(tmp_path / "ca.pem")
    ask = ["openssl", "ocsp", f"-{hash_.value}", "-issuer", pem, "-serial", f"0x{serial}", "-reqout", "-"]
    request = subprocess.run(ask, check=True, capture_output=True).stdout
    assert CertID.of(authority.issuer(), serials.from_hex(serial), hash_).encode() in request


def test_certid_hash_octets_are_the_store_format() -> None:
    """1 and 2 for good: another value would make every store unreadable."""
    assert [CertIDHash.SHA1.octet, CertIDHash.SHA256.octet] == [b"\x01", b"\x02"]
