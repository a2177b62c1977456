"""Requests that are no ground for a certificate: bad signatures, others' keys, weak ones, names beyond the bounds."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from tests.authority import CAKey
from tests.signer.issuers.machine import PASSPHRASE, Machine
from tests.signer.issuers.travelling import named, request


def test_request_with_a_bad_signature_is_refused(here: Machine, there: Machine) -> None:
    """Whoever made it does not have the key, or it was damaged on its way."""
    file = request(there)
    data = bytearray(x509.load_pem_x509_csr(file.read_bytes()).public_bytes(Encoding.DER))
    data[-2] ^= 1
    file.write_bytes(data)
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert "is not signed with the key that it names" in here.refused(*usual).what


def test_request_for_anothers_key_is_refused(here: Machine, there: Machine) -> None:
    """A valid request whose key was replaced by another's: no possession of that one is proven."""
    mine = load_pem_private_key((request(there).parent.parent / "sub.key").read_bytes(), PASSPHRASE.encode())
    theirs = ec.generate_private_key(ec.SECP256R1())
    spki = [key.public_key() for key in (mine, theirs)]
    octets = [key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for key in spki]  # type: ignore[union-attr]
    file = there.folder / "issuers/sub.csr"
    data = x509.load_pem_x509_csr(file.read_bytes()).public_bytes(Encoding.DER)
    file.write_bytes(data.replace(octets[0], octets[1]))
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert "is not signed with the key that it names" in here.refused(*usual).what


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP192R1())])  # noqa: S505
def test_request_with_a_weak_key_is_refused(here: Machine, tmp_path: Path, key: CAKey) -> None:
    """Whatever its sender's software made."""
    file = tmp_path / "sub.csr"
    builder = x509.CertificateSigningRequestBuilder().subject_name(named())
    file.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))  # type: ignore[arg-type]
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert "is weak" in here.refused(*usual).what


@pytest.mark.judge("openssl")
def test_request_with_a_pss_key_that_no_service_would_take_is_refused(here: Machine, tmp_path: Path) -> None:
    """Its parameters bind all that it signs to SHA-384, and its own certificate would be refused at each start."""
    key, file = tmp_path / "pss.key", tmp_path / "sub.csr"
    options = ("rsa_pss_keygen_md:sha384", "rsa_pss_keygen_mgf1_md:sha384", "rsa_pss_keygen_saltlen:48")
    given = [word for one in options for word in ("-pkeyopt", one)]
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "RSA-PSS", *given, "-out", key], check=True, capture_output=True
    )
    command = ["openssl", "req", "-new", "-key", key, "-subj", "/CN=Sub", "-sha384", "-out", file]
    subprocess.run(command, check=True, capture_output=True)
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert "parameters of its own" in here.refused(*usual).what


@pytest.mark.filterwarnings("ignore:Attribute's length must be")  # of cryptography, which takes it all the same
@pytest.mark.parametrize(
    ("oid", "value", "what"),
    [
        (NameOID.COMMON_NAME, "x" * 65, "CN of its subject has 65 characters: 64 at most"),
        (NameOID.LOCALITY_NAME, "x" * 129, "L of its subject has 129 characters: 128 at most"),
        (NameOID.EMAIL_ADDRESS, "x" * 256, "emailAddress of its subject has 256 characters: 255 at most"),
        (NameOID.COUNTRY_NAME, "ee", "C=ee in its subject is no country"),
        (NameOID.COUNTRY_NAME, "Estonia", "C=Estonia in its subject is no country"),
    ],
)
def test_request_with_a_name_beyond_the_bounds_is_refused(
    here: Machine, tmp_path: Path, oid: x509.ObjectIdentifier, value: str, what: str
) -> None:
    """RFC 5280 appendix A.1: a CA's name stands in all that it issues, and clients may refuse every one of them."""
    name = x509.Name([x509.NameAttribute(oid, value, _validate=False), *named()])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    file = tmp_path / "sub.csr"
    key = ec.generate_private_key(ec.SECP256R1())
    file.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert what in here.refused(*usual).what


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN CERTIFICATE REQUEST-----\n", b"\x30\x03\x02\x01\x00", b"x" * 2**21]
)
def test_what_is_no_request_is_refused(here: Machine, tmp_path: Path, content: bytes) -> None:
    """In words, whatever lies there."""
    file = tmp_path / "sub.csr"
    file.write_bytes(content)
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "365", "--out", here.folder / "x.pem")
    assert here.refused(*usual).where == str(file)
