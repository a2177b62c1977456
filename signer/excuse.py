"""Letting serials be missing from CRLs: the override of the publisher's guard, on a requester's word."""

from sqlalchemy import Connection

from revocation import serials
from revocation.config import IssuerProfile
from revocation.errors import Refused
from revocation.messages import Excuse
from signer.ledger import excuses, facts
from signer.ledger.facts import Origin
from signer.statuses import Done, named


def excuse(connection: Connection, profile: IssuerProfile, body: Excuse, origin: Origin) -> Done:
    """Let serials be missing from the CRLs that cover the revision of this, and later ones.

    Raises:
        Refused: one of them is revoked: it will not be missing.
    """
    octets = [serials.from_hex(serial) for serial in body.serials]
    for serial in octets:
        certificate = facts.find(connection, profile.issuer, serial)
        if certificate is not None and certificate.revocation is not None:
            raise Refused(
                "is revoked, so the CRLs list it",
                where=named(profile, serial),
                advice="leave it out; nothing was changed",
            )
    excuses.record(connection, profile.issuer, octets, body.why, origin)
    revision = facts.touch_crls(connection, profile.issuer)
    detail = f"{len(octets)} serials of {profile.issuer.name} may be missing from its CRLs"
    return Done(revision, detail, tuple(profile.complete_crls))
