"""Which keys are certified: of a kind that the profile names, strong, on no list, and no CA's."""

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation.messages import Outcome
from tests.authority import Authority
from tests.signer.issuing.office import NAMES, PROFILES, Office, SubjectKey

KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (ec.generate_private_key(ec.SECP192R1()), "secp192r1 is weak"),
        (ec.generate_private_key(ec.SECP521R1()), "its key is p521, and the profile has p256"),
        (ec.generate_private_key(ec.SECP256K1()), "of no kind that is certified"),
        (rsa.generate_private_key(65537, 1024), "RSA of 1024 bits is weak"),  # noqa: S505 - it is to be refused
        (rsa.generate_private_key(3, 2048), "exponent 3 is weak"),
        (rsa.generate_private_key(65537, 2056), "of no kind that is certified"),
    ],
)
def test_key_that_is_weak_or_of_another_kind_is_refused(
    shared: Office, key: ec.EllipticCurvePrivateKey, said: str
) -> None:
    """Small, with a small exponent, or none of the profile's kinds."""
    assert said in shared.refused(key=key)


def test_profile_certifies_the_kinds_of_keys_that_it_names_alone(tmp_path: Path) -> None:
    """P-256 alone here."""
    office = Office.build(tmp_path, issuance=NAMES + PROFILES.replace(".server]\n", '.server]\nkeys = ["p256"]\n'))
    office.issue("server")
    assert "its key is ed25519" in office.refused("server", key=ed25519.Ed25519PrivateKey.generate())


def test_p_521_is_certified_where_the_profile_names_it(tmp_path: Path) -> None:
    """Of CAs and for code it is usual; of servers it is not, since browsers do not know it."""
    office = Office.build(tmp_path, issuance=NAMES + PROFILES.replace(".server]\n", '.server]\nkeys = ["p521"]\n'))
    key = ec.generate_private_key(ec.SECP521R1())
    assert office.issue("server", key=key).public_key() == key.public_key()
    assert office.issue("intermediate", (), subject="CN=Sub CA", key=key).public_key() == key.public_key()
    assert "its key is p521" in office.refused("client", (), subject="CN=x", key=key)


def test_key_with_close_primes_is_refused(shared: Office) -> None:
    """Fermat factors its modulus at once; badkeys notices."""
    assert "fermat" in shared.refused(key=close_primes())


def close_primes() -> rsa.RSAPrivateKey:
    """An RSA key of 2048 bits whose second prime is the next one after the first."""
    p = next_prime(0xC000000000000000 << 960 | 12345)
    q = next_prime(p + 2)
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def next_prime(number: int) -> int:
    """By Fermat's test, which is enough for what is not adversarial."""
    number |= 1
    while pow(2, number - 1, number) != 1 or (number - 1) % 65537 == 0:
        number += 2
    return number


@pytest.mark.parametrize("key", [KEY, rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()])
def test_key_on_the_blocklist_is_refused(tmp_path: Path, key: SubjectKey) -> None:
    """A list in the form of badkeys with this key among others; another key is certified."""
    office = Office.build(tmp_path / "office", signer=f'weak_keys = "{tmp_path}"')
    records = sorted(hashlib.sha256(one).digest()[:15] + b"\7" for one in (number(key), b"a", b"b", b"c"))
    (tmp_path / "blocklist.dat").write_bytes(b"".join(records))
    (tmp_path / "badkeysdata.json").write_text('{"blocklists": [{"id": 7, "name": "debianssl"}]}')
    assert "is known to everybody (debianssl)" in office.refused(key=key)
    office.issue()


def number(key: SubjectKey) -> bytes:
    """What badkeys hashes of a key."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return public.public_numbers().n.to_bytes(256, "big")
    if isinstance(public, ec.EllipticCurvePublicKey):
        return public.public_numbers().x.to_bytes(32, "big").lstrip(b"\0")
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw).lstrip(b"\0")


def test_blocklist_that_is_not_there_issues_nothing_and_is_no_refusal(tmp_path: Path) -> None:
    """It failed: the same message is done once the list is back."""
    office = Office.build(tmp_path / "office", signer=f'weak_keys = "{tmp_path / "list"}"')
    message = office.ask()
    reply = office.reply(message)
    assert (reply.outcome, "blocklist.dat" in reply.detail) == (Outcome.FAILED, True)
    (tmp_path / "list").mkdir()
    (tmp_path / "list/blocklist.dat").write_bytes(bytes(16))
    assert office.reply(message).outcome is Outcome.DONE


def test_key_of_the_ca_is_not_certified(tmp_path: Path) -> None:
    """Also in another encoding of the same point."""
    authority = Authority(days=7300)
    office = Office.build(tmp_path, authority=authority)
    assert "is that of the CA test" in office.refused(key=authority.key)
