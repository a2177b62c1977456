"""Renewal information (RFC 9773): when to renew; at once, once a certificate is revoked or its issuer is replaced."""

from datetime import datetime, timedelta
from typing import Any, Final

from registrar.acme.asked import Answer, not_there
from registrar.acme.certid import require_certid
from registrar.acme.services import Services
from registrar.database import certificates
from registrar.database.rows import Certificate
from registrar.tenant import Tenant
from revocation.clock import iso
from revocation.serials import from_hex, to_int

_SHORT: Final = timedelta(days=10)
_WIDTH: Final = 25
"""The window is this part of the validity."""
_BEHIND: Final = timedelta(hours=1)
_SOONEST: Final = timedelta(minutes=1)

Window = tuple[datetime, datetime]


def renewal_info(services: Services, tenant: Tenant, certid: str) -> Answer:
    """The window of a certificate, for anybody who knows it."""
    require_certid(certid)
    with services.database.read() as connection:
        found = certificates.by_certid(connection, tenant.name, certid)
    if found is None:
        raise not_there("certificate of this CA")
    now = services.clock()
    begin, end = _window(services, tenant, found, now)
    said: dict[str, Any] = {"suggestedWindow": {"start": iso(begin), "end": iso(end)}}
    if tenant.table.renewal.explanation:
        said["explanationURL"] = tenant.table.renewal.explanation
    again = min(tenant.table.renewal.asked_again_after, max(_SOONEST, (found.not_after - found.not_before) / _WIDTH))
    return Answer(said, headers={"Retry-After": str(int(again.total_seconds()))})


def _window(services: Services, tenant: Tenant, found: Certificate, now: datetime) -> Window:
    usual = usual_window(found.not_before, found.not_after)
    if now >= found.not_after:
        return usual
    if _is_revoked(services, found):
        return now - _BEHIND, now - _BEHIND / 2
    replaced = tenant.table.renewal.replaced_at
    if found.ca != tenant.issuer.id or tenant.profile.last_crl is not None:
        replaced = replaced or found.not_before
    if replaced is not None and found.not_before <= replaced <= now:
        begin = min(replaced, usual[0])
        return begin, max(begin + timedelta(seconds=1), min(replaced + tenant.table.renewal.replaced_within, usual[1]))
    return usual


def usual_window(not_before: datetime, not_after: datetime) -> Window:
    """Around two thirds of the validity, or half of it where that is ten days or less."""
    lasts = not_after - not_before
    begin = not_after - lasts / (2 if lasts <= _SHORT else 3)
    return begin, begin + max(timedelta(seconds=1), lasts / _WIDTH)


def _is_revoked(services: Services, found: Certificate) -> bool:
    """Whether it is published so, whoever had it revoked: what the signer has said can be forged."""
    if found.revoked_at is not None and found.seen_at is not None:
        return True
    profile = services.public.profiles.get(found.ca)
    if profile is None:  # its former key is not in use here any more
        return False
    published = services.statuses.published(profile.issuer, to_int(from_hex(found.serial)))
    return published is not None and published.revoked_at is not None
