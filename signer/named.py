"""Revoking by name: the certificates that were issued for it, one unless all of them are meant."""

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import Refused
from revocation.messages import Revoke
from revocation.refusalkind import RefusalKind
from signer import statuses
from signer.config import Limits
from signer.issuing.names import sought
from signer.ledger import names
from signer.ledger.facts import Certificate, Origin
from signer.refusal import refused_as
from signer.statuses import Done

_MOST: Final = 1000
_SHOWN: Final = 20


def revoke(
    connection: Connection,
    profile: IssuerProfile,
    find: Callable[[str], Certificate],
    body: Revoke,
    limits: Limits,
    origin: Origin,
) -> Done:
    """Record the revocation of the certificate that a message names, by its serial or by a name that is in it.

    Args:
        find: the certificate with that serial, hexadecimal.

    Raises:
        Refused: no certificate that is not expired has that name, or all are revoked already; or several have it, and
            not all are meant.
    """
    if body.name is None:
        return statuses.revoke(connection, profile, find(body.serial or ""), body, limits, origin)
    name, where = sought(body.name), f"issuer {profile.issuer.name}"
    found = [serials.to_hex(one) for one in names.live_with(connection, profile.issuer, name, origin.now, _MOST)]
    if not found:
        _require_none_revoked(connection, profile, find, name, origin)
        raise Refused(
            f"none is there that was issued for {name}, and is neither expired nor revoked",
            where=where,
            advice="what was imported is found by name where the ledger has the certificate itself; else by its serial",
        )
    if len(found) > 1 and not body.all:
        raise Refused(
            f"{len(found)} certificates have the name {name}: {_listed(found)}",
            where=where,
            advice="revoke one by its serial, or all of them with --all",
        )
    each = [body.model_copy(update={"serial": serial, "name": None, "all": False}) for serial in found]
    done = [statuses.revoke(connection, profile, find(one.serial or ""), one, limits, origin) for one in each]
    crls = tuple(dict.fromkeys(label for one in done for label in one.crls))
    return Done(done[-1].revision, "; ".join(one.detail for one in done), crls, serials=tuple(found))


def _require_none_revoked(
    connection: Connection, profile: IssuerProfile, find: Callable[[str], Certificate], name: str, origin: Origin
) -> None:
    """Return if no certificate of that name is there that has not expired, revoked or not.

    Raises:
        Refused: some are, and revoked already: since when, and why.
    """
    revoked = names.revoked_with(connection, profile.issuer, name, origin.now, _MOST)
    each = [
        f"{serials.to_hex(one.serial)} is already revoked since {iso(one.revocation.revoked_at)} "
        f"({one.revocation.reason.name})"
        for one in map(find, map(serials.to_hex, revoked))
        if one.revocation
    ]
    if each:
        with refused_as(RefusalKind.ALREADY_REVOKED):
            raise Refused(
                f"of those that were issued for {name}, and are not expired, {_listed(each)}; nothing was changed",
                where=f"issuer {profile.issuer.name}",
                advice=statuses.FINAL,
            )


def _listed(found: Sequence[str]) -> str:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{', '.join(found[:_SHOWN])}{more}"
