"""Who signs: an issuer is (subject DN, public key), whatever the number of CA certificates that name it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cryptography import x509

from revocation.der import SEQUENCE, expect, public_key_octets, values
from revocation.errors import ConfigurationError
from revocation.extensions import extension_value
from revocation.rsassa_pss import allows, is_pss_only

_VERSION = 0xA0


@dataclass(frozen=True)
class Issuer:
    """One issuer with its CA certificates (renewed and cross-signed ones share everything but their DER).

    Attributes:
        name: what the operator calls it; unique in a configuration.
        subject: the DER of the subject DN, byte for byte as in the certificates (RFC 5280 section 5.1.2.3).
        public_key_info: the DER of the SubjectPublicKeyInfo.
        certificates: the CA certificates, newest first.
    """

    name: str
    subject: bytes
    public_key_info: bytes
    certificates: tuple[x509.Certificate, ...]

    @classmethod
    def of(cls, name: str, certificates: Sequence[x509.Certificate]) -> "Issuer":
        """The issuer that all of `certificates` name.

        Raises:
            ConfigurationError: there are none, they name different issuers, or one is no CA's or may sign no CRLs.
        """
        if not certificates:
            raise ConfigurationError("no CA certificate is given", where=f"issuer {name}")
        identities = {_identity(c) for c in certificates}
        if len(identities) != 1:
            raise ConfigurationError(
                "its certificates have different subjects or keys",
                where=f"issuer {name}",
                advice="a CA re-keyed under the same name is another issuer: give it an entry of its own",
            )
        for certificate in certificates:
            _require_ca(name, certificate)
        ((subject, key),) = identities
        last_first = reversed(
            certificates
        )  # of two that began at once, as one renewed within the hour, the one put behind
        newest_first = sorted(last_first, key=lambda c: c.not_valid_before_utc, reverse=True)
        return cls(name, subject, key, tuple(newest_first))

    @cached_property
    def id(self) -> str:
        """Eight hexadecimal digits that name the issuer in paths, bundles and stores: SHA-256 of subject and key."""
        return self.octets.hex()

    @cached_property
    def octets(self) -> bytes:
        """The four octets of `id`, as they stand in a store key."""
        return hashlib.sha256(self.subject + self.public_key_info).digest()[:4]

    @cached_property
    def key_octets(self) -> bytes:
        """The octets of the public key: what OCSP hashes."""
        return public_key_octets(self.public_key_info)

    @cached_property
    def key_identifier(self) -> bytes:
        """The keyIdentifier of the AKI in what this issuer signs: its certificate's SKI (RFC 5280 section 4.2.1.1)."""
        try:
            return self.certificates[0].extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        except x509.ExtensionNotFound:
            return hashlib.sha1(self.key_octets, usedforsecurity=False).digest()

    @cached_property
    def signs_responses(self) -> bool:
        """Whether its key may sign OCSP responses itself: the keyUsage of its newest certificate has digitalSignature.

        RFC 6960 section 4.2.2.2 wants the key alone. Of the certificates of a key a relying party has one, and what the
        newest lacks nobody will get.
        """
        usage = extension_value(self.certificates[0].extensions, x509.KeyUsage)
        return usage is None or usage.digital_signature

    @property
    def not_before(self) -> datetime:
        """When the first of its certificates began."""
        return min(certificate.not_valid_before_utc for certificate in self.certificates)

    @property
    def not_after(self) -> datetime:
        """When the last of the certificates expires; from then on the issuer has expired."""
        return max(c.not_valid_after_utc for c in self.certificates)


def _identity(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """Subject and SubjectPublicKeyInfo as they stand in the certificate (RFC 5280 section 4.1).

    Encoding them again may change octets (a compressed point, the order of an RDN), and CertIDs hash octets.
    """
    tbs = certificate.tbs_certificate_bytes
    fields = [tbs[begin:end] for tag, begin, _, end in values(tbs, *expect(tbs, 0, SEQUENCE)) if tag != _VERSION]
    _serial, _algorithm, _issuer, _validity, subject, public_key_info, *_ = fields
    return subject, public_key_info


def _require_ca(name: str, certificate: x509.Certificate) -> None:
    if not certificate.subject.rdns:
        raise ConfigurationError("its certificate has an empty subject", where=f"issuer {name}")
    try:
        constraints = extension_value(certificate.extensions, x509.BasicConstraints)  # version 1 roots have none
        usage = extension_value(certificate.extensions, x509.KeyUsage)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ConfigurationError(f"malformed extensions: {error}", where=f"issuer {name}") from error
    if constraints is not None and not constraints.ca:
        raise ConfigurationError("its certificate is not a CA's (basicConstraints CA:FALSE)", where=f"issuer {name}")
    if usage is not None and not usage.crl_sign:
        raise ConfigurationError(
            "the keyUsage of its certificate lacks cRLSign: relying parties refuse its CRLs (RFC 5280 section 6.3.3)",
            where=f"issuer {name}",
            advice="have its certificate issued again with cRLSign; CRLs that another key signs are not made here",
        )
    _, public_key_info = _identity(certificate)
    if is_pss_only(public_key_info) and not allows(public_key_info):
        raise ConfigurationError(
            "its key is for RSASSA-PSS with parameters of its own (RFC 4055 section 3.3), and what is signed here has "
            "SHA-256, MGF1 with SHA-256 and a salt of 32 octets: relying parties would refuse all of it",
            where=f"issuer {name}",
            advice="have its certificate issued again with such parameters, or without any",
        )
