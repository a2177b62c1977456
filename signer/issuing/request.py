"""The request in a message (PKCS #10, RFC 2986): believed of its key, which signed it, and of its names."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from revocation.errors import InputError, Refused
from revocation.extensions import extension_value
from revocation.pkcs10 import UNREADABLE, require_one_meaning
from revocation.refusalkind import RefusalKind
from signer.issuers.request import octets_of, require_possession
from signer.issuing.names import Name, name_of
from signer.refusal import refused_as

WHERE = "request"


@dataclass(frozen=True)
class Request:
    """What somebody wants certified.

    Attributes:
        public_key_info: DER of the SubjectPublicKeyInfo, as it stands in the request.
        subject: what it says; whether it is taken over is decided by the profile.
        names: of its subjectAltName.
    """

    csr: x509.CertificateSigningRequest
    public_key_info: bytes
    subject: x509.Name
    names: Sequence[Name]


@refused_as(RefusalKind.REQUEST)
def read_request(text: str) -> Request:
    """The request that is base64 of DER.

    Its signature is not looked at, which costs the more the larger its key is: see `require_possession`.

    Raises:
        InputError: it is none.
        Refused: it wants a name of a type that is not certified, or extensions in several places.
    """
    try:
        csr = x509.load_der_x509_csr(base64.b64decode(text, validate=True))
        require_one_meaning(csr, WHERE)
        _, public_key_info = octets_of(csr)
        subject, wanted = csr.subject, extension_value(csr.extensions, x509.SubjectAlternativeName)
    except x509.UnsupportedGeneralNameType as error:
        with refused_as(RefusalKind.NAME):
            raise Refused(f"wants a name of a type that is not certified: {error}", where=WHERE) from error
    except UNREADABLE as error:
        raise InputError("is no PKCS #10 request that can be read", where=WHERE) from error
    with refused_as(RefusalKind.NAME):
        return Request(csr, public_key_info, subject, tuple(map(name_of, wanted or ())))


@refused_as(RefusalKind.REQUEST)
def require_its_key(request: Request) -> None:
    """Return if its sender has the private key.

    Raises:
        Refused: it is not signed with the key that it names.
    """
    require_possession(request.csr, WHERE)
