"""Whether this machine's clock is behind what was signed: until it has caught up, no new CRL can be signed."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.durations import show
from revocation.errors import RevocastError
from revocation.windows import SKEW
from signer.ledger import responders, this_updates


def behind_what_was_signed(connection: Connection, profile: IssuerProfile, now: datetime) -> Iterator[RevocastError]:
    """That the newest of an issuer's CRLs starts later than now, by more than clocks may be apart.

    Or a certificate of a responder: its key is one that lies there for longer than any should.
    """
    advice = f"set the clock right; if it ran ahead then: `revocast discard --issuer {profile.issuer.name}`"
    where = f"issuer {profile.issuer.name}"
    found = ((this_updates.latest(connection, spec.part, now), spec.label) for spec in profile.crls.values())
    latest, label = max(((at, label) for at, label in found if at), default=(now, ""))
    if latest > now + SKEW:
        yield RevocastError(
            f"crl {label} has the thisUpdate {iso(latest)}; the clock says {iso(now)}, {show(latest - now)} earlier: "
            "no other can be signed until then",
            where=where,
            advice=advice,
        )
    for responder in responders.begun_later(connection, profile.issuer, now + SKEW):
        yield RevocastError(
            f"responder key {responder.key} has a certificate from {iso(responder.not_before)} on; the clock says "
            f"{iso(now)}, {show(responder.not_before - now)} earlier: it stays until it has expired",
            where=where,
            advice=advice,
        )
