"""The registrar's own TLS certificate: asked of the signer as any other, kept with its key in one file, and renewed.

The key is no CA key. Each certificate has a new one; both are in one file, so that they are of each other at any time.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from registrar.acme.chains import chains_of
from registrar.acme.services import Services
from registrar.config import OwnCertificateTable
from registrar.issuance import CertificateRequest, Issued
from registrar.problem import Problem
from registrar.tenant import Tenant
from revocation.clock import iso
from revocation.durable import make_folder, replace_content
from revocation.errors import QueueUnreachable, RevocastError

_LOG: Final = logging.getLogger("revocast.registrar")
_REPLY_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 1.0
_RENEWED_AFTER: Final = 2 / 3
"""Of its validity, as clients of ours are told to do it."""


class NotIssued(RevocastError):
    """The signer refuses it, or answers with something else."""


class OwnCertificate:
    """The certificate of `url`, in the file of `[registrar.own_certificate]`: its key, itself, its chain.

    Args:
        table: who issues it, by which profile, and where it lies.
        services: by which the signer is asked.
    """

    def __init__(self, table: OwnCertificateTable, services: Services) -> None:
        self._table, self._services = table, services
        self._tenant = services.tenants[table.issuer]
        self._name = name_of(services.settings.url)
        self._asked: _Request | None = None

    def look(self, renewed: Callable[[], None]) -> float:
        """Renew it if it is time, or if it is revoked; the seconds until it will be time.

        Raises:
            NotIssued: the signer refuses.
            QueueUnreachable: it cannot be asked now.
        """
        now = self._services.clock()
        found = self._found()
        if found is None or now >= renewal_of(found) or self._is_revoked(found):
            found = self._renew()
            if found is None:
                return _PAUSE_SECONDS
            renewed()
        return max(_PAUSE_SECONDS, (renewal_of(found) - now).total_seconds())

    def require(self) -> None:
        """Return when there is one that has not ended: at the first start, when the signer has issued it.

        Raises:
            NotIssued: the signer refuses.
        """
        found = self._found()
        while found is None or found.not_valid_after_utc <= self._services.clock():
            try:
                found = self._renew()
            except QueueUnreachable as error:
                _LOG.warning("the certificate of this server waits: %s", error)
                time.sleep(_PAUSE_SECONDS)

    def _found(self) -> x509.Certificate | None:
        """What lies there, if this issuer made it for this name."""
        try:
            found = x509.load_pem_x509_certificates(self._table.file.read_bytes())[0]
            _require(found, self._tenant, [self._name])
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NotIssued(f"cannot be read: {error.strerror}", where=str(self._table.file)) from error
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return None
        return found

    def _is_revoked(self, found: x509.Certificate) -> bool:
        """Whether it is published so. By a lie of the responder there is a new certificate at each look, no more."""
        published = self._services.statuses.published(self._tenant.issuer, found.serial_number, fresh=True)
        return published is not None and published.revoked_at is not None

    def _renew(self) -> x509.Certificate | None:
        """What the signer issued, written down; None if it does not answer: then it is asked for the same again."""
        request = self._asked = self._asked or _Request.new(self._name)
        url = self._services.settings.url
        wanted = CertificateRequest(
            request.csr, [request.name], self._table.profile, None, None, f"the registrar of {url}", request.id
        )
        try:
            issued = self._services.issuance.issue(self._tenant, wanted, _REPLY_SECONDS)
        except Problem as problem:
            if problem.retry_after is not None:
                _LOG.warning("the certificate of this server waits: %s", problem.detail)
                return None
            self._asked = None
            raise NotIssued(
                f"the certificate of this server is not issued: {problem.detail}",
                where=url,
                advice=f"see to the profile {self._table.profile} of {self._table.issuer} in [signer.issuers.issuance]",
            ) from problem
        if not isinstance(issued, Issued):
            _LOG.info("the certificate of this server waits for the signer")
            return None
        found = request.answered(issued.certificate, self._tenant)
        self._write(request, found)
        self._asked = None
        _LOG.info("the certificate of this server is issued, until %s", iso(found.not_valid_after_utc))
        return found

    def _write(self, request: "_Request", found: x509.Certificate) -> None:
        chain = chains_of(self._tenant, self._services.public, self._tenant.issuer.id)[0]
        pem = request.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        pem += b"".join(one.public_bytes(Encoding.PEM) for one in (found, *chain))
        try:
            make_folder(self._table.file.parent, 0o700)
            replace_content(self._table.file, pem, 0o600)
        except OSError as error:
            raise NotIssued(f"cannot be written: {error.strerror}", where=str(self._table.file)) from error


@dataclass(frozen=True)
class _Request:
    """A new key, what it asks for, and under which message id, the same each time that it is asked."""

    key: ec.EllipticCurvePrivateKey
    csr: bytes
    name: str
    id: str

    @classmethod
    def new(cls, name: str) -> "_Request":
        key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        return cls(key, builder.sign(key, SHA256()).public_bytes(Encoding.DER), name, uuid4().hex)

    def answered(self, der: bytes, tenant: Tenant) -> x509.Certificate:
        """The certificate of a reply, which its issuer signed for this key and name.

        Raises:
            NotIssued: it did not.
        """
        try:
            found = x509.load_der_x509_certificate(der)
            _require(found, tenant, [self.name])
            _require_key(found, self.key.public_key())
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
            raise NotIssued(f"the reply does not have what was asked: {error or type(error).__name__}") from error
        return found


def renewal_of(certificate: x509.Certificate) -> datetime:
    """When it is renewed."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begin + (end - begin) * _RENEWED_AFTER


def name_of(url: str) -> str:
    """What a URL has its certificate for, as in `Issue`: `dns:…` or `ip:…`."""
    host = urlsplit(url).hostname or ""
    try:
        return f"ip:{ip_address(host)}"
    except ValueError:
        return f"dns:{host}"


def _require(found: x509.Certificate, tenant: Tenant, names: Sequence[str]) -> None:
    """Return if the issuer signed it for these names.

    Raises:
        ValueError, TypeError, InvalidSignature, ExtensionNotFound: it did not.
    """
    found.verify_directly_issued_by(tenant.issuer.certificates[0])
    said = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    dns = [f"dns:{name}" for name in said.get_values_for_type(x509.DNSName)]
    if [*dns, *(f"ip:{one}" for one in said.get_values_for_type(x509.IPAddress))] != names:
        raise ValueError("it is for other names")


def _require_key(found: x509.Certificate, key: ec.EllipticCurvePublicKey) -> None:
    if found.public_key() != key:
        raise ValueError("it is for another key")
