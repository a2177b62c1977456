"""Many certificates and facts at once, for imports: read in one query, written in batches, one revision each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from revocation.clock import epoch, from_epoch
from revocation.issuer import Issuer
from revocation.status import Reason, Revocation
from signer.encoding.crl import encode_entry
from signer.importers.entry import ImportEntry
from signer.ledger import dates, names
from signer.ledger.changes import note
from signer.ledger.facts import RELEASED, REVOKED, Origin, ensure_issuer, slice_hash, status_of_certificate
from signer.ledger.schema import certificates, facts, issuers


@dataclass(frozen=True)
class Known:
    """A certificate as the ledger has it."""

    not_after: datetime | None
    is_ca: bool
    shard: int | None
    revocation: Revocation | None
    released: bool
    has_certificate: bool


@dataclass(frozen=True)
class Change:
    """What an entry adds to the ledger.

    Attributes:
        register: the certificate is new.
        revocation: to be recorded; also one that is known, when what is learned moves it to another CRL.
        learn: its expiry, its kind, its shard or itself, which the ledger lacks.
        shard: of its CRL; None where that is not sharded.
        known: what the ledger had; None of a new one.
    """

    entry: ImportEntry
    register: bool = False
    revocation: Revocation | None = None
    learn: bool = False
    shard: int | None = None
    known: Known | None = None

    def places(self) -> set[tuple[bool, int]]:
        """Kind and shard of the certificate, before and after: what is learned of it may move it to another CRL."""
        if self.known is None:
            return {(self.entry.is_ca, self.shard or 0)}
        return {(self.known.is_ca, self.known.shard or 0), (self.is_ca, self.shard or 0)}

    @property
    def is_ca(self) -> bool:
        """The kind of the certificate, after the change: what is no more than a list corrects it in one direction."""
        if self.known is None or (self.learn and self.entry.certificate is not None):
            return self.entry.is_ca
        return self.known.is_ca or (self.learn and self.entry.says_kind and self.entry.is_ca)

    @property
    def is_of_another_kind(self) -> bool:
        """Whether it turns out to be of another kind: CRLs and, by some rules, responses are not for both."""
        return self.known is not None and self.known.is_ca != self.is_ca

    @property
    def nothing(self) -> bool:
        """Whether the ledger says it all already."""
        return not (self.register or self.revocation or self.learn)


def known_certificates(
    connection: Connection, issuer: Issuer, some: Sequence[bytes] | None = None
) -> Iterator[tuple[bytes, Known]]:
    """Every certificate of an issuer, or those of some serials, by serial."""
    status = (facts.c.kind, facts.c.revoked_at, facts.c.reason, facts.c.invalidity_date)
    mine = (certificates.c.serial, certificates.c.not_after, certificates.c.is_ca, certificates.c.shard)
    query = (
        select(*mine, certificates.c.der.is_not(None).label("has_der"), *status)
        .join(facts, status_of_certificate(), isouter=True)
        .where(certificates.c.issuer == issuer.id)
    )
    if some is not None:
        query = query.where(certificates.c.serial.in_(some))
    for row in connection.execute(query):
        revocation = None
        if row.kind == REVOKED:
            since = from_epoch(row.invalidity_date) if row.invalidity_date is not None else None
            revocation = Revocation(from_epoch(row.revoked_at), Reason(row.reason), since)
        expiry = from_epoch(row.not_after) if row.not_after is not None else None
        yield row.serial, Known(expiry, row.is_ca, row.shard, revocation, row.kind == RELEASED, row.has_der)


def status_times(connection: Connection, issuer: Issuer) -> dict[bytes, int]:
    """When the latest status fact of each certificate that has one was recorded, epoch seconds."""
    query = select(certificates.c.serial, facts.c.recorded_at).join(facts, status_of_certificate())
    rows = connection.execute(query.where(certificates.c.issuer == issuer.id))
    return {row.serial: row.recorded_at for row in rows}


def apply_changes(connection: Connection, issuer: Issuer, changes: Sequence[Change], origin: Origin) -> int:
    """Write a batch of changes; the revision that contains them all."""
    revision = ensure_issuer(connection, issuer)
    new_certificates, new_facts, pointers = [], [], []
    for change in changes:
        if change.register:
            revision += 1
            new_certificates.append(_certificate_row(issuer, change, revision))
        if change.revocation:
            revision += 1
            new_facts.append(_fact_row(issuer, change.entry.serial, change.revocation, revision, origin))
            if change.register:
                new_certificates[-1] |= {"revision": revision, "status_revision": revision}
            else:
                pointers.append((change.entry.serial, revision))
        if change.learn:
            revision += change.is_of_another_kind and not change.revocation
            _learn(connection, issuer, change, revision)
    if new_certificates:
        connection.execute(insert(certificates), new_certificates)
    names.learn(connection, issuer.id, _certificates_in(changes))
    if new_facts:
        connection.execute(insert(facts), new_facts)
        dates.note(connection, issuer, max(change.revocation.revoked_at for change in changes if change.revocation))
    for serial, at in pointers:
        _point(connection, issuer, serial, at)
    _note_changes(connection, issuer, changes, revision)
    connection.execute(update(issuers).where(issuers.c.id == issuer.id).values(revision=revision))
    return revision


def _certificates_in(changes: Sequence[Change]) -> dict[bytes, bytes]:
    """By serial those that the ledger did not have."""
    new = (change.entry for change in changes if change.register or change.learn)
    return {entry.serial: entry.certificate for entry in new if entry.certificate is not None}


def _note_changes(connection: Connection, issuer: Issuer, changes: Sequence[Change], revision: int) -> None:
    """Which CRLs are behind now; one that is learned to be a CA's leaves a CRL, and arrives on another."""
    touched = {place for change in changes if change.revocation for place in change.places()}
    for is_ca, shard in touched:
        note(connection, issuer, is_ca, shard, revision)


def _certificate_row(issuer: Issuer, change: Change, revision: int) -> dict[str, object]:
    entry = change.entry
    return {
        "issuer": issuer.id,
        "serial": entry.serial,
        "not_after": _seconds(entry.not_after),
        "is_ca": entry.is_ca,
        "shard": change.shard,
        "slice_hash": slice_hash(entry.serial),
        "revision": revision,
        "status_revision": None,
        "der": entry.certificate,
    }


def _fact_row(
    issuer: Issuer, serial: bytes, revocation: Revocation, revision: int, origin: Origin
) -> dict[str, object]:
    return {
        "issuer": issuer.id,
        "revision": revision,
        "serial": serial,
        "kind": REVOKED,
        "revoked_at": _seconds(revocation.revoked_at),
        "reason": int(revocation.reason),
        "invalidity_date": _seconds(revocation.invalidity_date),
        "entry": encode_entry(serial, revocation),
        "recorded_at": epoch(origin.now),
        "requester": origin.requester,
        "message": origin.message,
    }


def _point(connection: Connection, issuer: Issuer, serial: bytes, revision: int) -> None:
    connection.execute(
        update(certificates)
        .where(certificates.c.issuer == issuer.id, certificates.c.serial == serial)
        .values(revision=revision, status_revision=revision)
    )


def _learn(connection: Connection, issuer: Issuer, change: Change, revision: int) -> None:
    """A certificate says more than a line of a list: its kind and its expiry stand in it, signed."""
    entry = change.entry
    values: dict[str, object] = {"shard": change.shard, "is_ca": change.is_ca}
    if change.is_of_another_kind:
        values["revision"] = revision
    if entry.not_after is not None:
        values["not_after"] = _seconds(entry.not_after)
    if entry.certificate is not None:
        values["der"] = entry.certificate
    connection.execute(
        update(certificates)
        .where(certificates.c.issuer == issuer.id, certificates.c.serial == entry.serial)
        .values(**values)
    )


def _seconds(moment: datetime | None) -> int | None:
    return epoch(moment) if moment is not None else None
