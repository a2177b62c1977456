"""From a delegate to the CA key and back: a setting that was changed while the CA key is away ends no service.

A delegate's responses cannot be put in the place of what only the CA key may sign: the publisher is configured alike,
and its gate takes those of the configured signer alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import KeyUnavailable
from revocation.ocspprofile import is_direct
from signer.delegates import Delegate, delegate
from signer.keys.keyring import Keyring
from signer.keys.responder_keys import ResponderKeys
from signer.ledger.issued import Issued


@dataclass(frozen=True)
class Waiting:
    """Slices that are to be signed by another than before, which waits for the CA key; what to do meanwhile."""

    slices: frozenset[int]
    why: KeyUnavailable


def waiting_for_ca_key(
    connection: Connection,
    profile: IssuerProfile,
    rows: Iterable[Issued],
    keys: ResponderKeys,
    keyring: Keyring,
    now: datetime,
) -> Waiting | None:
    """None where nothing changed, or the CA key can be used.

    To the CA key, everything waits for it. To a delegate, what outlives the one there is: its own responses last a day
    or so, and nobody could renew them when it has ended, since the CA key cannot certify another.

    Args:
        rows: the newest complete bundle of each slice.
    """
    direct = profile.ocsp.direct
    others = [row for row in rows if is_direct(row.hashes or "") is not direct]
    if not others:
        return None
    able = delegate(connection, keys, profile, now)
    reach = able.not_after if able else now
    waiting = others if direct else [row for row in others if row.next_update > reach]
    error = _unusable(keyring, profile)
    if not waiting or error is None:
        return None
    end = iso(min(row.next_update for row in waiting))
    why = _to_issuer(able, end, error) if direct else _to_delegate(able, end, error)
    why.where = f"issuer {profile.issuer.name}"
    return Waiting(frozenset(row.part.slice for row in waiting), why)


def _to_issuer(able: Delegate | None, end: str, error: KeyUnavailable) -> KeyUnavailable:
    until = f"; a delegate can sign until {iso(able.not_after)}" if able else ""
    return KeyUnavailable(
        f"signed_by = 'issuer', and the CA key cannot be used ({error.what}): nothing renews the OCSP responses of a "
        f"delegate, of which the first end at {end}",
        advice="set signed_by = 'delegate' back, for the publisher too, and turn 'issuer' on at the ceremony, when the "
        f"CA key is there{until}",
    )


def _to_delegate(able: Delegate | None, end: str, error: KeyUnavailable) -> KeyUnavailable:
    whose = f"the last delegate ends at {iso(able.not_after)}" if able else "there is no delegate"
    return KeyUnavailable(
        f"signed_by = 'delegate', and the CA key, which certifies one, cannot be used ({error.what}): OCSP responses "
        f"that the CA key signed stay, the first until {end}, since {whose}; what is revoked gets short ones of it",
        advice="have the CA key there when 'delegate' is turned on, and for each renewal of a delegate; until then set "
        "signed_by = 'issuer' back, for the publisher too",
    )


def _unusable(keyring: Keyring, profile: IssuerProfile) -> KeyUnavailable | None:
    """Why the CA key cannot be used."""
    try:
        keyring.require_usable(profile.issuer)
    except KeyUnavailable as error:
        return error
    return None
