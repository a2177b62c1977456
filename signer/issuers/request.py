"""Requests for a CA certificate (PKCS #10, RFC 2986): read, and believed of their subject and key alone."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from revocation import der
from revocation.der import DERError
from revocation.errors import InputError, Refused
from revocation.issuer import Issuer
from signer import selfcheck
from signer.issuers.files import read_small, sha256_of
from signer.keys import BytesTBS


@dataclass(frozen=True)
class CARequest:
    """A request whose sender has the key.

    Attributes:
        ca: who asks: the octets of subject and key are those of the request.
        sha256: of the file.
    """

    ca: Issuer
    subject: x509.Name
    sha256: str


def read_request(path: Path) -> CARequest:
    """The request in a PEM or DER file.

    Raises:
        InputError: it is none.
        Refused: it is not signed with the key that it names (proof of possession).
    """
    data, where = read_small(path), str(path)
    try:
        pem = b"-----BEGIN" in data
        request = x509.load_pem_x509_csr(data) if pem else x509.load_der_x509_csr(data)
        subject, public_key_info = _octets(request)
        name = request.subject
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError("is no PKCS #10 request, PEM or DER, that can be read", where=where) from error
    if not name.rdns:
        raise InputError("has an empty subject", where=where)
    try:
        load_der_public_key(public_key_info)
        oid, hash_ = request.signature_algorithm_oid, request.signature_hash_algorithm
        selfcheck.verify(public_key_info, request.signature, BytesTBS(request.tbs_certrequest_bytes), oid, hash_)
    except (InvalidSignature, ValueError, TypeError, AttributeError, UnsupportedAlgorithm) as error:
        raise Refused(
            "is not signed with the key that it names: it is damaged, or its sender does not have that key",
            where=where,
            advice="have it made again",
        ) from error
    return CARequest(Issuer(path.stem, subject, public_key_info, ()), name, sha256_of(data))


def _octets(request: x509.CertificateSigningRequest) -> tuple[bytes, bytes]:
    """Subject and SubjectPublicKeyInfo as they stand in the request."""
    info = request.tbs_certrequest_bytes
    begin, end = der.expect(info, 0, der.SEQUENCE)
    fields = [info[at:stop] for _, at, _, stop in der.values(info, begin, end)]
    if len(fields) < 3:
        raise DERError("fields are missing")
    return fields[1], fields[2]


def in_pem(request: bytes) -> bytes:
    """A request that is DER, in PEM."""
    return x509.load_der_x509_csr(request).public_bytes(Encoding.PEM)
