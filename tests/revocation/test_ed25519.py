"""Ed25519 keys that anybody can sign with: found by arithmetic, and none of them taken."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation.ed25519 import weak_octets, weak_point

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]


def plus(one: Point, other: Point) -> Point:
    """Their sum on the curve (RFC 8032 section 5.1)."""
    (x, y), (u, v) = one, other
    k = D * x * y * u * v
    return (x * v + u * y) * pow(1 + k, -1, P) % P, (y * v + x * u) * pow(1 - k, -1, P) % P


def times(factor: int, point: Point) -> Point:
    """A multiple."""
    result = (0, 1)
    for bit in bin(factor)[2:]:
        result = plus(result, result)
        result = plus(result, point) if bit == "1" else result
    return result


def root(square: int) -> int | None:
    """A square root modulo P (RFC 8032 section 5.1.3)."""
    for found in (pow(square, (P + 3) // 8, P), pow(square, (P + 3) // 8, P) * pow(2, (P - 1) // 4, P) % P):
        if found * found % P == square % P:
            return found
    return None


def on_the_curve(y: int) -> Point | None:
    """A point with that y."""
    x = root((y * y - 1) * pow(D * y * y + 1, -1, P))
    return None if x is None else (x, y)


def torsion() -> set[Point]:
    """The eight points whose order divides 8: multiples of what is left of a point after the large prime order."""
    order = 2**252 + 27742317777372353535851937790883648493
    rests = (times(order, point) for y in range(2, 40) if (point := on_the_curve(y)))
    eighth = next(one for one in rests if times(4, one) != (0, 1))
    return {times(factor, eighth) for factor in range(8)}


def encoded(y: int, sign: int) -> bytes:
    """32 octets."""
    return (y | sign << 255).to_bytes(32, "little")


TORSION = torsion()
WEAK = {encoded(y, sign) for _, y in TORSION for sign in (0, 1)}
NOT_REDUCED = {encoded(P + low, sign) for low in range(19) for sign in (0, 1)}


def test_points_of_small_order_are_eight() -> None:
    """As many as the cofactor says."""
    assert len(TORSION) == 8
    assert all(times(8, one) == (0, 1) for one in TORSION)


@pytest.mark.parametrize("octets", sorted(WEAK), ids=bytes.hex)
def test_point_of_small_order_is_weak(octets: bytes) -> None:
    """With the sign that it has, and with the other."""
    assert "small order" in str(weak_octets(octets))


@pytest.mark.parametrize("octets", sorted(NOT_REDUCED), ids=bytes.hex)
def test_point_that_is_not_reduced_is_weak(octets: bytes) -> None:
    """There are nineteen numbers between the prime and 2^255."""
    assert "not encoded as it must be" in str(weak_octets(octets))


def test_one_signature_is_that_of_every_message_under_the_identity() -> None:
    """In the library at hand, which is why such keys are refused here."""
    identity = Ed25519PublicKey.from_public_bytes(encoded(1, 0))
    for message in (b"one", b"another"):
        identity.verify(encoded(1, 0) + bytes(32), message)
    with pytest.raises(InvalidSignature):
        Ed25519PrivateKey.generate().public_key().verify(encoded(1, 0) + bytes(32), b"one")


def test_keys_that_are_made_are_not_weak() -> None:
    """Whichever comes."""
    for _ in range(50):
        key = Ed25519PrivateKey.generate().public_key()
        assert weak_point(key) is None
        assert weak_octets(key.public_bytes(Encoding.Raw, PublicFormat.Raw)) is None
