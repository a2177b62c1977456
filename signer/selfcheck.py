"""The signer's own check of what it made, with a parser that is not its encoder, before anything leaves the room."""

import mmap
from itertools import islice
from typing import BinaryIO, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import ocsp

from revocation import crlbytes, der
from revocation.errors import RevocastError
from signer.keys import TBS, BytesTBS, FileTBS

_SAMPLE: Final = 16


class SelfCheckFailed(RevocastError):
    """What was just made does not verify; it is not put into the exchange."""


def check_crl(file: BinaryIO, begin: int, public_key_info: bytes, number: int) -> None:
    """Read a CRL back from its file, which it fills from `begin` on: form, number, signature, and its first entries.

    Raises:
        SelfCheckFailed: the list is not what it should be.
    """
    try:
        whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        tbs_begin, _ = der.expect(whole, begin, der.SEQUENCE)
        tbs, _, signature = der.signed_parts(whole[begin:])
        crl = x509.load_der_x509_crl(crlbytes.excerpt(whole[begin:], islice(crlbytes.entries(whole[begin:]), _SAMPLE)))
        found = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        for entry in crl:
            _ = entry.extensions
        verify(public_key_info, signature, FileTBS(file, tbs_begin, len(tbs)), crl.signature_hash_algorithm)
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
        tbs = BytesTBS(certificate.tbs_certificate_bytes)
        verify(public_key_info, certificate.signature, tbs, certificate.signature_hash_algorithm)
    except (ValueError, InvalidSignature) as error:
        raise SelfCheckFailed(f"a responder certificate does not verify ({type(error).__name__})") from error


def check_response(data: bytes, public_key_info: bytes) -> None:
    """Parse an OCSP response and verify its signature.

    Raises:
        SelfCheckFailed: the response is not what it should be.
    """
    try:
        response = ocsp.load_der_ocsp_response(data)
        tbs = BytesTBS(response.tbs_response_bytes)
        verify(public_key_info, response.signature, tbs, response.signature_hash_algorithm)
    except (ValueError, InvalidSignature) as error:
        raise SelfCheckFailed(f"an OCSP response does not verify ({type(error).__name__})") from error


def verify(public_key_info: bytes, signature: bytes, tbs: TBS, hash_: HashAlgorithm | None) -> None:
    """Return if the key made the signature.

    Raises:
        InvalidSignature: it did not.
        ValueError: it is no key.
    """
    key: CertificatePublicKeyTypes = load_der_public_key(public_key_info)  # type: ignore[assignment]
    if hash_ is None:
        key.verify(signature, tbs.read())  # type: ignore[union-attr,call-arg]
        return
    digest = tbs.digest(hash_.name.replace("-", "_"))
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, digest, ec.ECDSA(Prehashed(hash_)))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, digest, padding.PKCS1v15(), Prehashed(hash_))
    else:
        raise InvalidSignature
