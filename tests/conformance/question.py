"""What is asked: a certificate of an issuer, by one of the hashes that a CertID may have."""

import base64
import hashlib
from dataclasses import dataclass
from urllib.parse import quote

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

HASHES = {"sha1": SHA1(), "sha256": SHA256()}


@dataclass(frozen=True)
class Question:
    """A certificate and a hash.

    Attributes:
        issuer: the CA's certificate.
        serial: of the certificate.
        hash: `sha1` or `sha256`.
    """

    issuer: x509.Certificate
    serial: int
    hash: str

    @property
    def name_hash(self) -> bytes:
        """The issuerNameHash."""
        return hashlib.new(self.hash, self.issuer.subject.public_bytes()).digest()

    @property
    def key_hash(self) -> bytes:
        """The issuerKeyHash: of the BIT STRING's content."""
        return hashlib.new(self.hash, key_octets(self.issuer)).digest()

    def request(self, nonce: bytes | None = None, *, stranger: bool = False) -> bytes:
        """The request in DER; of `stranger`, with the key hash of a CA that nobody has."""
        key_hash = bytes(len(self.key_hash)) if stranger else self.key_hash
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            self.name_hash, key_hash, self.serial, HASHES[self.hash]
        )
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return builder.build().public_bytes(Encoding.DER)

    def path(self, *, escape: bool = True) -> str:
        """The request as the path of a GET (RFC 9919 section 6)."""
        text = base64.b64encode(self.request()).decode()
        return quote(text, safe="") if escape else text


def key_octets(certificate: x509.Certificate) -> bytes:
    """What an issuerKeyHash and a ResponderID byKey are of."""
    info = asn1.Certificate.load(certificate.public_bytes(Encoding.DER)).public_key
    octets: bytes = info["public_key"].contents[1:]
    return octets
