"""In which form a public key may stand in a certificate: its octets go there as they came, and clients read one form.

A library that loads a key takes more: a curve by its parameters, a hybrid point, RSA without NULL. Clients do not.
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from revocation import der
from revocation.compliance import Compliance
from revocation.rsassa_pss import is_pss_only

_HYBRID: Final = (6, 7)
"""How such a point begins (SEC 1 section 2.3.3; X9.62 alone has it)."""


def deviation(public_key_info: bytes, compliance: Compliance) -> str | None:
    """How a SubjectPublicKeyInfo differs from the form that its kind has, and by which rule; None where it does not.

    Raises:
        ValueError: it is none.
        UnsupportedAlgorithm: it is of a kind that is not known here.
    """
    key = load_der_public_key(public_key_info)
    usual = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public_key_info == usual:
        return None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _of_curve(public_key_info, key, usual, compliance)
    if isinstance(key, rsa.RSAPublicKey):
        return _of_rsa(public_key_info, usual)
    return (
        "its SubjectPublicKeyInfo is not the DER that its kind has, without parameters (RFC 8410 section 3, RFC 9881)"
    )


def _of_curve(
    public_key_info: bytes, key: ec.EllipticCurvePublicKey, usual: bytes, compliance: Compliance
) -> str | None:
    algorithm, point = _algorithm(usual), der.public_key_octets(public_key_info)
    if _algorithm(public_key_info) != algorithm:
        return "its curve is not given by name alone (namedCurve: RFC 5480 section 2.1.1, BRs section 7.1.3.1.2)"
    if point[0] in _HYBRID:
        return "its point has the hybrid form, which no certificate may have (RFC 5480 section 2.2)"
    compressed = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    if public_key_info != der.sequence(algorithm, der.tlv(der.BIT_STRING, b"\0", compressed)):
        return "its SubjectPublicKeyInfo is not the DER of that point (RFC 5480 section 2.2)"
    if compliance is Compliance.BR:
        return (
            "its point is compressed, which clients need not know (RFC 5480 section 2.2), and those in Go do not: "
            "uncompressed under `br`"
        )
    return None


def _of_rsa(public_key_info: bytes, usual: bytes) -> str | None:
    """Of rsaEncryption, or of RSASSA-PSS, whose parameters are judged elsewhere."""
    bits = usual[usual.index(_algorithm(usual)) + len(_algorithm(usual)) :]
    if public_key_info == der.sequence(_algorithm(public_key_info), bits):
        if is_pss_only(public_key_info):
            return None
        return "the parameters of its rsaEncryption are not NULL (RFC 3279 section 2.3.1, BRs section 7.1.3.1.1)"
    return "its RSAPublicKey is not the DER of modulus and exponent (RFC 3279 section 2.3.1)"


def _algorithm(public_key_info: bytes) -> bytes:
    """DER of the AlgorithmIdentifier."""
    start, _ = der.expect(public_key_info, 0, der.SEQUENCE)
    _, end = der.expect(public_key_info, start, der.SEQUENCE)
    return public_key_info[start:end]
