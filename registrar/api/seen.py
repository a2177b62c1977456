"""What is published of a certificate, noted: replies of the signer are claims, and others have certificates revoked."""

from registrar.api.asked import Asked
from registrar.api.former_keys import issuer_of
from registrar.api.models import Status
from registrar.api.problems import APIProblem
from registrar.api.status import look
from registrar.database.rows import Certificate
from registrar.database.states import State, record_seen


def seen_if_told(asked: Asked, one: Certificate) -> Certificate:
    """A certificate of which nobody has seen yet what the signer said, as far as it can be seen now."""
    if one.state_at is None or one.seen_at is not None:
        return one
    try:
        return note(asked, one, look(asked.services, issuer_of(asked, one), asked.serial_number))
    except APIProblem:
        return one


def note(asked: Asked, one: Certificate, found: Status) -> Certificate:
    """Note what a response said, and give the certificate as it is known now."""
    if found.status not in ("good", "revoked") or found.this_update is None:
        return one
    state = State.published(found.revoked_at, found.reason)
    with asked.services.database.write() as connection:
        return record_seen(connection, one, state, found.this_update, asked.now)
