"""Revoking by name: the certificates that were issued for it, one unless all of them are meant."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from revocation import serials
from revocation.config import IssuerProfile
from revocation.errors import Refused
from revocation.messages import Revoke
from signer import statuses
from signer.config import Limits
from signer.issuing.names import sought
from signer.ledger import names
from signer.ledger.facts import Certificate, Origin
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
        Refused: no certificate, or none that is not revoked, has that name; or several have, and not all are meant.
    """
    if body.name is None:
        return statuses.revoke(connection, profile, find(body.serial or ""), body, limits, origin)
    name, where = sought(body.name), f"issuer {profile.issuer.name}"
    found = [serials.to_hex(one) for one in names.live_with(connection, profile.issuer, name, origin.now, _MOST)]
    if not found:
        raise Refused(
            f"none is there that was issued for {name}, and is neither expired nor revoked",
            where=where,
            advice="what was imported is found by name where the ledger has the certificate itself; else by its serial",
        )
    if len(found) > 1 and not body.all:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise Refused(
            f"{len(found)} certificates have the name {name}: {', '.join(found[:_SHOWN])}{more}",
            where=where,
            advice="revoke one by its serial, or all of them with --all",
        )
    each = [body.model_copy(update={"serial": serial, "name": None, "all": False}) for serial in found]
    done = [statuses.revoke(connection, profile, find(one.serial or ""), one, limits, origin) for one in each]
    crls = tuple(dict.fromkeys(label for one in done for label in one.crls))
    return Done(done[-1].revision, "; ".join(one.detail for one in done), crls, serials=tuple(found))
