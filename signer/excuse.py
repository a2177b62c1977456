"""Letting serials be missing from CRLs: the override of the publisher's guard, on a requester's word."""

from sqlalchemy import Connection

from revocation import serials
from revocation.config import IssuerProfile
from revocation.departed import Departed, Why
from revocation.errors import Refused
from revocation.messages import Excuse
from signer.ledger import departures, facts, pages
from signer.ledger.facts import Origin
from signer.ledger.groups import NOWHERE, covering
from signer.statuses import Done, named


def excuse(connection: Connection, profile: IssuerProfile, body: Excuse, origin: Origin) -> Done:
    """Let serials be missing from the CRLs that cover the revision of this, and later ones.

    One that is revoked may have left them when its certificate had expired: then it is excused too.

    Raises:
        Refused: one of them stands on CRLs: it will not be missing.
    """
    octets = [serials.from_hex(serial) for serial in body.serials]
    for serial in octets:
        if pages.lists(connection, profile.issuer, serial) and _listing(connection, profile, serial):
            raise Refused(
                "is revoked, so the CRLs list it",
                where=named(profile, serial),
                advice="leave it out; nothing was changed",
            )
    excused = ((NOWHERE, Departed(serial, Why.EXCUSED)) for serial in octets)
    departures.note(connection, profile.issuer, excused, origin.now)
    revision = facts.touch_crls(connection, profile.issuer)
    detail = f"{len(octets)} serials of {profile.issuer.name} may be missing from its CRLs"
    return Done(revision, detail, tuple(profile.complete_crls))


def _listing(connection: Connection, profile: IssuerProfile, serial: bytes) -> bool:
    """Whether a CRL is configured that may list it."""
    found = facts.find(connection, profile.issuer, serial)
    return found is not None and bool(covering(profile.complete_crls.values(), [(found.is_ca, found.shard or 0)]))
