"""Requests for a CA certificate (PKCS #10, RFC 2986): read, and believed of their subject and key alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import der
from revocation.der import DERError
from revocation.errors import InputError, Refused
from revocation.issuer import Issuer
from revocation.pkcs10 import UNREADABLE
from signer.ceremony.stick import read_file
from signer.issuers.files import LARGEST, sha256_of

_AGAIN: Final = "have it made again"


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
    data, where = read_file(path, LARGEST), str(path)
    try:
        pem = b"-----BEGIN" in data
        request = x509.load_pem_x509_csr(data) if pem else x509.load_der_x509_csr(data)
        subject, public_key_info = octets_of(request)
        name = request.subject
    except UNREADABLE as error:
        raise InputError("is no PKCS #10 request, PEM or DER, that can be read", where=where) from error
    if not name.rdns:
        raise InputError("has an empty subject", where=where)
    require_possession(request, where)
    return CARequest(Issuer(path.stem, subject, public_key_info, ()), name, sha256_of(data))


def require_possession(request: x509.CertificateSigningRequest, where: str) -> None:
    """Return if who made a request has the private key of it.

    Raises:
        Refused: it is not signed with the key that it names.
    """
    try:
        proven = request.is_signature_valid
    except UNREADABLE as error:
        raise Refused(f"its signature cannot be verified: {error}", where=where, advice=_AGAIN) from error
    if not proven:
        raise Refused(
            "is not signed with the key that it names: it is damaged, or its sender does not have that key",
            where=where,
            advice=_AGAIN,
        )


def octets_of(request: x509.CertificateSigningRequest) -> tuple[bytes, bytes]:
    """Subject and SubjectPublicKeyInfo as they stand in the request.

    Raises:
        DERError: it is malformed.
    """
    info = request.tbs_certrequest_bytes
    begin, end = der.expect(info, 0, der.SEQUENCE)
    fields = [info[at:stop] for _, at, _, stop in der.values(info, begin, end)]
    if len(fields) < 3:
        raise DERError("fields are missing")
    return fields[1], fields[2]


def in_pem(request: bytes) -> bytes:
    """A request that is DER, in PEM."""
    return x509.load_der_x509_csr(request).public_bytes(Encoding.PEM)
