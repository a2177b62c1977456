"""What a delta CRL says (RFC 5280 section 5.2.4): all that changed since a complete CRL that relying parties may hold.

The base is the oldest published complete CRL that is still valid: whoever has that one, or a later one, is brought up
to date. A release, and what moved to another CRL, is an entry with removeFromCRL (section 5.3.1).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, select
from sqlalchemy.sql.elements import ColumnElement

from revocation.clock import from_epoch
from revocation.crlbytes import serial_of
from revocation.departed import Why
from revocation.issuer import Issuer
from signer.encoding.crl import encode_removal
from signer.ledger.facts import REVOKED, status_of_certificate
from signer.ledger.groups import Selection
from signer.ledger.issued import Issued
from signer.ledger.schema import certificates, departures, facts

_LEAVING: Final = (str(Why.RELEASED), str(Why.MOVED))


def changes(connection: Connection, issuer: Issuer, selection: Selection, base: Issued, now: datetime) -> list[bytes]:
    """The entries (DER) of a delta: what is revoked by facts that the base does not have, then what left since.

    Pages have to be up to the facts: departures are noted when they are brought up.
    """
    revoked = list(_revoked(connection, issuer, selection, base.revision))
    serials = {serial_of(entry) for entry in revoked}
    left = _left(connection, issuer, selection, base.departed)
    removed = {serial: min(when, now) for serial, when in left.items() if serial not in serials}
    return revoked + [encode_removal(serial, when) for serial, when in removed.items()]


def _revoked(connection: Connection, issuer: Issuer, selection: Selection, after: int) -> Iterator[bytes]:
    query: Select[Any] = (
        select(facts.c.entry)
        .join(certificates, and_(status_of_certificate(), certificates.c.serial == facts.c.serial))
        .where(facts.c.issuer == issuer.id, facts.c.revision > after, facts.c.kind == REVOKED, *_in(selection))
        .order_by(facts.c.revision)
    )
    yield from connection.execute(query).scalars()


def _in(selection: Selection) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if selection.is_ca is not None:
        conditions.append(certificates.c.is_ca == selection.is_ca)
    if selection.shard is not None:
        conditions.append(func.coalesce(certificates.c.shard, 0) == selection.shard)
    if selection.reasons:
        conditions.append(facts.c.reason.in_(selection.reasons))
    return conditions


def _left(connection: Connection, issuer: Issuer, selection: Selection, after: int) -> dict[bytes, datetime]:
    """What was released or moved since a departure, with when that was recorded. What expired may stay on the base.

    That it left counts only as long as it did not come back: pages that were lost have all of it noted again.
    """
    query = select(departures.c.serial, departures.c.recorded_at).where(
        *selection.where(issuer, departures), departures.c.id > after, departures.c.why.in_(_LEAVING)
    )
    here = (certificates.c.issuer == departures.c.issuer, certificates.c.serial == departures.c.serial)
    listed = select(facts.c.revision).join(certificates, status_of_certificate())
    listed = listed.where(*here, facts.c.kind == REVOKED, *_in(selection))
    rows = connection.execute(query.where(~listed.exists()).order_by(departures.c.id))
    return {row.serial: from_epoch(row.recorded_at) for row in rows}
