"""The kinds of certificates that are issued, and what follows from each whatever its profile says."""

from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from revocation.compliance import Compliance
from revocation.keykind import KeyKind
from signer.encoding.extensions import key_usage
from signer.issuers.usages import USAGES
from signer.keys.purpose import Purpose

_TRANSPORT: Final = (
    KeyKind.P256,
    KeyKind.P384,
    KeyKind.RSA2048,
    KeyKind.RSA3072,
    KeyKind.RSA4096,
    KeyKind.ED25519,
)
"""Keys that clients at hand know, and Mozilla's root program takes: P-521 only where a profile names it."""


class Kind(StrEnum):
    """What a certificate is for, as `kind` of a profile names it."""

    SERVER = "server"
    CLIENT = "client"
    SERVER_CLIENT = "server_client"
    EMAIL = "email"
    CODE_SIGNING = "code_signing"
    OCSP = "ocsp"
    INTERMEDIATE = "intermediate"

    @property
    def usages(self) -> tuple[str, ...]:
        """Object identifiers of the extended key usages (RFC 5280 section 4.2.1.12)."""
        return tuple(USAGES[name] for name in _USAGES[self])

    @property
    def name_types(self) -> tuple[str, ...]:
        """Which names may stand in its subjectAltName."""
        return _NAMES[self]

    @property
    def needs_names(self) -> bool:
        """Whether it is nothing without one."""
        return self.is_server or self is Kind.EMAIL

    @property
    def is_server(self) -> bool:
        """Whether clients hold its names against where they connect to."""
        return self in (Kind.SERVER, Kind.SERVER_CLIENT)

    @property
    def is_ca(self) -> bool:
        """Whether it is the certificate of a CA."""
        return self is Kind.INTERMEDIATE

    @property
    def purpose(self) -> Purpose:
        """What the limits of a key call it: a key that may sign certificates makes no CA by that."""
        match self:
            case Kind.INTERMEDIATE:
                return Purpose.CA_CERTIFICATE
            case Kind.OCSP:
                return Purpose.RESPONDER_CERTIFICATE
        return Purpose.CERTIFICATE

    @property
    def usual_keys(self) -> tuple[KeyKind, ...]:
        """What is certified where the profile does not say it."""
        return tuple(KeyKind) if self in (Kind.INTERMEDIATE, Kind.CODE_SIGNING) else _TRANSPORT

    def key_usage(self, key: PublicKeyTypes, compliance: Compliance) -> x509.KeyUsage:
        """The keyUsage of an end entity: what it signs, and what its kind of key can do besides.

        RSA of servers had secrets sent to it before TLS 1.3; the BRs want it for one of both (section 7.1.2.7.11).
        """
        has_secrets_sent = self is Kind.EMAIL or (self.is_server and compliance is Compliance.PKIX)
        return key_usage(
            signs=True,
            enciphers_keys=has_secrets_sent and isinstance(key, rsa.RSAPublicKey),
            agrees_on_keys=self is Kind.EMAIL and isinstance(key, ec.EllipticCurvePublicKey),
        )


_USAGES: Final = {
    Kind.SERVER: ("serverAuth",),
    Kind.CLIENT: ("clientAuth",),
    Kind.SERVER_CLIENT: ("serverAuth", "clientAuth"),
    Kind.EMAIL: ("emailProtection",),
    Kind.CODE_SIGNING: ("codeSigning",),
    Kind.OCSP: (),
    Kind.INTERMEDIATE: (),
}
_NAMES: Final = {
    Kind.SERVER: ("dns", "ip"),
    Kind.CLIENT: ("dns", "ip", "email", "uri"),
    Kind.SERVER_CLIENT: ("dns", "ip", "uri"),
    Kind.EMAIL: ("email",),
    Kind.CODE_SIGNING: ("uri", "email"),
    Kind.OCSP: (),
    Kind.INTERMEDIATE: (),
}
