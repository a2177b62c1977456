"""Online: which changes about an issuer whose key is offline wait for a ceremony, and what came back from the last one.

A change that a ceremony had and left out waits for none. Nor does what a reconciled ledger learned: it was published.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from revocation.clock import epoch
from revocation.config import IssuerProfile
from revocation.part import Part
from signer.ceremony.waiting import last_accepted, last_kept
from signer.ledger import ceremonies, continuity, facts, kept
from signer.ledger.ceremonies import Step
from signer.ledger.changes import Changes
from signer.ledger.groups import Selection
from signer.ledger.schema import certificates
from signer.ledger.schema import facts as facts_table


@dataclass(frozen=True)
class _Change:
    revision: int
    slice_hash: int
    place: tuple[bool, int]
    not_after: int | None
    is_fact: bool


class Outstanding:
    """Of one issuer, read once."""

    def __init__(self, connection: Connection, profile: IssuerProfile) -> None:
        accepted = ceremonies.last(connection, Step.ACCEPTED)
        self.accepted = last_accepted(connection, profile.issuer)
        """The revision of this ledger at which the request of the last accepted ceremony was made; 0 for none."""
        self._latest = Changes(connection, profile.issuer)
        self._profile = profile
        slices = accepted.detail.get("slices", {}) if accepted is not None else {}  # a version before did not note it
        self._brought: Mapping[str, int] = slices.get(profile.issuer.id, {})
        self._changes = list(_waiting(connection, profile, self.accepted))

    def crl(self, selection: Selection) -> int:
        """The revision that a CRL has to cover."""
        waits = (one.revision for one in self._changes if one.is_fact and selection.covers(*one.place))
        return max(waits, default=min(self._latest.latest(selection), self.accepted))

    def brought(self, part: Part) -> int:
        """The revision up to which the last ceremony brought responses of a slice."""
        return self._brought.get(part.label, 0)

    def slice(self, part: Part, since: datetime) -> int:
        """The revision that a slice has to cover; of certificates that had not expired then."""
        live = (one for one in self._changes if one.not_after is None or one.not_after > epoch(since))
        mine = (one.revision for one in live if self._slice_of(one) == part.slice)
        return max(mine, default=self.brought(part))

    def _slice_of(self, change: _Change) -> int:
        return facts.slice_of(change.slice_hash, self._profile.ocsp.slices)


def _waiting(connection: Connection, profile: IssuerProfile, accepted: int) -> Iterator[_Change]:
    """The changes since; of a ledger that was reconciled those of messages that were kept since."""
    c, was_reconciled = certificates.c, continuity.last_break(connection) is not None
    messages = _messages(connection, profile) if was_reconciled else frozenset()
    columns = (c.revision, c.slice_hash, c.is_ca, c.shard, c.not_after, facts_table.c.message)
    query = select(*columns).join(facts_table, facts.status_of_certificate(), isouter=True)
    for row in connection.execute(query.where(c.issuer == profile.issuer.id, c.revision > accepted)):
        if not was_reconciled or row.message in messages:
            place = (row.is_ca, row.shard or 0)
            yield _Change(row.revision, row.slice_hash, place, row.not_after, row.message is not None)


def _messages(connection: Connection, profile: IssuerProfile) -> Collection[str | None]:
    """The messages that wait; None, of what is only known, where one of them is an import."""
    after, _ = last_kept(connection)
    found = [one for one in kept.since(connection, after) if one.issuer == profile.issuer.id]
    return {one.message for one in found} | {None for one in found if one.source is not None}
