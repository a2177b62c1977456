"""Comparing another system's record of a certificate with the ledger's: what is new, and where the two do not agree."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from revocation import serials
from revocation.clock import iso
from revocation.errors import InputError
from revocation.status import Reason, Revocation
from signer.importers.entry import ImportEntry
from signer.ledger.bulk import Change, Known
from signer.shards import Shard

_LONGEST_SERIAL: Final = 128
_EARLIEST: Final = datetime(1950, 1, 1, tzinfo=UTC)


@dataclass
class Disagreements:
    """Where source and ledger differ and nothing is changed."""

    ahead: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)


def compare(entry: ImportEntry, known: Known | None, shard: Shard, now: datetime, found: Disagreements) -> Change:
    """What to do about one entry; disagreements are noted in `found`. Nothing is ever un-revoked.

    Args:
        shard: of its CRL; it is fixed by whoever says it first, and corrected by the certificate alone, since that is
            what its relying parties go by. It is one of the CRLs for that kind, so another kind takes it anew.

    Raises:
        InputError: the entry is dated in the future.
    """
    _require_possible(entry, now)
    if known is None:
        return Change(entry, register=True, revocation=entry.revocation, shard=shard.number)
    if _is_of_another_kind(entry, known):
        shard = Shard(known.shard)
    corrected = shard.by_certificate and not known.has_certificate
    learn = (
        (entry.certificate is not None and not known.has_certificate)
        or (known.not_after is None and entry.not_after is not None)
        or (known.shard is None and shard.number is not None)
        or _becomes_ca(entry, known)
    )
    name = f"{serials.to_hex(entry.serial)} ({entry.place})"
    if known.not_after and entry.not_after and known.not_after != entry.not_after:
        verdict = "; the certificate itself is believed" if learn else ""
        found.contradictions.append(
            f"{name}: expires at {iso(entry.not_after)} there, at {iso(known.not_after)} here{verdict}"
        )
    moves = entry.is_ca != known.is_ca and learn
    if known.shard is not None and shard.number is not None and known.shard != shard.number and not moves:
        verdict = "; the certificate itself is believed" if corrected else ""
        found.contradictions.append(f"{name}: in shard {shard.number} there, in shard {known.shard} here{verdict}")
    if entry.says_kind and known.is_ca and not entry.is_ca and entry.certificate is None:
        found.contradictions.append(f"{name}: a user's certificate there, a CA's here")
    revocation = _compare_status(entry, known, name, found)
    revocation = revocation or (known.revocation if learn else None)
    number = shard.number if corrected or moves else known.shard or shard.number
    return Change(entry, revocation=revocation, learn=learn, shard=number, known=known)


def _becomes_ca(entry: ImportEntry, known: Known) -> bool:
    """Who says that it is a CA's certificate is believed where the ledger has none: users are what nobody spoke of."""
    return entry.says_kind and entry.is_ca and not known.is_ca and not known.has_certificate


def _is_of_another_kind(entry: ImportEntry, known: Known) -> bool:
    """Whether a list takes it for another kind than it stays: then its shard is one of CRLs that it is not on."""
    return entry.certificate is None and entry.is_ca != known.is_ca and not _becomes_ca(entry, known)


def _compare_status(entry: ImportEntry, known: Known, name: str, found: Disagreements) -> Revocation | None:
    """The revocation that is new, if there is one; also the reason of one that had none."""
    if entry.revocation is None:
        if known.revocation is not None:
            found.ahead.append(f"{name}: valid there, here {_words(known.revocation)}")
        return None
    if known.revocation is None:
        if known.released and entry.revocation.reason is Reason.certificateHold:
            found.ahead.append(f"{name}: on hold there, here released since")
            return None
        return entry.revocation
    explained = _explained(known.revocation, entry.revocation)
    if entry.revocation != (explained or known.revocation):
        found.contradictions.append(f"{name}: {_words(entry.revocation)} there, here {_words(known.revocation)}")
    return explained


def _explained(known: Revocation, said: Revocation) -> Revocation | None:
    """What is known with the reason that it lacks: unspecified is none (RFC 5280, 5.3.1). No hold comes of it.

    The date stays; so does an invalidity date that is known.
    """
    if known.reason is not Reason.unspecified or said.reason in (Reason.unspecified, Reason.certificateHold):
        return None
    return replace(known, reason=said.reason, invalidity_date=known.invalidity_date or said.invalidity_date)


def _require_possible(entry: ImportEntry, now: datetime) -> None:
    if len(entry.serial) > _LONGEST_SERIAL:
        raise InputError(
            f"the serial has {len(entry.serial)} octets, and at most {_LONGEST_SERIAL} can be stored",
            where=entry.place,
            advice="RFC 5280 allows 20",
        )
    revocation = entry.revocation
    if revocation is None:
        return
    for what, moment in (("revocation date", revocation.revoked_at), ("invalidity date", revocation.invalidity_date)):
        if moment is not None and not _EARLIEST <= moment <= now:
            raise InputError(
                f"the {what} {iso(moment)} of {serials.to_hex(entry.serial)} is "
                + (f"in the future; now is {iso(now)}" if moment > now else "before 1950, which no CRL can say"),
                where=entry.place,
                advice="correct the date there, or the clock here",
            )


def _words(revocation: Revocation) -> str:
    invalid = f", invalid since {iso(revocation.invalidity_date)}" if revocation.invalidity_date else ""
    return f"revoked at {iso(revocation.revoked_at)} ({revocation.reason.name}{invalid})"
