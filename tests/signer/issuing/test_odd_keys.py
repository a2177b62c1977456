"""Keys that are none to sign with, or in no form to certify: libraries load them, and clients would be deceived."""

from pathlib import Path

import gmpy2
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation import der
from revocation.messages import Outcome
from revocation.refusalkind import RefusalKind
from tests.authority import Authority
from tests.building.keyforms import COMPRESSED, EC, EXPLICIT, HYBRID, RSA, WITHOUT_NULL
from tests.building.requests import UTF8, RequestKey, attribute, disclosed, forged, names, request_info, signed_by
from tests.signer.issuing.office import BR_PROFILES, NAMES, Office

HOST = names("www.example.com")


def power_of_a_prime(power: int) -> tuple[int, int]:
    """A modulus of 2048 bits that is a prime, or one to a power, and the order of its group."""
    prime = gmpy2.next_prime(gmpy2.iroot(gmpy2.mpz(1) << 2047, power)[0])
    while (prime - 1) % 65537 == 0:
        prime = gmpy2.next_prime(prime)
    return int(prime**power), int(prime ** (power - 1) * (prime - 1))


POWERS = {power: power_of_a_prime(power) for power in (1, 2, 3, 5)}


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


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize(("profile", "extensions"), [("server", [HOST]), ("intermediate", [])])
def test_modulus_that_is_the_power_of_a_prime_is_refused(
    shared: Office, profile: str, extensions: list[bytes], power: int
) -> None:
    """Whoever sees the certificate has the private key, although its sender proved to have it too."""
    csr = disclosed(*POWERS[power], *extensions, subject=der.sequence(attribute("2.5.4.3", UTF8, b"Sub")))
    reply = shared.reply(shared.ask(profile, (), csr=csr))
    assert (reply.outcome, reply.kind) == (Outcome.REFUSED, RefusalKind.PUBLIC_KEY), reply.detail
    assert "a prime, or a power" in reply.detail


def test_modulus_that_is_a_prime_is_looked_at_behind_the_proof_of_possession(shared: Office) -> None:
    """What takes milliseconds is not done for who has no key."""
    csr = disclosed(*POWERS[1], HOST)
    assert "is not signed with the key" in shared.refused("server", (), csr=csr[:-1] + bytes([csr[-1] ^ 1]))
