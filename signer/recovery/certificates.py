"""What is learned of an issuer's certificates: those that the ledger does not have, and the status of all of them."""

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import from_epoch
from revocation.errors import InputError
from revocation.status import Reason
from signer.importers.entry import ImportEntry
from signer.kinds import with_kind
from signer.ledger import facts
from signer.ledger.bulk import Change, Known, apply_changes, known_certificates, status_times
from signer.ledger.facts import Origin
from signer.ledger.groups import Group, Selection
from signer.recovery.evidence import Evidence, Said
from signer.recovery.history import Learned, Standing, learn, words
from signer.shards import shard_of

_BATCH = 5000


class Certificates:
    """The certificates of one issuer, in a writing transaction.

    Attributes:
        registered: how many were not known.
        recorded: how many facts were, of certificates that are revoked.
        released: how many holds ended.
    """

    def __init__(self, connection: Connection, evidence: Evidence, origin: Origin) -> None:
        self._connection, self._evidence, self._origin = connection, evidence, origin
        self._profile, self._issuer = evidence.profile, evidence.profile.issuer
        self._known = dict(known_certificates(connection, self._issuer))
        self._since = {serial: from_epoch(at) for serial, at in status_times(connection, self._issuer).items()}
        self.registered = self.recorded = self.released = 0
        self.unregistered: list[str] = []
        self.contradictions: list[str] = []
        self.on_hold: list[str] = []

    def register(self) -> None:
        """Add those that are not known, revoked ones as they were revoked first.

        Raises:
            InputError: nobody says on which CRL one that is revoked belongs.
        """
        batch: list[Change] = []
        for entry in self._unknown():
            change = self._registration(entry)
            if change is None:
                self.unregistered.append(serials.to_hex(entry.serial))
                continue
            batch.append(change)
            if len(batch) >= _BATCH:
                self._apply(batch)
        self._apply(batch)

    def learn(self) -> None:
        """Record what was published of those that were revoked, there or here, and the ledger lacks."""
        held = {serial for serial, known in self._known.items() if _is_hold(known)}
        for serial in sorted({*self._evidence.revoked, *held}):
            known = self._known.get(serial)
            if known is not None:
                self._learn(serial, known)

    def _unknown(self) -> Iterator[ImportEntry]:
        for serial in self._evidence.revoked:
            if serial not in self._known:
                yield _first(self._evidence.history(serial))
        for serial in self._evidence.good:
            if serial not in self._known and serial not in self._evidence.revoked:
                yield ImportEntry(serial, None, False, None, None, "an OCSP response", says_kind=False)

    def _registration(self, found: ImportEntry) -> Change | None:
        try:
            entry = with_kind(self._profile, found, None, self._origin.now)
            return Change(
                entry, register=True, revocation=entry.revocation, shard=shard_of(self._profile, entry).number
            )
        except InputError:
            if self._ends_revoked(found.serial):
                raise
            return None

    def _ends_revoked(self, serial: bytes) -> bool:
        """By what is said of one that the ledger does not have."""
        history, good = self._evidence.history(serial), self._evidence.good.get(serial)
        return learn(Standing(None, None), history, good).standing.revocation is not None

    def _apply(self, batch: list[Change]) -> None:
        apply_changes(self._connection, self._issuer, batch, self._origin)
        for change in batch:
            entry, revocation = change.entry, change.revocation
            self._known[entry.serial] = Known(None, entry.is_ca, change.shard, revocation, False, False)
            if revocation is not None:
                self._since[entry.serial] = self._evidence.history(entry.serial)[0].at
                self.recorded += 1
        self.registered += len(batch)
        batch.clear()

    def _learn(self, serial: bytes, known: Known) -> None:
        standing = Standing(known.revocation, self._since.get(serial))
        learned = learn(standing, self._evidence.history(serial), self._evidence.good.get(serial))
        if learned.standing.is_hold and self._left_crls(serial, known, learned):
            learned.facts.append(None)
        for fact in learned.facts:
            if fact is None:
                facts.release(self._connection, self._issuer, serial, self._origin)
                self.released += 1
            else:
                facts.revoke(self._connection, self._issuer, serial, fact, self._origin)
                self.recorded += 1
        self.contradictions += [f"{serials.to_hex(serial)}: {line}" for line in learned.contradictions]

    def _left_crls(self, serial: bytes, known: Known, learned: Learned) -> bool:
        """Whether a later CRL would list it, were it still on hold; of one that may have expired nobody can tell."""
        group = Group(known.is_ca, known.shard or 0, int(Reason.certificateHold))
        for crl in self._evidence.newest.values():
            if crl.spec is None or not Selection.of(crl.spec).lists(group) or serial in crl.serials:
                continue
            if learned.standing.is_before(crl.this_update):
                if known.not_after is not None and known.not_after > crl.this_update:
                    return True
                self.on_hold.append(f"{serials.to_hex(serial)}: {words(learned.standing.revocation)}")
                return False
        return False


def _first(history: list[Said]) -> ImportEntry:
    """How it was revoked first, with what any of them says of its kind."""
    entry = next((said.entry for said in history if said.entry.says_kind), history[0].entry)
    urls = tuple(dict.fromkeys(url for said in history for url in said.entry.listed_at))
    return replace(entry, revocation=history[0].revocation, listed_at=urls)


def _is_hold(known: Known) -> bool:
    return known.revocation is not None and known.revocation.reason is Reason.certificateHold
