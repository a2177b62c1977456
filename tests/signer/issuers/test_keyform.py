"""In which form a key is certified: as its kind is written in certificates, and in no other that a library may load."""

from datetime import timedelta
from pathlib import Path

import gmpy2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509.oid import NameOID

from revocation import clock, der
from revocation.compliance import Compliance
from revocation.errors import Refused
from signer.encoding.ca_certificate import CACertificateFrame, CAProfile, encode_tbs
from signer.encoding.certification_request import encode_info
from signer.encoding.crl import assemble
from signer.issuers.keyform import deviation
from signer.issuers.strength import require_strong
from signer.keys import BytesTBS
from signer.keys.generating import KINDS
from signer.keys.local import of_private_key
from tests.authority import CAKey
from tests.building.keyforms import COMPRESSED, EC, EXPLICIT, HYBRID, RSA, RSA_OCTETS, WITHOUT_NULL, of
from tests.building.requests import disclosed_info
from tests.signer.issuers.machine import Machine

PKIX, BR = Compliance.PKIX, Compliance.BR


@pytest.mark.parametrize("kind", KINDS)
def test_usual_form_of_each_kind_is_taken(kind: str) -> None:
    """It is what `key generate` makes, and nearly all that comes."""
    info = KINDS[kind]().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert deviation(info, PKIX) is None


@pytest.mark.parametrize(
    ("info", "compliance", "words"),
    [
        (EXPLICIT, PKIX, "namedCurve: RFC 5480 section 2.1.1"),
        (HYBRID, PKIX, "hybrid form.*RFC 5480 section 2.2"),
        (COMPRESSED, BR, "uncompressed under `br`"),
        (WITHOUT_NULL, PKIX, "not NULL .RFC 3279 section 2.3.1"),
    ],
    ids=["explicit curve", "hybrid point", "compressed under br", "RSA without NULL"],
)
def test_form_that_clients_refuse_is_refused(info: bytes, compliance: Compliance, words: str) -> None:
    """Each of them is loaded by a library, and its octets would stand in the certificate."""
    load_der_public_key(info)
    with pytest.raises(Refused, match=words) as refused:
        require_strong(info, compliance, "issuer sub")
    assert str(refused.value.advice).startswith("the key can stay")


def test_compressed_point_is_taken_where_the_brs_do_not_hold() -> None:
    """RFC 5480 section 2.2 allows it."""
    require_strong(COMPRESSED, PKIX, "issuer sub")


def test_key_for_rsassa_pss_alone_is_taken() -> None:
    """Without parameters, as most are (RFC 4055 section 1.2)."""
    require_strong(of(der.sequence(der.oid("1.2.840.113549.1.1.10")), RSA_OCTETS), PKIX, "issuer sub")


@pytest.mark.parametrize("octets", [b"\1" + bytes(31), bytes(32), b"\xff" * 32], ids=["order 1", "order 4", "above P"])
def test_ed25519_key_that_anybody_signs_with_is_refused(octets: bytes) -> None:
    """Whoever's it is said to be."""
    info = of(der.sequence(der.oid("1.3.101.112")), octets)
    with pytest.raises(Refused, match=r"RFC 7748 section 6\.1|RFC 8032 section 5\.1\.3"):
        require_strong(info, PKIX, "issuer sub")


@pytest.mark.parametrize("power", [1, 2, 3])
def test_modulus_that_is_the_power_of_a_prime_is_refused(power: int) -> None:
    """Whoever sees the CA's certificate could sign in its name (BRs section 6.1.6)."""
    prime = gmpy2.next_prime(gmpy2.iroot(gmpy2.mpz(1) << 2047, power)[0])
    with pytest.raises(Refused, match=r"BRs 6\.1\.6"):
        require_strong(disclosed_info(int(prime**power)), PKIX, "issuer sub")


@pytest.mark.parametrize("factor", [751, 65537, 1048573])
def test_modulus_with_a_small_factor_is_refused(factor: int) -> None:
    """751 is the largest of those in the BRs (section 6.1.6); others are found within a second too."""
    modulus = factor * int(gmpy2.next_prime((1 << 2047) // factor))
    with pytest.raises(Refused, match="a factor of 1048576 at most"):
        require_strong(disclosed_info(modulus), PKIX, "issuer sub")


def test_request_with_an_odd_encoding_of_its_key_is_refused(machine: Machine, tmp_path: Path) -> None:
    """Although its signature proves possession."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sub")]).public_bytes()
    info = encode_info(subject, EXPLICIT)
    algorithm = der.sequence(der.oid("1.2.840.10045.4.3.2"))
    signature = der.tlv(der.BIT_STRING, b"\0", EC.sign(info, ec.ECDSA(SHA256())))
    file = tmp_path / "sub.csr"
    file.write_bytes(der.sequence(info, algorithm, signature))
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", "10", "--out", tmp_path / "sub.pem")
    assert "its curve is not given by name alone" in machine.refused(*usual).what


ODD = {"explicit": (EC, EXPLICIT), "hybrid": (EC, HYBRID), "compressed": (EC, COMPRESSED), "null": (RSA, WITHOUT_NULL)}


def installed(machine: Machine, key: CAKey, info: bytes) -> None:
    """A root that somebody else's software made, with its key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Odd")]).public_bytes()
    signing, now = of_private_key(key, "key"), clock.now()
    window = (now - timedelta(days=9), now + timedelta(days=900))
    profile = CAProfile(None, False, (), ())
    frame = CACertificateFrame(b"\x07", name, b"odd", name, info, b"odd", *window, profile, None)
    tbs = encode_tbs(frame, signing.algorithm_identifier)
    file = machine.folder / "odd.der"
    file.write_bytes(assemble(tbs, signing.algorithm_identifier, signing.sign(BytesTBS(tbs))))
    machine.run("issuer", "install", "odd", file, "--append", *machine.key("odd", made=key))


@pytest.mark.parametrize(("key", "info"), ODD.values(), ids=ODD)
def test_ca_that_has_its_key_in_an_odd_form_keeps_it(machine: Machine, key: CAKey, info: bytes) -> None:
    """Another form would be another issuer to clients, and here: what it issued hangs by the octets."""
    installed(machine, key, info)
    machine.run("issuer", "renew", "odd", "--days", "100")
    issuer = machine.signer.public.profile("odd").issuer
    assert (len(issuer.certificates), issuer.public_key_info) == (2, info)


@pytest.mark.parametrize(("key", "info"), ODD.values(), ids=ODD)
def test_ca_with_an_odd_form_of_its_key_is_not_renewed_under_br(tmp_path: Path, key: CAKey, info: bytes) -> None:
    """And nobody is sent to encode a key anew that cannot be."""
    machine = Machine(tmp_path / "machine", public='compliance = "br"')
    installed(machine, key, info)
    refused = machine.refused("issuer", "renew", "odd", "--days", "3000")
    assert "this CA cannot be renewed here" in refused.what
    assert "make another CA" in str(refused.advice)
    assert len(machine.signer.public.profile("odd").issuer.certificates) == 1
