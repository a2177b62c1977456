"""Online: what an accepted ceremony left out counts as not done, so that it can be asked for again.

The machine that has the key does not know of it, and declines what would only follow on it. As it knows a certificate,
so its CRL lists it, and that is remembered when the CRL comes back.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import epoch, from_epoch
from revocation.config import IssuerProfile
from revocation.status import Reason, Revocation
from signer.ledger import ceremonies
from signer.ledger.ceremonies import Step
from signer.ledger.facts import Certificate
from signer.ledger.standing import message_of, standing
from signer.recovery.signed import SignedCRL

_Entry: TypeAlias = tuple[int, int, int | None]
"""Since when it is revoked (epoch seconds), the reason, and the invalidity date."""

Listed: TypeAlias = Mapping[str, Mapping[str, _Entry]]
"""By issuer id and serial (hexadecimal)."""


def listed(
    connection: Connection, crls: Iterable[SignedCRL], revisions: Mapping[str, int], left: Collection[str]
) -> Listed:
    """What the CRLs of a ceremony list of the certificates about which it left a message out.

    Args:
        revisions: by issuer id, what this ledger was at when the request was made.
        left: the ids of those messages.
    """
    found: dict[str, dict[str, _Entry]] = {}
    profiles = {}
    entries: dict[str, dict[str, _Entry]] = {}
    for crl in crls if left else ():
        profiles[crl.profile.issuer.id] = crl.profile
        mine = entries.setdefault(crl.profile.issuer.id, {})
        mine |= {serials.to_hex(one.serial): _entry(one.revocation) for one in crl.entries if one.revocation}
    for id_, profile in profiles.items():
        about = standing(connection, profile.issuer, revisions.get(id_, 0))
        names = {_hex(one.serial) for one in about if one.message in left}
        found[id_] = {name: entries[id_][name] for name in sorted(names & entries[id_].keys())}
    return found


def as_signed(connection: Connection, profile: IssuerProfile, certificate: Certificate) -> Certificate:
    """A certificate of an issuer whose key is offline, as the machine knows it that has the key, once that did what
    waits: where the last ceremony left out what the latest fact says, it stands as on the CRL of that ceremony.
    """
    accepted = ceremonies.last(connection, Step.ACCEPTED)
    if accepted is None or "listed" not in accepted.detail:  # a version before did not remember it
        return certificate
    if message_of(connection, profile.issuer, certificate.serial) not in accepted.detail["left_out"]:
        return certificate
    entry = accepted.detail["listed"].get(profile.issuer.id, {}).get(_hex(certificate.serial))
    return replace(certificate, revocation=_revocation(*entry) if entry else None, released=False)


def _hex(serial: bytes) -> str:
    return serials.to_hex(serials.from_int(serials.to_int(serial)))  # as a CRL is read back


def _entry(revocation: Revocation) -> _Entry:
    date = revocation.invalidity_date
    return epoch(revocation.revoked_at), int(revocation.reason), epoch(date) if date else None


def _revocation(revoked_at: int, reason: int, date: int | None) -> Revocation:
    return Revocation(from_epoch(revoked_at), Reason(reason), from_epoch(date) if date is not None else None)
