"""What the facts alone know to have left CRLs: it is noted once more when pages are made anew, in case it was lost.

That an entry was released, and that it moved to another group. What had expired is on CRLs again then, and leaves anew.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from revocation.artifacts import Kind
from revocation.departed import Departed, Why
from revocation.issuer import Issuer
from revocation.status import Reason
from signer.ledger.facts import RELEASED, REVOKED, status_of_certificate
from signer.ledger.groups import Group
from signer.ledger.schema import certificates, facts, issued


def left_by(connection: Connection, issuer: Issuer) -> Iterator[tuple[Group, Departed]]:
    """What left which group; nothing where there never was a CRL that could have had it."""
    crls = select(issued.c.sequence).where(issued.c.issuer == issuer.id, issued.c.kind == str(Kind.CRL))
    if connection.execute(crls.limit(1)).scalar() is None:
        return
    yield from _released(connection, issuer)
    yield from _moved(connection, issuer)


def _released(connection: Connection, issuer: Issuer) -> Iterator[tuple[Group, Departed]]:
    query: Select[Any] = (
        select(certificates.c.serial, certificates.c.is_ca, certificates.c.shard)
        .join(facts, status_of_certificate())
        .where(certificates.c.issuer == issuer.id, facts.c.kind == RELEASED)
    )
    for serial, is_ca, shard in connection.execute(query):
        yield Group(is_ca, shard or 0, int(Reason.certificateHold)), Departed(serial, Why.RELEASED)


def _moved(connection: Connection, issuer: Issuer) -> Iterator[tuple[Group, Departed]]:
    """Where the reason did not change, the certificate may have turned out to be a CA's, or not to be one."""
    earlier = facts.alias("earlier")
    of_certificate = and_(earlier.c.issuer == certificates.c.issuer, earlier.c.serial == certificates.c.serial)
    query: Select[Any] = (
        select(certificates.c.serial, certificates.c.is_ca, certificates.c.shard, earlier.c.reason)
        .add_columns((earlier.c.reason == facts.c.reason).label("same"))
        .join(earlier, of_certificate)
        .join(facts, status_of_certificate())
        .where(certificates.c.issuer == issuer.id, facts.c.kind == REVOKED, earlier.c.kind == REVOKED)
        .where(earlier.c.revision < certificates.c.status_revision)
        .distinct()
    )
    for serial, is_ca, shard, reason, same in connection.execute(query):
        yield Group(bool(is_ca) != bool(same), shard or 0, reason), Departed(serial, Why.MOVED)
