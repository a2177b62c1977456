"""Clients that show a certificate: over TLS that ends here, or to a proxy that is trusted to have seen their key used.

Whose it is stands in [[registrar.api.clients]]. One that an issuer of ours signed has to be `good` by its OCSP
response; one that others signed is taken until it ends, or its line is taken out of the configuration.
"""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID

from registrar.api import client_cas
from registrar.api.caller import Caller, not_recognised
from registrar.api.config import LONGEST_NAME, ClientTable
from registrar.api.problems import APIProblem, unavailable
from registrar.api.services import APIServices
from registrar.api.status import look
from revocation.visible import visible

_LONGEST: Final = 1 << 14


def shown_by(environ: Mapping[str, Any], services: APIServices) -> x509.Certificate | None:
    """The certificate that a client has shown; None where it has shown none, or nobody may say so.

    Raises:
        APIProblem: it is none that can be read.
    """
    if environ.get("SSL_CLIENT_VERIFY") == "SUCCESS":
        return _read(str(environ.get("SSL_CLIENT_CERT", "")).encode())
    header = services.table.client_certificate_header
    if header is None or not _is_proxy(environ, services):
        return None
    text = str(environ.get(f"HTTP_{header.upper().replace('-', '_')}", ""))
    return _read(unquote_to_bytes(text)) if text else None


def recognise(services: APIServices, shown: x509.Certificate, now: datetime) -> Caller:
    """Who shows a certificate.

    Raises:
        APIProblem: nobody who is known, or with one that does not hold.
    """
    signers = [one for one in client_cas.read(services.table.client_cas) if _is_signed(shown, one)]
    if not any(client_cas.may_sign(one, now) for one in signers):
        raise not_recognised("the client certificate is by none of `client_cas` that is a CA and has not expired")
    if not shown.not_valid_before_utc <= now <= shown.not_valid_after_utc or not _is_of_a_client(shown):
        raise not_recognised("the client certificate has expired, or is not for clients")
    client = next((one for one in services.table.clients if _is_of(one, shown)), None)
    if client is None:
        raise not_recognised("the client certificate is of nobody in [[registrar.api.clients]]")
    _require_good(services, shown)
    return Caller(f"client {_name(client, shown)}", client.scopes, client.issuers)


def _name(client: ClientTable, shown: x509.Certificate) -> str:
    """By what it is known: others may have the subject of who is known by a fingerprint, and are somebody else."""
    subject = visible(shown.subject.rfc4514_string())
    if client.fingerprint is None:
        return subject
    return f"sha256:{_fingerprint(shown).lower()} {subject}"[:LONGEST_NAME].rstrip()


def _is_proxy(environ: Mapping[str, Any], services: APIServices) -> bool:
    """Whether the connection is from a proxy itself: what came by a further one is not its word."""
    try:
        peer = ip_address(str(environ.get("REMOTE_ADDR", "")))
    except ValueError:
        return False
    found = getattr(peer, "ipv4_mapped", None) or peer
    return any(found in network for network in services.settings.trusted_proxies)


def _read(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem[:_LONGEST])
    except (ValueError, x509.InvalidVersion):
        raise not_recognised("the client certificate cannot be read") from None


def _is_signed(shown: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        shown.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_of_a_client(shown: x509.Certificate) -> bool:
    try:
        usages = shown.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usages


def _is_of(client: ClientTable, shown: x509.Certificate) -> bool:
    if client.fingerprint is not None:
        return client.fingerprint == _fingerprint(shown)
    return client.subject == shown.subject.rfc4514_string()


def _fingerprint(shown: x509.Certificate) -> str:
    return shown.fingerprint(SHA256()).hex().upper()


def _require_good(services: APIServices, shown: x509.Certificate) -> None:
    """Return if it is not known to be revoked, where that can be known: an issuer of ours signed it."""
    known = (profile.issuer for profile in services.public.profiles.values())
    signer = next((one for one in known if _is_signed(shown, one.certificates[0])), None)
    if signer is None:
        return
    try:
        found = look(services, signer, shown.serial_number)
    except APIProblem:
        raise unavailable("it cannot be seen now whether the client certificate is revoked") from None
    if found.status != "good":
        raise not_recognised("the client certificate is revoked, or nothing is published of it")
