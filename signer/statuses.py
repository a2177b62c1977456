"""Revoking, releasing, raising a reason: what may follow on what, and limits that hold whatever a requester says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.durations import show
from revocation.errors import Refused
from revocation.messages import Raise, Revoke
from revocation.refusalkind import RefusalKind
from revocation.status import Reason, Revocation
from signer.config import Limits
from signer.coverage import uncovered
from signer.ledger import changes, departures, facts
from signer.ledger.facts import Certificate, Origin
from signer.ledger.groups import Group, covering
from signer.refusal import refused_as

FINAL: Final = "a revocation is final; if its key turned out to be compromised, `revocast raise` says so"
_AFTER_A_HOLD: Final = "it is on hold: another reason makes that final, and `revocast release` ends it"
_COMPROMISE: Final = frozenset({Reason.keyCompromise, Reason.cACompromise, Reason.aACompromise})


@dataclass(frozen=True)
class Done:
    """What a change of facts did.

    Attributes:
        revision: of the issuer, which contains it.
        detail: one sentence.
        crls: the labels of the CRLs that have to be made anew, for whoever waits until they are published.
        serials: of the certificates, where a name stood for them.
        discarded: the names of bundles that are not to be published any more.
    """

    revision: int
    detail: str
    crls: tuple[str, ...]
    discarded: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()


def revoke(
    connection: Connection,
    profile: IssuerProfile,
    certificate: Certificate,
    body: Revoke,
    limits: Limits,
    origin: Origin,
) -> Done:
    """Record a revocation.

    A certificate on hold may be revoked for good: it keeps the date of the hold, since nobody relied on it since then.

    Raises:
        Refused: revoked already, or a date that cannot be, or not the one of the hold.
    """
    serial = certificate.serial
    revocation = _revocation(profile, body, certificate, limits, origin.now)
    _require_allowed(profile, certificate, revocation.reason)
    revision = facts.revoke(connection, profile.issuer, serial, revocation, origin)
    note = _note_of_expiry(profile, certificate.not_after, origin.now)
    crls = _listing(connection, profile, certificate, revision)
    if uncovered(profile, [Group(certificate.is_ca, certificate.shard or 0, int(revocation.reason))]):
        note += "; no CRL is configured that lists it"
    what = "on hold" if revocation.reason is Reason.certificateHold else "revoked"
    return Done(revision, f"{named(profile, serial)} is {what} since {iso(revocation.revoked_at)}{note}", crls)


def release(connection: Connection, profile: IssuerProfile, certificate: Certificate, origin: Origin) -> Done:
    """Record that a hold ends.

    Raises:
        Refused: not on hold: every other revocation is final.
    """
    serial = certificate.serial
    if certificate.revocation is None:
        raise Refused(
            "is not on hold: it is not revoked",
            where=named(profile, serial),
            advice="there is nothing to release; see that it is the right serial",
        )
    if certificate.revocation.reason is not Reason.certificateHold:
        raise Refused(
            f"is revoked for {certificate.revocation.reason.name}, and only certificateHold ends",
            where=named(profile, serial),
            advice="issue a new certificate",
        )
    revision = facts.release(connection, profile.issuer, serial, origin)
    crls = _listing(connection, profile, certificate, revision)
    return Done(revision, f"{named(profile, serial)} is released from hold", crls)


def raise_reason(
    connection: Connection,
    profile: IssuerProfile,
    certificate: Certificate,
    body: Raise,
    limits: Limits,
    origin: Origin,
) -> Done:
    """Record that the key of a revoked certificate is compromised, and perhaps since before its revocation.

    The date may move back, never on: whoever trusted a signature of that time has to be told (BRs section 7.2.2). Where
    no reason was given so far, another one may be given too; then the date stays.

    Raises:
        Refused: not revoked, no reason to raise to, a date that cannot be, or nothing new.
    """
    serial = certificate.serial
    where = named(profile, serial)
    if certificate.revocation is None:
        raise Refused("is not revoked", where=where, advice=f"`revocast revoke` it with --reason {body.reason}")
    _require_passed(where, origin.now, body.revoked_at, body.invalidity_date)
    raised = _raised(where, body, certificate.revocation)
    _require_allowed(profile, certificate, raised.reason)
    _require_near(where, raised.revoked_at, facts.first_date(connection, profile.issuer, serial), limits)
    revision = facts.revoke(connection, profile.issuer, serial, raised, origin)
    detail = f"{where} is revoked since {iso(raised.revoked_at)} for {raised.reason.name}"
    return Done(revision, detail, _listing(connection, profile, certificate, revision))


def named(profile: IssuerProfile, serial: bytes) -> str:
    """A certificate, for people."""
    return f"certificate {serials.to_hex(serial)} of {profile.issuer.name}"


def _note_of_expiry(profile: IssuerProfile, not_after: datetime | None, now: datetime) -> str:
    if not_after is None or not_after > now:
        return ""
    silent = not_after <= profile.ocsp.answered_since(now)
    ocsp = ", and OCSP does not speak of it" if silent else "; OCSP speaks of it until its archive cutoff"
    return f"; it has expired: it stays on CRLs for the life of one{ocsp}"


def _listing(
    connection: Connection, profile: IssuerProfile, certificate: Certificate, revision: int
) -> tuple[str, ...]:
    """The labels of the CRLs that a certificate may stand on: those of its kind and shard.

    Also those of what it was taken for before it turned out to be a CA's, say: it may still stand there, so they have
    to cover the change too.
    """
    before = departures.places(connection, profile.issuer, certificate.serial)
    for place in before:
        changes.note(connection, profile.issuer, *place, revision)
    places = before | {(certificate.is_ca, certificate.shard or 0)}
    return tuple(spec.label for spec in covering(profile.complete_crls.values(), places))


def _revocation(
    profile: IssuerProfile, body: Revoke, certificate: Certificate, limits: Limits, now: datetime
) -> Revocation:
    where = named(profile, certificate.serial)
    reason = Reason.parse(body.reason)
    revoked_at = body.revoked_at or now
    _require_passed(where, now, revoked_at, body.invalidity_date)
    earlier = certificate.revocation
    if earlier is None:
        _require_near(where, revoked_at, now, limits)
        return Revocation(revoked_at, reason, body.invalidity_date)
    if earlier.reason is not Reason.certificateHold or reason is Reason.certificateHold:
        with refused_as(RefusalKind.ALREADY_REVOKED):
            raise Refused(
                f"is already revoked since {iso(earlier.revoked_at)} ({earlier.reason.name}); nothing was changed",
                where=where,
                advice=_AFTER_A_HOLD if earlier.reason is Reason.certificateHold else FINAL,
            )
    _require_date_of_hold(where, body, reason, earlier.revoked_at)
    return Revocation(earlier.revoked_at, reason, body.invalidity_date or earlier.invalidity_date)


def _require_date_of_hold(where: str, body: Revoke, reason: Reason, held_since: datetime) -> None:
    if body.revoked_at in (None, held_since):
        return
    advice = "leave --revoked-at out"
    if reason in _COMPROMISE and body.revoked_at < held_since:
        advice = f"`revocast raise --reason {reason.name} --revoked-at {iso(body.revoked_at)}` moves it back"
    raise Refused(
        f"is on hold, and a revocation keeps the date of the hold, {iso(held_since)}; nothing was changed",
        where=where,
        advice=advice,
    )


def _raised(where: str, body: Raise, earlier: Revocation) -> Revocation:
    invalidity_date = body.invalidity_date or earlier.invalidity_date
    raised = Revocation(body.revoked_at or earlier.revoked_at, Reason.parse(body.reason), invalidity_date)
    if raised.reason not in _COMPROMISE:
        _require_first_reason(where, raised, earlier)
    if raised.revoked_at > earlier.revoked_at:
        raise Refused(
            f"the revocation date {iso(raised.revoked_at)} is later than the one so far, {iso(earlier.revoked_at)}",
            where=where,
            advice="it may only move back; leave it out to keep it",
        )
    if raised == earlier:
        raise Refused(f"is revoked for {earlier.reason.name} already, and nothing would change", where=where)
    return raised


def _require_first_reason(where: str, raised: Revocation, earlier: Revocation) -> None:
    """Unspecified is no reason (RFC 5280 section 5.3.1): there the true one may follow, and nothing becomes a hold."""
    if earlier.reason is not Reason.unspecified or raised.reason in (Reason.unspecified, Reason.certificateHold):
        raise Refused(
            f"a reason is raised to a compromise of the key, and {raised.reason.name} is none",
            where=where,
            advice=f"one of {', '.join(reason.name for reason in sorted(_COMPROMISE))}; where no reason was given so "
            "far, any other that is final",
        )
    if raised.revoked_at != earlier.revoked_at:
        raise Refused(
            f"the revocation date moves back for a compromise of the key, and {raised.reason.name} is none",
            where=where,
            advice=f"leave it out to keep {iso(earlier.revoked_at)}",
        )


def known(connection: Connection, profile: IssuerProfile, serial: bytes) -> Certificate:
    """A certificate as the ledger knows it.

    Raises:
        Refused: it does not.
    """
    certificate = facts.find(connection, profile.issuer, serial)
    if certificate is None:
        raise Refused(
            "is not known to the ledger",
            where=named(profile, serial),
            advice="check issuer and serial (hexadecimal); `revocast import` registers certificates",
        )
    return certificate


def _require_passed(where: str, now: datetime, revoked_at: datetime | None, invalidity_date: datetime | None) -> None:
    for what, moment in (("revocation date", revoked_at), ("invalidity date", invalidity_date)):
        if moment is not None and moment > now:
            raise Refused(
                f"the {what} {iso(moment)} is in the future; now is {iso(now)}",
                where=where,
                advice="give a date that has passed, or none for now; if it has passed, set the signer's clock right",
            )


def _require_near(where: str, revoked_at: datetime, start: datetime, limits: Limits) -> None:
    if start - revoked_at > limits.revocation_backdate:
        raise Refused(
            f"the revocation date {iso(revoked_at)} is further back than {show(limits.revocation_backdate)} "
            f"from {iso(start)}",
            where=where,
            advice="use --invalidity-date for when the key became suspect",
        )


def _require_allowed(profile: IssuerProfile, certificate: Certificate, reason: Reason) -> None:
    forbidden = profile.compliance.forbids(reason, certificate.is_ca)
    if forbidden is None and certificate.is_ca and reason is Reason.unspecified:
        forbidden = "is the certificate of a CA: whoever relied on it has to be told a reason"
    if forbidden:
        advice = "give another reason with --reason"
        raise Refused(forbidden, where=named(profile, certificate.serial), advice=advice)
