"""What is published of a certificate, noted: replies of the signer are claims, and others have certificates revoked."""

from collections.abc import Iterable
from datetime import datetime

from registrar.api.models import Status
from registrar.api.problems import APIProblem
from registrar.api.services import APIServices
from registrar.api.status import look
from registrar.database import certificates
from registrar.database.rows import Certificate
from registrar.database.states import State, forget_seen, record_seen
from registrar.tenant import Tenant
from revocation.serials import from_hex, to_int


def seen(services: APIServices, one: Certificate) -> Certificate:
    """A certificate as it is known now: one whose state nobody has seen published yet is looked at."""
    if one.seen_at is not None:
        return one
    found = _look(services, one.ca, one.serial)
    return note(services, one, found, services.clock()) if found else one


def see_all(services: APIServices, tenant: Tenant, ca: str, names: Iterable[str]) -> None:
    """The same of several, by their serials, for as long as the responder answers: who asked does not wait for each."""
    for serial in names:
        with services.database.read() as connection:
            one = certificates.by_serial(connection, tenant.name, ca, serial)
        if one is None or one.seen_at is not None:
            continue
        found = _look(services, ca, serial)
        if found is None:
            return
        note(services, one, found, services.clock())


def look_again(services: APIServices, tenant: Tenant, ca: str, serial: str) -> None:
    """Look at one of which nobody said what was done, now or, where nobody answers, when it is asked for next."""
    with services.database.read() as connection:
        one = certificates.by_serial(connection, tenant.name, ca, serial)
    found = _look(services, ca, serial) if one else None
    if one and found:
        note(services, one, found, services.clock())
    elif one:
        with services.database.write() as connection:
            forget_seen(connection, tenant.name, ca, serial)


def is_seen_revoked(services: APIServices, tenant: Tenant, ca: str, serial: str) -> bool:
    """Whether it is published that it is revoked for good; that is noted."""
    found = _look(services, ca, serial)
    if found is None:
        return False
    with services.database.read() as connection:
        one = certificates.by_serial(connection, tenant.name, ca, serial)
    if one is not None:
        note(services, one, found, services.clock())
    return found.status == "revoked" and found.reason != "certificateHold"


def note(services: APIServices, one: Certificate, found: Status, now: datetime) -> Certificate:
    """Note what a response said, and give the certificate as it is known now."""
    if found.status not in ("good", "revoked") or found.this_update is None:
        return one
    state = State.published(found.revoked_at, found.reason)
    with services.database.write() as connection:
        return record_seen(connection, one, state, found.this_update, now)


def _look(services: APIServices, ca: str, serial: str) -> Status | None:
    """None where nobody answers, or the issuer is configured here no more."""
    try:
        return look(services, services.public.profiles[ca].issuer, to_int(from_hex(serial)))
    except (APIProblem, KeyError):
        return None
