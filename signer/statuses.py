"""Revoking and releasing: what may follow on what, and the limits that hold whatever a requester says."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.durations import show
from revocation.errors import Refused
from revocation.messages import Excuse, Release, Revoke
from revocation.status import Reason, Revocation
from signer.config import Limits
from signer.ledger import excuses, facts
from signer.ledger.facts import Certificate, Origin
from signer.ledger.groups import covering

_FINAL: Final = "a revocation is final: nothing is to be done, unless another serial was meant"
_AFTER_A_HOLD: Final = "it is on hold: another reason makes that final, and `revocast release` ends it"


def revoke(
    connection: Connection, profile: IssuerProfile, body: Revoke, limits: Limits, origin: Origin
) -> tuple[int, str]:
    """Record a revocation; the revision that contains it, and one sentence.

    A certificate on hold may be revoked for good: it keeps the date of the hold, since nobody relied on it since then.

    Raises:
        Refused: unknown serial, revoked already, or a date that cannot be.
    """
    serial = serials.from_hex(body.serial)
    certificate = _known(connection, profile, serial)
    revocation = _revocation(profile, body, certificate, limits, origin.now)
    if forbidden := profile.compliance.forbids(revocation.reason, certificate.is_ca):
        raise Refused(forbidden, where=_named(profile, serial), advice="give another reason with --reason")
    revision = facts.revoke(connection, profile.issuer, serial, revocation, origin)
    expired = certificate.not_after is not None and certificate.not_after <= origin.now
    note = "; it has expired: it stays on CRLs for the life of one, and OCSP does not speak of it" if expired else ""
    if not listing(profile, certificate):
        note += "; no CRL is configured that lists it"
    return revision, f"{_named(profile, serial)} is revoked since {iso(revocation.revoked_at)}{note}"


def release(connection: Connection, profile: IssuerProfile, body: Release, origin: Origin) -> tuple[int, str]:
    """Record that a hold ends; the revision that contains it, and one sentence.

    Raises:
        Refused: unknown serial, or not on hold: every other revocation is final.
    """
    serial = serials.from_hex(body.serial)
    certificate = _known(connection, profile, serial)
    if certificate.revocation is None:
        raise Refused(
            "is not on hold: it is not revoked",
            where=_named(profile, serial),
            advice="there is nothing to release; see that it is the right serial",
        )
    if certificate.revocation.reason is not Reason.certificateHold:
        raise Refused(
            f"is revoked for {certificate.revocation.reason.name}, and only certificateHold ends",
            where=_named(profile, serial),
            advice="issue a new certificate",
        )
    revision = facts.release(connection, profile.issuer, serial, origin)
    return revision, f"{_named(profile, serial)} is released from hold"


def excuse(connection: Connection, profile: IssuerProfile, body: Excuse, origin: Origin) -> tuple[int, str]:
    """Let serials be missing from CRLs; the revision that the CRLs have to cover which say so, and one sentence.

    Raises:
        Refused: one of them is revoked: it will not be missing.
    """
    octets = [serials.from_hex(serial) for serial in body.serials]
    for serial in octets:
        certificate = facts.find(connection, profile.issuer, serial)
        if certificate is not None and certificate.revocation is not None:
            raise Refused(
                "is revoked, so the CRLs list it",
                where=_named(profile, serial),
                advice="leave it out; nothing was changed",
            )
    excuses.record(connection, profile.issuer, octets, body.why, origin)
    revision = facts.touch_crls(connection, profile.issuer)
    return revision, f"{len(octets)} serials of {profile.issuer.name} may be missing from its CRLs"


def listing(profile: IssuerProfile, certificate: Certificate) -> list[CRLSpec]:
    """The CRLs that a certificate's status may stand on: those of its kind and shard."""
    return covering(profile.crls.values(), certificate.is_ca, certificate.shard or 0)


def _revocation(
    profile: IssuerProfile, body: Revoke, certificate: Certificate, limits: Limits, now: datetime
) -> Revocation:
    where = _named(profile, certificate.serial)
    reason = Reason.parse(body.reason)
    revoked_at = body.revoked_at or now
    for what, moment in (("revocation date", revoked_at), ("invalidity date", body.invalidity_date)):
        if moment is not None and moment > now:
            raise Refused(
                f"the {what} {iso(moment)} is in the future; now is {iso(now)}",
                where=where,
                advice="give a date that has passed, or none for now; if it has passed, set the signer's clock right",
            )
    if now - revoked_at > limits.revocation_backdate:
        raise Refused(
            f"the revocation date {iso(revoked_at)} is further back than {show(limits.revocation_backdate)}",
            where=where,
            advice="use --invalidity-date for when the key became suspect",
        )
    earlier = certificate.revocation
    if earlier is None:
        return Revocation(revoked_at, reason, body.invalidity_date)
    if earlier.reason is not Reason.certificateHold or reason is Reason.certificateHold:
        raise Refused(
            f"is already revoked since {iso(earlier.revoked_at)} ({earlier.reason.name}); nothing was changed",
            where=where,
            advice=_AFTER_A_HOLD if earlier.reason is Reason.certificateHold else _FINAL,
        )
    return Revocation(earlier.revoked_at, reason, body.invalidity_date or earlier.invalidity_date)


def _known(connection: Connection, profile: IssuerProfile, serial: bytes) -> Certificate:
    certificate = facts.find(connection, profile.issuer, serial)
    if certificate is None:
        raise Refused(
            "is not known to the ledger",
            where=_named(profile, serial),
            advice="check issuer and serial (hexadecimal); `revocast import` registers certificates",
        )
    return certificate


def _named(profile: IssuerProfile, serial: bytes) -> str:
    return f"certificate {serials.to_hex(serial)} of {profile.issuer.name}"
