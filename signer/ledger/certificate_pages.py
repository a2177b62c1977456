"""Certificates page by page, by what is known of them: for people and scripts that look for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, not_, or_, select

from revocation.clock import epoch, from_epoch
from revocation.status import Reason, Revocation
from signer.issuing.names import COMMON_NAME
from signer.ledger.facts import REVOKED, status_of_certificate
from signer.ledger.schema import certificate_names, certificates, facts, issuances


class State(StrEnum):
    """How a certificate stands."""

    GOOD = "good"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is absent does not matter.

    Attributes:
        issuers: ids.
        name: a name with its type, or a part of one.
        ends_before: notAfter is before that.
    """

    issuers: Sequence[str]
    serial: bytes | None = None
    name: str | None = None
    state: State | None = None
    ends_before: datetime | None = None


@dataclass(frozen=True)
class Listed:
    """What the ledger knows of one.

    Attributes:
        revision: of its issuer, by which it last changed.
        profile: that it was issued by; None of what was imported, as all that follows.
        at: when it was issued.
        der: None where the ledger does not have it.
    """

    issuer: str
    serial: bytes
    not_after: datetime | None
    is_ca: bool
    revocation: Revocation | None
    der: bytes | None
    names: Sequence[str]
    profile: str | None
    subject: str | None
    requester: str | None
    asked_by: str | None
    message: str | None
    at: datetime | None

    def state(self, now: datetime) -> State:
        """A certificate that has expired is that, revoked or not."""
        if self.not_after is not None and self.not_after <= now:
            return State.EXPIRED
        return State.REVOKED if self.revocation else State.GOOD


def page(
    connection: Connection, wanted: Wanted, now: datetime, most: int, after: tuple[str, bytes] | None = None
) -> list[Listed]:
    """So many of those that are wanted, in the order of issuer and serial.

    Args:
        after: issuer and serial of the last one of the page before.
    """
    key = certificates.c.issuer, certificates.c.serial
    query = _known().where(certificates.c.issuer.in_(wanted.issuers), *_conditions(wanted, now))
    if after is not None:
        query = query.where(or_(key[0] > after[0], and_(key[0] == after[0], key[1] > after[1])))
    return [_listed(connection, row) for row in connection.execute(query.order_by(*key).limit(most)).all()]


def _known() -> Select[Any]:
    issued = and_(issuances.c.issuer == certificates.c.issuer, issuances.c.serial == certificates.c.serial)
    of_certificate = ("issuer", "serial", "not_after", "is_ca", "der")
    of_issuance = ("profile", "subject", "requester", "asked_by", "message", "at")
    columns = (
        *(certificates.c[name] for name in of_certificate),
        *(issuances.c[name].label(f"issued_{name}") for name in of_issuance),
        *(facts.c[name].label(f"fact_{name}") for name in ("kind", "revoked_at", "reason", "invalidity_date")),
    )
    query = select(*columns).join(facts, status_of_certificate(), isouter=True)
    return query.join(issuances, issued, isouter=True)


def _conditions(wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    end = certificates.c.not_after
    found: list[ColumnElement[bool]] = []
    if wanted.serial is not None:
        found.append(certificates.c.serial == wanted.serial)
    if wanted.name is not None:
        found.append(_has_name(wanted.name))
    if wanted.ends_before is not None:
        found.append(end < epoch(wanted.ends_before))
    if wanted.state is not None:
        found.append(stands(wanted.state, now))
    return found


def _has_name(name: str) -> ColumnElement[bool]:
    """One that is whole where its type stands before it, else a part of one."""
    named = certificate_names.c
    same = and_(named.issuer == certificates.c.issuer, named.serial == certificates.c.serial)
    is_whole = name.startswith(_TYPES)
    wanted = named.name == name if is_whole else named.name.contains(name, autoescape=True)
    return exists().where(same, wanted)


_TYPES: Final = ("dns:", "ip:", "email:", "uri:", COMMON_NAME)


def stands(state: State, now: datetime) -> ColumnElement[bool]:
    """Whether a certificate is in that state, of rows that have its latest status fact beside them."""
    end = certificates.c.not_after
    has_expired = and_(end.is_not(None), end <= epoch(now))
    is_revoked = and_(facts.c.kind.is_not(None), facts.c.kind == REVOKED)
    match state:
        case State.EXPIRED:
            return has_expired
        case State.REVOKED:
            return and_(not_(has_expired), is_revoked)
    return and_(not_(has_expired), or_(facts.c.kind.is_(None), facts.c.kind != REVOKED))


def _listed(connection: Connection, row: Row[Any]) -> Listed:
    named = certificate_names.c
    which = (named.issuer == row.issuer, named.serial == row.serial, ~named.name.startswith(COMMON_NAME))
    names = connection.execute(select(named.name).where(*which).order_by(named.name)).scalars().all()
    revocation = None
    if row.fact_kind == REVOKED:
        since = None if row.fact_invalidity_date is None else from_epoch(row.fact_invalidity_date)
        revocation = Revocation(from_epoch(row.fact_revoked_at), Reason(row.fact_reason), since)
    return Listed(
        issuer=row.issuer,
        serial=bytes(row.serial),
        not_after=None if row.not_after is None else from_epoch(row.not_after),
        is_ca=row.is_ca,
        revocation=revocation,
        der=None if row.der is None else bytes(row.der),
        names=names,
        profile=row.issued_profile,
        subject=row.issued_subject,
        requester=row.issued_requester,
        asked_by=row.issued_asked_by,
        message=row.issued_message,
        at=None if row.issued_at is None else from_epoch(row.issued_at),
    )
