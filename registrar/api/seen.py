"""What is published of a certificate, noted: replies of the signer are claims, and others have certificates revoked."""

from datetime import datetime

from registrar.api.asked import Asked
from registrar.api.models import Status
from registrar.api.problems import APIProblem
from registrar.api.services import APIServices
from registrar.api.status import look
from registrar.database import certificates
from registrar.database.rows import Certificate
from registrar.database.states import State, record_seen
from registrar.tenant import Tenant
from revocation.serials import from_hex, to_int


def seen_if_told(asked: Asked, one: Certificate) -> Certificate:
    """A certificate of which nobody has seen yet what the signer said, as far as it can be seen now."""
    if one.state_at is None or one.seen_at is not None:
        return one
    try:
        return note(asked.services, one, look(asked.services, asked.tenant.issuer, asked.serial_number), asked.now)
    except APIProblem:
        return one


def is_seen_revoked(services: APIServices, tenant: Tenant, ca: str, serial: str) -> bool:
    """Whether it is published that it is revoked for good; that is noted."""
    try:
        found = look(services, services.public.profiles[ca].issuer, to_int(from_hex(serial)))
    except (APIProblem, KeyError):
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
