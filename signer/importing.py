"""Applying an import: a synchronisation that adds what is new, all or nothing, bound to a signed message."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from revocation import serials
from revocation.config import IssuerProfile
from revocation.errors import InputError, Refused
from revocation.messages import Import, ImportSummary, Message
from signer.ceremony.entries import Record
from signer.forbidden import require_allowed
from signer.importers.entry import ImportEntry, ImportSource
from signer.kinds import with_kind
from signer.ledger import audit, crl_numbers, facts, kept, pages
from signer.ledger.bulk import Change, apply_changes, known_certificates
from signer.ledger.facts import Origin
from signer.namesakes import serials_of_namesakes
from signer.rights import authorize, require_current
from signer.shards import shard_of
from signer.signer import Signer
from signer.synchronise import Disagreements, compare

_BATCH: Final = 5000
_LONGEST_LIST: Final = 1000
_ROOM: Final = 1 << 64
_HIGHEST_FLOOR: Final = (1 << 159) - _ROOM
"""A number has at most 20 octets (RFC 5280 section 5.2.3), and ours go on above."""

Progress = Callable[[], None]
"""Called once per entry."""


def digest_of(entries: Iterable[ImportEntry], progress: Progress) -> tuple[str, int]:
    """SHA-256 over all entries in their order, and how many there are; reading them finds every error of the source."""
    digest, count = hashlib.sha256(), 0
    for entry in entries:
        digest.update(_canonical(entry))
        count += 1
        progress()
    return digest.hexdigest(), count


def apply_import(
    signer: Signer, message: Message, source: ImportSource, now: datetime, progress: Progress
) -> ImportSummary:
    """Synchronise the ledger with a source, in one transaction.

    Raises:
        Refused, InputError: as `import_within`.
    """
    with signer.ledger.write() as connection:
        return import_within(connection, signer, message, source, now, progress)


def import_within(
    connection: Connection, signer: Signer, message: Message, source: ImportSource, now: datetime, progress: Progress
) -> ImportSummary:
    """Synchronise the ledger with a source, within a transaction that is given up where this raises.

    Raises:
        Refused: the message does not give the right, or the source is not what was signed.
        InputError: an entry is dated in the future, or the source is faulty.
    """
    body = message.typed_body()
    if not isinstance(body, Import):
        raise InputError(f"{message.verb} is not an import", where=f"message {message.id}")
    profile = signer.public.profile(body.issuer)
    requester = authorize(signer.config, message, profile.issuer)
    require_current(message, now)
    _require_signed(message, body, source)
    if source.crl_number is not None and source.crl_number >= _HIGHEST_FLOOR:
        raise InputError(
            f"its CRL number 0x{source.crl_number:X} leaves no room for ours: a number has at most 20 octets",
            where=source.description,
            advice="correct its `crlnumber` file (RFC 5280 section 5.2.3), then import again",
        )
    facts.ensure_issuer(connection, profile.issuer)
    namesakes = serials_of_namesakes(connection, signer.public, profile.issuer)
    run = _Run(connection, profile, namesakes, Origin(requester.name, message.id, now), progress)
    record = Record(source) if signer.is_offline(profile.issuer) else None
    if run.synchronise(record or source.entries) != body.entries_sha256:
        raise Refused("the source changed while it was read", where=source.description, advice="import again")
    if source.crl_number is not None:
        crl_numbers.raise_crl_floor(connection, profile.issuer, source.crl_number)
    pages.settle(connection, profile.issuer, now)
    if record is not None:
        kept.keep(connection, profile.issuer, message, now, record.text)
    summary = run.summary()
    counts = {"read": summary.read, "registered": summary.registered, "revoked": summary.revoked}
    what = {"source": body.source, "entries_sha256": body.entries_sha256, "message": message.id, **counts}
    audit.record(connection, now, "import", profile.issuer.id, requester=requester.name, **what)
    return summary


def _require_signed(message: Message, body: Import, source: ImportSource) -> None:
    """Return if the requester signed where the entries are from and which CRL number the source used, too.

    Raises:
        Refused: they signed another, or with a version that did not sign it.
    """
    if source.description != body.source:
        raise Refused(f"what was signed is an import of {body.source}", where=source.description, advice="import again")
    number = None if source.crl_number is None else str(source.crl_number)
    if number == body.crl_number:
        return
    if "crl_number" not in message.body:
        raise Refused(
            f"its CRL number {number} is not under the signature: an older version of Revocast signed it",
            where=source.description,
            advice="import again with this version",
        )
    raise Refused(
        f"its CRL number is {number}, and {body.crl_number} was signed", where=source.description, advice="import again"
    )


class _Run:
    """One import under way."""

    def __init__(
        self,
        connection: Connection,
        profile: IssuerProfile,
        namesakes: Mapping[bytes, str],
        origin: Origin,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._profile = profile
        self._namesakes = namesakes
        self._issuer = profile.issuer
        self._origin = origin
        self._progress = progress
        self._found = Disagreements()
        self._read = self._registered = self._revoked = self._unchanged = 0

    def synchronise(self, entries: Iterable[ImportEntry]) -> str:
        """Compare and write every entry; the digest of what was read."""
        known = dict(known_certificates(self._connection, self._issuer))
        digest = hashlib.sha256()
        batch: list[Change] = []
        for found in entries:
            digest.update(_canonical(found))
            before = known.get(found.serial)
            entry = with_kind(self._profile, found, before, self._origin.now)
            self._note_namesake(entry)
            change = compare(entry, before, shard_of(self._profile, entry), self._origin.now, self._found)
            require_allowed(self._profile, change)
            self._count(change, newly_revoked=change.revocation is not None and not (before and before.revocation))
            if not change.nothing:
                batch.append(change)
            if len(batch) >= _BATCH:
                apply_changes(self._connection, self._issuer, batch, self._origin)
                batch.clear()
        apply_changes(self._connection, self._issuer, batch, self._origin)
        return digest.hexdigest()

    def _note_namesake(self, entry: ImportEntry) -> None:
        """It is taken all the same: a certificate that is left out is on no CRL, revoked or not."""
        if other := self._namesakes.get(entry.serial):
            self._found.contradictions.append(
                f"{serials.to_hex(entry.serial)} ({entry.place}): {other}, which has the same name and another "
                "key, has this serial too, and one name uses each once (RFC 5280 section 4.1.2.2)"
            )

    def summary(self) -> ImportSummary:
        """What was done, and where source and ledger differ."""
        return ImportSummary(
            read=self._read,
            registered=self._registered,
            revoked=self._revoked,
            unchanged=self._unchanged,
            ahead=_bounded(self._found.ahead),
            contradictions=_bounded(self._found.contradictions),
        )

    def _count(self, change: Change, *, newly_revoked: bool) -> None:
        self._read += 1
        self._registered += change.register
        self._revoked += newly_revoked
        self._unchanged += change.nothing
        self._progress()


def _canonical(entry: ImportEntry) -> bytes:
    certificate = hashlib.sha256(entry.certificate).hexdigest() if entry.certificate else ""
    kind = entry.is_ca if entry.says_kind else None
    said = (entry.serial.hex(), entry.not_after, kind, entry.revocation, certificate, entry.shard, entry.listed_at)
    return ("|".join(map(str, said)) + "\n").encode()


def _bounded(lines: list[str]) -> tuple[str, ...]:
    if len(lines) <= _LONGEST_LIST:
        return tuple(lines)
    return (*lines[:_LONGEST_LIST], f"and {len(lines) - _LONGEST_LIST} more")
