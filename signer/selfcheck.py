"""The signer's own check of what it made, with a parser that is not its encoder, before anything leaves the room."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import ocsp

from revocation import der
from revocation.errors import RevocastError


class SelfCheckFailed(RevocastError):
    """What was just made does not verify; it is not put into the exchange."""


def check_crl(data: bytes, public_key_info: bytes, number: int) -> None:
    """Parse a CRL and verify its signature and number.

    Raises:
        SelfCheckFailed: the list is not what it should be.
    """
    try:
        crl = x509.load_der_x509_crl(data)
        found = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        tbs, _, signature = der.signed_parts(data)
        _verify(public_key_info, signature, bytes(tbs), crl.signature_hash_algorithm)
    except (ValueError, x509.ExtensionNotFound, InvalidSignature) as error:
        raise SelfCheckFailed(f"CRL {number} does not verify ({type(error).__name__})") from error
    if found != number:
        raise SelfCheckFailed(f"CRL {number} says that it is {found}")


def check_certificate(data: bytes, public_key_info: bytes) -> None:
    """Parse a certificate and verify its signature.

    Raises:
        SelfCheckFailed: the certificate is not what it should be.
    """
    try:
        certificate = x509.load_der_x509_certificate(data)
        _verify(
            public_key_info,
            certificate.signature,
            certificate.tbs_certificate_bytes,
            certificate.signature_hash_algorithm,
        )
    except (ValueError, InvalidSignature) as error:
        raise SelfCheckFailed(f"a responder certificate does not verify ({type(error).__name__})") from error


def check_response(data: bytes, public_key_info: bytes) -> None:
    """Parse an OCSP response and verify its signature.

    Raises:
        SelfCheckFailed: the response is not what it should be.
    """
    try:
        response = ocsp.load_der_ocsp_response(data)
        _verify(public_key_info, response.signature, response.tbs_response_bytes, response.signature_hash_algorithm)
    except (ValueError, InvalidSignature) as error:
        raise SelfCheckFailed(f"an OCSP response does not verify ({type(error).__name__})") from error


def _verify(public_key_info: bytes, signature: bytes, data: bytes, hash_: object) -> None:
    key: CertificatePublicKeyTypes = load_der_public_key(public_key_info)  # type: ignore[assignment]
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(hash_))  # type: ignore[arg-type]
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), hash_)  # type: ignore[arg-type]
    else:
        key.verify(signature, data)  # type: ignore[union-attr,call-arg]
