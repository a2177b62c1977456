"""What a public key is, whichever way it is encoded."""

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key


def key_value(public_key_info: bytes) -> bytes:
    """Octets that stand in every encoding of a key and in none of another: x of a point, the modulus of RSA.

    Of other kinds, which have one encoding, it is the whole SubjectPublicKeyInfo.

    Raises:
        ValueError: it is none.
        UnsupportedAlgorithm: it is of a kind that is not known here.
    """
    key = load_der_public_key(public_key_info)
    if isinstance(key, ec.EllipticCurvePublicKey):
        numbers = key.public_numbers()
        return numbers.x.to_bytes((key.curve.key_size + 7) // 8, "big")
    if isinstance(key, rsa.RSAPublicKey):
        modulus = key.public_numbers().n
        return modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
