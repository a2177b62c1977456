"""Comparing another system's record of a certificate with the ledger's: what is new, and where the two do not agree."""

from dataclasses import dataclass, field
from datetime import datetime

from revocation import serials
from revocation.clock import iso
from revocation.errors import InputError
from revocation.status import Reason, Revocation
from signer.importers.entry import ImportEntry
from signer.ledger.bulk import Change, Known


@dataclass
class Disagreements:
    """Where source and ledger differ and nothing is changed."""

    ahead: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)


def compare(entry: ImportEntry, known: Known | None, now: datetime, found: Disagreements) -> Change:
    """What to do about one entry; disagreements are noted in `found`. Nothing is ever un-revoked.

    Raises:
        InputError: the entry is dated in the future.
    """
    _require_past(entry, now)
    if known is None:
        return Change(entry, register=True, revoke=entry.revocation is not None, learn_expiry=False)
    learn = known.not_after is None and entry.not_after is not None
    name = f"{serials.to_hex(entry.serial)} ({entry.place})"
    if known.not_after and entry.not_after and known.not_after != entry.not_after:
        found.contradictions.append(f"{name}: expires at {iso(entry.not_after)} there, at {iso(known.not_after)} here")
    revoke = _compare_status(entry, known, name, found)
    return Change(entry, register=False, revoke=revoke, learn_expiry=learn)


def _compare_status(entry: ImportEntry, known: Known, name: str, found: Disagreements) -> bool:
    if entry.revocation is None:
        if known.revocation is not None:
            found.ahead.append(f"{name}: valid there, here {_words(known.revocation)}")
        return False
    if known.revocation is None:
        if known.released and entry.revocation.reason is Reason.certificateHold:
            found.ahead.append(f"{name}: on hold there, here released since")
            return False
        return True
    if entry.revocation != known.revocation:
        found.contradictions.append(f"{name}: {_words(entry.revocation)} there, here {_words(known.revocation)}")
    return False


def _require_past(entry: ImportEntry, now: datetime) -> None:
    revocation = entry.revocation
    for moment in (revocation.revoked_at, revocation.invalidity_date) if revocation else ():
        if moment is not None and moment > now:
            raise InputError(
                f"{serials.to_hex(entry.serial)} is revoked at {iso(moment)}, in the future; now is {iso(now)}",
                where=entry.place,
                advice="correct the date there, or the clock here",
            )


def _words(revocation: Revocation) -> str:
    invalid = f", invalid since {iso(revocation.invalidity_date)}" if revocation.invalidity_date else ""
    return f"revoked at {iso(revocation.revoked_at)} ({revocation.reason.name}{invalid})"
