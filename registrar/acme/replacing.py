"""Orders that replace a certificate (RFC 9773 section 5): which may, and which only renew it."""

from collections.abc import Sequence

from sqlalchemy import Connection

from registrar.acme.asked import Asked
from registrar.acme.identifiers import as_name
from registrar.acme.strict_json import malformed
from registrar.database import certificates
from registrar.database import orders as stored
from registrar.database.rows import Certificate, Order, Status
from registrar.problem import Identifier, Problem, ProblemType


def replaced_by(asked: Asked, made: Order) -> Certificate | None:
    """The certificate that an order replaces: the account's own, for at least one of the names, and replaced once.

    Raises:
        Problem: it is none that this order can replace.
    """
    if made.replaces is None:
        return None
    with asked.services.database.read() as connection:
        found = certificates.by_certid(connection, asked.tenant.name, made.replaces)
        if found is None:
            raise malformed("`replaces` is no certificate of this CA", status=404)
        if found.account != asked.account.id:
            raise Problem(ProblemType.UNAUTHORIZED, "`replaces` is a certificate of another account", status=403)
        if not set(found.names) & set(map(as_name, made.names)):
            raise malformed("`replaces` is a certificate for none of these names")
        if found.replaced_by is not None and _goes_on(connection, asked, found.replaced_by):
            raise already_replaced()
    return found


def is_renewal(names: Sequence[Identifier], replaced: Certificate | None) -> bool:
    """Whether it has the names of the certificate that it replaces, and no others: limits on new ones spare it."""
    return replaced is not None and set(replaced.names) == set(map(as_name, names))


def renews(asked: Asked, one: Order) -> bool:
    """The same of an order that was made before; one whose certificate is forgotten here is as any other."""
    if one.replaces is None:
        return False
    with asked.services.database.read() as connection:
        return is_renewal(one.names, certificates.by_certid(connection, asked.tenant.name, one.replaces))


def already_replaced() -> Problem:
    """The problem that another order does."""
    return Problem(ProblemType.ALREADY_REPLACED, "another order replaces this certificate", status=409)


def _goes_on(connection: Connection, asked: Asked, id_: str) -> bool:
    other = stored.order(connection, asked.tenant.name, id_)
    if other is None:  # it ended long ago
        return certificates.by_id(connection, asked.tenant.name, id_) is not None
    authorized = stored.authorizations_of(connection, asked.tenant.name, id_)
    return other.status_at(authorized, asked.now) is not Status.INVALID
