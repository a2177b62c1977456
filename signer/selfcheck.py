"""The signer's own check of what it made, with a parser that is not its encoder, before anything leaves the room."""

import mmap
from itertools import islice
from typing import BinaryIO, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import ocsp
from cryptography.x509.oid import ObjectIdentifier, SignatureAlgorithmOID

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
        oid, hash_ = crl.signature_algorithm_oid, crl.signature_hash_algorithm
        verify(public_key_info, signature, FileTBS(file, tbs_begin, len(tbs)), oid, hash_)
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
        oid, hash_ = certificate.signature_algorithm_oid, certificate.signature_hash_algorithm
        verify(public_key_info, certificate.signature, tbs, oid, hash_)
    except (ValueError, InvalidSignature) as error:
        raise SelfCheckFailed(f"a certificate that was made here does not verify ({type(error).__name__})") from error


def check_response(data: bytes, public_key_info: bytes) -> None:
    """Parse an OCSP response and verify its signature.

    Raises:
        SelfCheckFailed: the response is not what it should be.
    """
    try:
        response = ocsp.load_der_ocsp_response(data)
        verify_response(public_key_info, response)
    except (ValueError, InvalidSignature) as error:
        raise SelfCheckFailed(f"an OCSP response does not verify ({type(error).__name__})") from error


def verify_response(public_key_info: bytes, response: ocsp.OCSPResponse) -> None:
    """Return if the key signed the response.

    Raises:
        InvalidSignature: it did not.
        ValueError: it is no key.
    """
    oid = response.signature_algorithm_oid
    is_pss = oid == SignatureAlgorithmOID.RSASSA_PSS  # of which the parser knows no digest
    hash_ = SHA256() if is_pss else response.signature_hash_algorithm
    verify(public_key_info, response.signature, BytesTBS(response.tbs_response_bytes), oid, hash_)


def verify(
    public_key_info: bytes, signature: bytes, tbs: TBS, algorithm: ObjectIdentifier, hash_: HashAlgorithm | None
) -> None:
    """Return if the key made the signature; one of RSASSA-PSS has the parameters that are made here.

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
        is_pss = algorithm == SignatureAlgorithmOID.RSASSA_PSS
        scheme = padding.PSS(padding.MGF1(hash_), hash_.digest_size) if is_pss else padding.PKCS1v15()
        key.verify(signature, digest, scheme, Prehashed(hash_))
    else:
        raise InvalidSignature
