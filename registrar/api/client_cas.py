"""The CAs of `client_cas`: whose certificates clients show. Each signs them directly, and is one that may sign.

An issuer of ours signs for whoever may have a certificate of it, with subjects that they say themselves: of its
certificates a subject names nobody, and a client is named by the fingerprint.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registrar.api.config import APITable
from revocation.config import PublicConfig, load_certificates
from revocation.errors import ConfigurationError
from revocation.extensions import extension_value


def read(paths: Sequence[Path]) -> list[x509.Certificate]:
    """All of them. Raises ConfigurationError where a file cannot be read."""
    return [one for path in paths for one in load_certificates(path)]


def require_usable(table: APITable, public: PublicConfig) -> None:
    """Return if each may sign certificates, and no client is named by a subject that others can have certified.

    Raises:
        ConfigurationError: one is no CA, or an issuer of `[public]` beside a client with a `subject`.
    """
    ours = {
        _key(one): profile.issuer.name for profile in public.profiles.values() for one in profile.issuer.certificates
    }
    named = next((client.subject for client in table.clients if client.subject), None)
    for path in table.client_cas:
        for one in load_certificates(path):
            if not is_ca(one):
                raise ConfigurationError(
                    "is in `client_cas`, and no CA: it has no basicConstraints with CA:TRUE, or its keyUsage lets it "
                    "sign no certificates",
                    where=str(path),
                    advice="put the certificate of the CA that signs those of clients there",
                )
            if named and (issuer := ours.get(_key(one))):
                raise ConfigurationError(
                    f"is the issuer {issuer}, and a client is named by `subject = {named!r}`: whoever may have a "
                    "certificate issued with that subject would be that client",
                    where=str(path),
                    advice="write `fingerprint` in [[registrar.api.clients]], or leave the issuer out of `client_cas`",
                )


def may_sign(one: x509.Certificate, now: datetime) -> bool:
    """Whether it is a CA, and within its time (RFC 5280 section 6.1.4)."""
    return one.not_valid_before_utc <= now <= one.not_valid_after_utc and is_ca(one)


def is_ca(one: x509.Certificate) -> bool:
    """Whether it may sign certificates at all."""
    try:
        constraints = extension_value(one.extensions, x509.BasicConstraints)
        usage = extension_value(one.extensions, x509.KeyUsage)
    except (ValueError, x509.DuplicateExtension):
        return False
    return constraints is not None and constraints.ca and (usage is None or usage.key_cert_sign)


def _key(one: x509.Certificate) -> bytes:
    return one.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
