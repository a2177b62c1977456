"""Facts about certificates: registered, revoked, released. Each takes the next revision of its issuer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, case, func, insert, or_, select, update

from revocation import serials
from revocation.clock import epoch, from_epoch
from revocation.issuer import Issuer
from revocation.status import Reason, Revocation
from signer.encoding.crl import encode_entry
from signer.ledger import changes, dates
from signer.ledger.schema import certificates, facts, issuers

REVOKED = "revoked"
RELEASED = "released"
SLICE_HASHES = 1 << 16


@dataclass(frozen=True)
class Origin:
    """Who asked for a fact, by which message, and when it was recorded."""

    requester: str
    message: str
    now: datetime


@dataclass(frozen=True)
class Certificate:
    """A certificate as the ledger knows it now."""

    serial: bytes
    not_after: datetime | None
    is_ca: bool
    shard: int | None
    revocation: Revocation | None
    released: bool


Status: TypeAlias = tuple[bytes, int | None, int]
"""The serial of a certificate; and where it is revoked, since when (epoch seconds) and why."""


def ensure_issuer(connection: Connection, issuer: Issuer) -> int:
    """Register the issuer if it is new; its revision now."""
    revision = connection.execute(
        select(issuers.c.revision).where(issuers.c.id == issuer.id).with_for_update()
    ).scalar()
    if revision is not None:
        return int(revision)
    connection.execute(insert(issuers).values(id=issuer.id, name=issuer.name, revision=0))
    return 0


def sum_of_revisions(connection: Connection) -> int:
    """Rises with every fact about any issuer."""
    return int(connection.execute(select(func.sum(issuers.c.revision))).scalar() or 0)


def revision_of(connection: Connection, issuer: Issuer) -> int:
    """The issuer's latest revision; 0 when nothing is known of it."""
    return int(connection.execute(_REVISION, {"the_issuer": issuer.id}).scalar() or 0)


def touch_crls(connection: Connection, issuer: Issuer) -> int:
    """Make every CRL of the issuer due, without a change of status; the revision that it has to cover."""
    revision = _next_revision(connection, issuer)
    changes.note_everywhere(connection, issuer, revision)
    return revision


def leave_out_revisions(connection: Connection, issuer: Issuer, number: int) -> None:
    """Go on so far above: those between may have been used by a ledger that was lost."""
    ensure_issuer(connection, issuer)
    own = issuers.c.id == issuer.id
    connection.execute(update(issuers).where(own).values(revision=issuers.c.revision + number))


def raise_revision(connection: Connection, issuer: Issuer, revision: int) -> None:
    """Go on above a revision of another ledger, whose facts this one has; never lowers."""
    ensure_issuer(connection, issuer)
    behind = (issuers.c.id == issuer.id, issuers.c.revision < revision)
    connection.execute(update(issuers).where(*behind).values(revision=revision))


def find(connection: Connection, issuer: Issuer, serial: bytes) -> Certificate | None:
    """The certificate with that serial, or None."""
    row = connection.execute(_FIND, _which(issuer, serial)).one_or_none()
    return _certificate(row) if row else None


def register(
    connection: Connection,
    issuer: Issuer,
    serial: bytes,
    *,
    not_after: datetime | None,
    is_ca: bool,
    der: bytes | None,
    shard: int | None = None,
) -> int:
    """Add a certificate that is not known yet; the revision that contains it."""
    revision = _next_revision(connection, issuer)
    connection.execute(
        insert(certificates).values(
            issuer=issuer.id,
            serial=serial,
            not_after=epoch(not_after) if not_after else None,
            is_ca=is_ca,
            shard=shard,
            slice_hash=slice_hash(serial),
            revision=revision,
            der=der,
        )
    )
    return revision


def revoke(connection: Connection, issuer: Issuer, serial: bytes, revocation: Revocation, origin: Origin) -> int:
    """Record that a known certificate is revoked; the revision that contains it."""
    date = revocation.invalidity_date
    dates.note(connection, issuer, revocation.revoked_at)
    return _add_status(
        connection,
        issuer,
        serial,
        origin,
        kind=REVOKED,
        revoked_at=epoch(revocation.revoked_at),
        reason=int(revocation.reason),
        invalidity_date=epoch(date) if date else None,
        entry=encode_entry(serial, revocation),
    )


def first_date(connection: Connection, issuer: Issuer, serial: bytes) -> datetime:
    """The date that the revocation of a revoked certificate was given first; it may have moved back since.

    Raises:
        LookupError: it is not revoked.
    """
    mine = (facts.c.issuer == issuer.id, facts.c.serial == serial)
    released = select(func.max(facts.c.revision)).where(*mine, facts.c.kind == RELEASED).scalar_subquery()
    since = facts.c.revision > func.coalesce(released, 0)
    first = connection.execute(select(func.max(facts.c.revoked_at)).where(*mine, since)).scalar()
    if first is None:
        raise LookupError(f"{serial.hex()} is not revoked")
    return from_epoch(first)


def release(connection: Connection, issuer: Issuer, serial: bytes, origin: Origin) -> int:
    """Record that a certificate on hold is good again; the revision that contains it."""
    return _add_status(connection, issuer, serial, origin, kind=RELEASED)


def live_statuses(
    connection: Connection,
    issuer: Issuer,
    hashes: range,
    since: datetime,
    size: int,
    *,
    after_revision: int = 0,
    only: Iterable[ColumnElement[bool]] = (),
) -> Iterator[Sequence[Status]]:
    """The certificates of a slice that had not expired then, `size` at a time; only those changed after a revision.

    In no order: who sorts them has to have all of them first.

    Args:
        only: conditions on a certificate and its status, see `signer.unanswered`.
    """
    revoked_at = case((facts.c.kind == REVOKED, facts.c.revoked_at))
    query: Select[Any] = (
        select(certificates.c.serial, revoked_at, func.coalesce(facts.c.reason, 0))
        .join(facts, status_of_certificate(), isouter=True)
        .where(certificates.c.issuer == issuer.id, certificates.c.revision > after_revision)
        .where(certificates.c.slice_hash.between(hashes.start, hashes.stop - 1), not_expired(since), *only)
    )
    found: Any = connection.execute(query.execution_options(yield_per=size))
    yield from found.partitions()


def changed_since(
    connection: Connection, issuer: Issuer, since: datetime, after_revision: int
) -> Iterable[tuple[int, int]]:
    """(slice hash, revision) of every certificate that had not expired then, and changed after a revision."""
    query = select(certificates.c.slice_hash, certificates.c.revision).where(
        certificates.c.issuer == issuer.id, certificates.c.revision > after_revision, not_expired(since)
    )
    return [(row.slice_hash, row.revision) for row in connection.execute(query)]


def has_live(connection: Connection, issuer: Issuer, hashes: range, since: datetime) -> bool:
    """Whether a slice has a certificate that had not expired then."""
    query = select(certificates.c.serial).where(
        certificates.c.issuer == issuer.id,
        certificates.c.slice_hash.between(hashes.start, hashes.stop - 1),
        not_expired(since),
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def has_status_since(connection: Connection, issuer: Issuer, hashes: range, revision: int) -> bool:
    """Whether the status of a certificate in a slice changed after a revision."""
    query = select(certificates.c.serial).where(
        certificates.c.issuer == issuer.id,
        certificates.c.slice_hash.between(hashes.start, hashes.stop - 1),
        certificates.c.status_revision > revision,
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def slice_hash(serial: bytes) -> int:
    """0..65535 from the serial alone, so that a certificate stays in its slice."""
    return int.from_bytes(serials.spread(serial), "big")


def slice_of(hash_: int, slices: int) -> int:
    """Which of `slices` slices a hash belongs to."""
    return hash_ * slices // SLICE_HASHES


def slice_hashes(slice_: int, slices: int) -> range:
    """The hashes that make up one of `slices` slices: those of which `slice_of` says so."""
    return range(_ceiling(slice_ * SLICE_HASHES, slices), _ceiling((slice_ + 1) * SLICE_HASHES, slices))


def _ceiling(number: int, divisor: int) -> int:
    return -(-number // divisor)


def _next_revision(connection: Connection, issuer: Issuer) -> int:
    connection.execute(_RAISE_REVISION, {"the_issuer": issuer.id})
    return revision_of(connection, issuer)


def _add_status(connection: Connection, issuer: Issuer, serial: bytes, origin: Origin, **values: object) -> int:
    revision = _next_revision(connection, issuer)
    who = {"requester": origin.requester, "message": origin.message, "recorded_at": epoch(origin.now)}
    connection.execute(_ADD, {"issuer": issuer.id, "revision": revision, "serial": serial, **who, **values})
    which = _which(issuer, serial)
    connection.execute(_POINT, {**which, "at": revision})
    is_ca, shard = connection.execute(_PLACE, which).one()
    changes.note(connection, issuer, is_ca, shard or 0, revision)
    return revision


def status_of_certificate() -> ColumnElement[bool]:
    """What joins a certificate to its latest status fact."""
    return and_(facts.c.issuer == certificates.c.issuer, facts.c.revision == certificates.c.status_revision)


def not_expired(now: datetime) -> ColumnElement[bool]:
    """Whether a certificate had not expired then; one whose end nobody said never does."""
    return or_(certificates.c.not_after.is_(None), certificates.c.not_after > epoch(now))


def _current() -> Select[Any]:
    columns = (certificates.c.serial, certificates.c.not_after, certificates.c.is_ca, certificates.c.shard)
    status = (facts.c.kind, facts.c.revoked_at, facts.c.reason, facts.c.invalidity_date)
    return select(*columns, *status).join(facts, status_of_certificate(), isouter=True)


def _certificate(row: Row[Any]) -> Certificate:
    revocation = None
    if row.kind == REVOKED:
        invalidity = from_epoch(row.invalidity_date) if row.invalidity_date is not None else None
        revocation = Revocation(from_epoch(row.revoked_at), Reason(row.reason), invalidity)
    not_after = from_epoch(row.not_after) if row.not_after is not None else None
    return Certificate(row.serial, not_after, row.is_ca, row.shard, revocation, row.kind == RELEASED)


def _which(issuer: Issuer, serial: bytes) -> dict[str, object]:
    return {"the_issuer": issuer.id, "the_serial": serial}


_THIS: Final = (certificates.c.issuer == bindparam("the_issuer"), certificates.c.serial == bindparam("the_serial"))
_FIND: Final = _current().where(*_THIS)
_PLACE: Final = select(certificates.c.is_ca, certificates.c.shard).where(*_THIS)
_POINT: Final = update(certificates).where(*_THIS).values(revision=bindparam("at"), status_revision=bindparam("at"))
_ADD: Final = insert(facts)
_REVISION: Final = select(issuers.c.revision).where(issuers.c.id == bindparam("the_issuer"))
_RAISE_REVISION: Final = (
    update(issuers).where(issuers.c.id == bindparam("the_issuer")).values(revision=issuers.c.revision + 1)
)
"""Built once: a burst of revocations executes each of them thousands of times."""
