"""Public keys in forms that a library loads and clients refuse, with the private keys that sign for them."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation import der

EC: Final = ec.generate_private_key(ec.SECP256R1())
RSA: Final = rsa.generate_private_key(65537, 2048)
P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G: Final = ec.derive_private_key(1, ec.SECP256R1()).public_key()
"""P-256 by its numbers (SEC 2 section 2.4.2)."""


def of(algorithm: bytes, octets: bytes) -> bytes:
    """A SubjectPublicKeyInfo."""
    return der.sequence(algorithm, der.tlv(der.BIT_STRING, b"\0", octets))


def point(key: ec.EllipticCurvePublicKey, form: PublicFormat = PublicFormat.UncompressedPoint) -> bytes:
    """Of a key."""
    return key.public_bytes(Encoding.X962, form)


NAMED: Final = der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.3.1.7"))
UNCOMPRESSED: Final = point(EC.public_key())
COMPRESSED: Final = of(NAMED, point(EC.public_key(), PublicFormat.CompressedPoint))
HYBRID: Final = of(NAMED, bytes([6 + UNCOMPRESSED[-1] % 2]) + UNCOMPRESSED[1:])
CURVE: Final = der.sequence(*(der.tlv(der.OCTET_STRING, number.to_bytes(32, "big")) for number in (P - 3, B)))
FIELD: Final = der.sequence(der.oid("1.2.840.10045.1.1"), der.integer(P))
NUMBERS: Final = der.sequence(
    der.integer(1), FIELD, CURVE, der.tlv(der.OCTET_STRING, point(G)), der.integer(N), der.integer(1)
)
EXPLICIT: Final = of(der.sequence(der.oid("1.2.840.10045.2.1"), NUMBERS), UNCOMPRESSED)
RSA_OCTETS: Final = der.public_key_octets(
    RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)
WITHOUT_NULL: Final = of(der.sequence(der.oid("1.2.840.113549.1.1.1")), RSA_OCTETS)
