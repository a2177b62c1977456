"""From an order that is processed to its certificate: whoever looks at the order takes it a step further, its client or
this server.

The signer is asked under the id that stands with the order, so nothing is issued twice, whoever asks how often.
"""

import logging
import time
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import AuthorityInformationAccessOID

from registrar.acme.certid import certid_of
from registrar.acme.identifiers import as_name
from registrar.acme.message import tenant_asked
from registrar.acme.services import Services
from registrar.database import certificates
from registrar.database import orders as stored
from registrar.database.rows import Certificate, Order, Status
from registrar.issuance import CertificateRequest, Issued
from registrar.problem import Problem, ProblemType
from registrar.received import names_of, require_key, require_new, require_signed_by
from registrar.tenant import Tenant
from revocation import serials
from revocation.errors import QueueUnreachable
from revocation.extensions import extension_value
from revocation.logs import about

_LOG: Final = logging.getLogger("revocast.registrar")
_LOOK_SECONDS: Final = 0.1
_PUBLISHED_SECONDS: Final = 1.0
"""How long a thread waits for a response at most: it is served within a moment, or something is wrong."""


_OF_THE_CSR: Final = frozenset({ProblemType.BAD_CSR, ProblemType.BAD_PUBLIC_KEY})


class NotWhatWasAsked(Exception):
    """A reply has a certificate that the issuer did not sign, or not for what was asked: it counts as none."""


def pursue(services: Services, tenant: Tenant, one: Order, seconds: float, *, may_be_mended: bool = False) -> Order:
    """The order as it is after one more step: valid, invalid, or processed still.

    Args:
        seconds: to wait in all, for the signer, and for at most a second of them until `publish_first` is met.
        may_be_mended: whoever asks is told of a refusal at once, and can send another CSR for the same order.

    Raises:
        Problem: the signer had enough for now; or what it refuses can be mended. The order is as it was.
    """
    until = time.monotonic() + seconds
    asked = tenant_asked(tenant, services.public, one)
    tenant = asked or tenant
    try:
        issued = services.issuance.issue(tenant, _wanted(tenant, one), seconds)
        if not isinstance(issued, Issued):
            return one
        certificate = _read(services, tenant, one, issued.certificate)
    except QueueUnreachable as error:
        _LOG.warning("order %s waits: %s", one.id, error)
        return one
    except NotWhatWasAsked as error:
        _LOG.error("order %s: the reply does not have what was asked: %s", one.id, error)
        return one if asked else _refused(services, one, _gone())
    except Problem as problem:
        if problem.retry_after is not None or (may_be_mended and problem.type in _OF_THE_CSR):
            raise
        return _refused(services, one, problem)
    if tenant.table.publish_first and not _is_published_until(services, tenant, certificate, until):
        _tell_of(certificate, one)
        return one
    return _ended(services, one, certificate)


def _tell_of(certificate: Certificate, one: Order) -> None:
    _LOG.info(
        "order %s of %s: certificate %s is held back, since no OCSP response of it is served yet (publish_first)",
        *(one.id, one.issuer, certificate.serial),
        extra=about(message_id=one.message),
    )


def _gone() -> Problem:
    detail = "the key by which this certificate was to be issued is not in use here any more: order again"
    return Problem(ProblemType.SERVER_INTERNAL, detail, status=500)


def _wanted(tenant: Tenant, one: Order) -> CertificateRequest:
    if one.csr is None or one.message is None:
        raise ValueError(f"order {one.id} is processed, and has no CSR")
    return CertificateRequest(
        csr=one.csr,
        names=[as_name(name) for name in one.names],
        profile=one.profile,
        not_before=one.not_before,
        not_after=one.not_after,
        asked_by=f"account {tenant.url('account', one.account)}",
        id=one.message,
    )


def _refused(services: Services, one: Order, problem: Problem) -> Order:
    _LOG.warning(
        "order %s of %s is refused: %s", one.id, one.issuer, problem.detail, extra=about(message_id=one.message)
    )
    with services.database.write() as connection:
        stored.end(connection, one, Status.INVALID, problem.as_json())
        return stored.order(connection, one.issuer, one.id) or one


def _ended(services: Services, one: Order, certificate: Certificate) -> Order:
    with services.database.write() as connection:
        is_ours = stored.end(connection, one, Status.VALID)
        if is_ours:
            certificates.add(connection, certificate)
        now = stored.order(connection, one.issuer, one.id) or one
    if is_ours:
        _LOG.info(
            "order %s of %s is issued: certificate %s, for account %s",
            *(one.id, one.issuer, certificate.serial, one.account),
            extra=about(message_id=one.message),
        )
    return now


def _read(services: Services, tenant: Tenant, one: Order, der: bytes) -> Certificate:
    """The certificate in a reply, which its issuer signed for the order, for its key and its names.

    Raises:
        NotWhatWasAsked: it did not.
    """
    try:
        found = x509.load_der_x509_certificate(der)
        require_signed_by(tenant, found)
        require_key(one.csr or b"", found)
        names = names_of(found)
        serial = serials.to_hex(serials.from_int(found.serial_number))
        with services.database.read() as connection:
            known = certificates.by_serial(connection, tenant.name, tenant.issuer.id, serial)
        require_new(found, known, one.id, one.created_at)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
        raise NotWhatWasAsked(str(error) or type(error).__name__) from error
    wanted = {as_name(name) for name in one.names}
    if names != wanted:
        raise NotWhatWasAsked("it is for other names")
    return Certificate(
        id=one.id,
        issuer=tenant.name,
        ca=tenant.issuer.id,
        serial=serial,
        certid=certid_of(found),
        account=one.account,
        names=sorted(names),
        profile=one.profile,
        not_before=_utc(found.not_valid_before_utc),
        not_after=_utc(found.not_valid_after_utc),
        der=der,
    )


def _utc(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _is_published_until(services: Services, tenant: Tenant, certificate: Certificate, until: float) -> bool:
    """Whether its OCSP response is served by then (monotonic clock), or within a second; looked for once at least."""
    until = min(until, time.monotonic() + _PUBLISHED_SECONDS)
    while not _is_published(services, tenant, certificate):
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _is_published(services: Services, tenant: Tenant, certificate: Certificate) -> bool:
    """Whether its OCSP response is served; yes of one that names no responder, as those of a short life do not."""
    found = x509.load_der_x509_certificate(certificate.der)
    places = extension_value(found.extensions, x509.AuthorityInformationAccess)
    if not any(one.access_method == AuthorityInformationAccessOID.OCSP for one in places or ()):
        return True
    published = services.statuses.published(tenant.issuer, found.serial_number, fresh=True)
    return published is not None and published.is_there
