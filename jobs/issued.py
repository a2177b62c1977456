"""What comes back as a certificate, held against what was asked for before anybody uses it.

The reply of the queue is a claim. A certificate that the issuer signed for this key and these names is none.
"""

import base64
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation.config import IssuerProfile
from revocation.errors import InputError, Refused
from revocation.extensions import extension_value
from revocation.messages import Reply
from revocation.pkcs10 import UNREADABLE


def read_request(path: Path) -> bytes:
    """DER of the PKCS #10 request in a file, PEM or DER.

    Raises:
        InputError: it is none.
    """
    try:
        data = path.read_bytes()
        is_pem = b"-----BEGIN" in data
        request = x509.load_pem_x509_csr(data) if is_pem else x509.load_der_x509_csr(data)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except UNREADABLE as error:
        raise InputError("is no PKCS #10 request, PEM or DER", where=str(path)) from error
    return request.public_bytes(Encoding.DER)


def certificate_of(reply: Reply, profile: IssuerProfile, request: bytes, names: Sequence[str]) -> x509.Certificate:
    """The certificate in a reply, if it is the issuer's, for the key of the request and the names that were asked for.

    Raises:
        Refused: it is not.
    """
    where = f"message {reply.id}"
    try:
        found = x509.load_der_x509_certificate(base64.b64decode(str(reply.data["certificate"]), validate=True))
        found.verify_directly_issued_by(profile.issuer.certificates[0])
        key, wanted = found.public_key(), x509.load_der_x509_csr(request).public_key()
    except (*UNREADABLE, InvalidSignature) as error:
        what = f"what came back is no certificate that {profile.issuer.name} signed"
        raise Refused(what, where=where, advice="who else may write in the queue?") from error
    encoding = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if key.public_bytes(*encoding) != wanted.public_bytes(*encoding):
        raise Refused("what came back is a certificate of another key", where=where)
    if names and (missing := {_same(name) for name in names} ^ set(names_of(found))):
        raise Refused(f"what came back differs in the names {', '.join(sorted(missing))}", where=where)
    return found


def names_of(certificate: x509.Certificate) -> list[str]:
    """Its names as they are asked for: `dns:…`, `ip:…`, `email:…`, `uri:…`."""
    found = extension_value(certificate.extensions, x509.SubjectAlternativeName) or ()
    return [f"{_type_of(one)}:{one.value}" for one in found]


def _type_of(name: x509.GeneralName) -> str:
    if isinstance(name, x509.DNSName):
        return "dns"
    if isinstance(name, x509.IPAddress):
        return "ip"
    return "email" if isinstance(name, x509.RFC822Name) else "uri"


def _same(name: str) -> str:
    """As the signer writes it: whatever makes no difference in lower case."""
    type_, _, value = name.partition(":")
    if type_ == "dns":
        return f"dns:{value.lower()}"
    if type_ == "email":
        local, _, host = value.rpartition("@")
        return f"email:{local}@{host.lower()}"
    if type_ != "ip":
        return name
    try:
        return f"ip:{ip_address(value)}"
    except ValueError:
        return name
