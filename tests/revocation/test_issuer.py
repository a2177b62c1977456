"""An issuer is (subject, key): which certificates are one issuer's, and which octets name it."""

import hashlib
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from revocation import der
from revocation.config import load_certificates
from revocation.errors import ConfigurationError
from revocation.issuer import Issuer
from tests.authority import NOW, Authority


def test_issuer_is_the_same_for_renewed_certificates_in_any_order() -> None:
    """A renewal shares subject and key, so the id stays, and the newest certificate comes first."""
    old = Authority()
    new = Authority(key=old.key, not_before=NOW)
    assert old.certificate != new.certificate
    for order in ([old, new], [new, old]):
        issuer = Issuer.of("ca", [a.certificate for a in order])
        assert issuer.certificates == (new.certificate, old.certificate)
        assert issuer.id == old.issuer().id == new.issuer().id
    assert issuer.not_after == new.certificate.not_valid_after_utc
    assert issuer.not_after - old.certificate.not_valid_after_utc == timedelta(days=1)


def test_issuer_re_keyed_under_its_name_is_another() -> None:
    """Same subject, other key: another id, and not one issuer."""
    old, new = Authority(), Authority()
    assert old.issuer().subject == new.issuer().subject
    assert old.issuer().id != new.issuer().id
    with pytest.raises(ConfigurationError, match="different subjects or keys"):
        Issuer.of("ca", [old.certificate, new.certificate])


def test_issuer_with_the_same_key_under_another_name_is_another() -> None:
    """The name counts too."""
    one = Authority("One")
    other = Authority("Other", key=one.key)
    assert one.issuer().id != other.issuer().id
    with pytest.raises(ConfigurationError, match="different subjects or keys"):
        Issuer.of("ca", [one.certificate, other.certificate])


@pytest.mark.parametrize(
    ("authorities", "complaint"),
    [
        (list, "no CA certificate"),
        (lambda: [Authority(is_ca=False)], "CA:FALSE"),
        (lambda: [Authority("")], "empty subject"),
        (lambda: [Authority(crl_sign=False)], "lacks cRLSign.*section 6.3.3"),
    ],
    ids=["none", "end entity", "nameless", "without cRLSign"],
)
def test_issuer_refuses_what_cannot_sign_a_crl(authorities: object, complaint: str) -> None:
    """No certificate, an end entity's, one without a subject (RFC 5280 section 5.1.2.3), or one for other uses."""
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        Issuer.of("ca", [a.certificate for a in authorities()])  # type: ignore[operator]
    assert caught.value.where == "issuer ca"


def test_issuer_may_sign_crls_when_its_key_usage_says_so() -> None:
    """RFC 5280 section 4.2.1.3."""
    assert Authority(crl_sign=True).issuer().name == "test"


def test_issuer_may_be_a_root_without_extensions() -> None:
    """Old roots have no basicConstraints, and no SKI: then the key identifier is the key's SHA-1."""
    issuer = Authority(is_ca=None, identifier=False).issuer()
    assert issuer.key_identifier == hashlib.sha1(issuer.key_octets).digest()


def test_issuer_key_identifier_is_the_ski_of_its_certificate() -> None:
    """Whatever method the CA used for it (RFC 5280 section 4.2.1.1)."""
    authority = Authority()
    ski = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert authority.issuer().key_identifier == ski


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)])
@pytest.mark.parametrize("hash_", [SHA1(), SHA256()])
def test_issuer_octets_hash_as_openssl_hashes_them(key: ec.EllipticCurvePrivateKey, hash_: SHA1 | SHA256) -> None:
    """A request that cryptography builds has the digests of our `subject` and `key_octets`."""
    authority = Authority(key=key)
    request = ocsp.OCSPRequestBuilder().add_certificate(authority.certificate, authority.certificate, hash_).build()
    issuer = authority.issuer()
    assert hashlib.new(hash_.name, issuer.subject).digest() == request.issuer_name_hash
    assert hashlib.new(hash_.name, issuer.key_octets).digest() == request.issuer_key_hash


def _with_compressed_point(authority: Authority) -> x509.Certificate:
    tbs = authority.certificate.tbs_certificate_bytes
    fields = [tbs[begin:end] for _, begin, _, end in der.values(tbs, *der.expect(tbs, 0, der.SEQUENCE))]
    point = authority.key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    algorithm = der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.3.1.7"))
    fields[6] = der.sequence(algorithm, der.tlv(der.BIT_STRING, b"\x00", point))
    tbs = der.sequence(*fields)
    signature = der.tlv(der.BIT_STRING, b"\x00", authority.key.sign(tbs, ec.ECDSA(SHA256())))
    return x509.load_der_x509_certificate(der.sequence(tbs, fields[2], signature))


@pytest.mark.judge("openssl")
def test_issuer_keeps_the_octets_of_a_compressed_point(tmp_path: Path) -> None:
    """OCSP hashes the BIT STRING as it stands in the certificate, even where we would have encoded it otherwise."""
    pem = tmp_path / "ca.pem"
    pem.write_bytes(_with_compressed_point(Authority()).public_bytes(Encoding.PEM))
    ask = ["openssl", "ocsp", "-sha256", "-issuer", pem, "-serial", "1", "-reqout", "-"]
    request = ocsp.load_der_ocsp_request(subprocess.run(ask, check=True, capture_output=True).stdout)

    issuer = Issuer.of("ca", load_certificates(pem))
    assert len(issuer.key_octets) == 33
    assert hashlib.sha256(issuer.key_octets).digest() == request.issuer_key_hash


def test_issuer_id_is_short_and_in_the_store_as_octets() -> None:
    """Eight hexadecimal digits in paths, the same four octets in store keys."""
    issuer = Authority().issuer()
    assert bytes.fromhex(issuer.id) == issuer.octets
    assert len(issuer.id) == 8


def test_issuer_with_malformed_extensions_is_an_error_with_its_name() -> None:
    """A certificate whose basicConstraints are no DER is reported, not a traceback."""
    whole = Authority().certificate.public_bytes(Encoding.DER)
    constraints = bytes.fromhex("0603551d130101ff040530030101ff")
    assert constraints in whole
    broken = x509.load_der_x509_certificate(whole.replace(constraints, bytes.fromhex("0603551d130101ff040531030101ff")))
    with pytest.raises(ConfigurationError, match="malformed"):
        Issuer.of("ca", [broken])
