"""Offline: the messages of a request, done in the offline ledger by the code that did them online.

Each is verified here again, by the requesters of this machine's configuration. It is done as of the time at which the
online ledger recorded it: a revocation has the date that its requester was told, and a message was current then.
"""

from typing import Final

from sqlalchemy import Connection

from revocation.clock import fixed, iso
from revocation.config import IssuerProfile
from revocation.errors import InputError, Refused
from revocation.messages import Message, Outcome, Reply, Verb
from revocation.visible import visible
from signer.ceremony.declined import CannotFollow, Declined, of, require_none
from signer.ceremony.entries import read_kept
from signer.ceremony.exempt import in_words, require_in_time
from signer.ceremony.request import Asked, Request, RequestIssuer
from signer.ceremony.transcript import Transcript
from signer.change import apply, asked_of
from signer.importing import import_within
from signer.ledger import ceremonies, continuity, crl_numbers, facts, issued, lost, replies
from signer.ledger.ceremonies import Step
from signer.rights import authenticate
from signer.signer import Signer

_FURTHEST: Final = lost.REVISIONS << 16
"""Revisions from one ceremony to the next: each request, and each ledger that is restored, leaves some out."""


def take_in(connection: Connection, signer: Signer, request: Request) -> list[str]:
    """Do what this ledger has not done yet, in the order of the online ledger, and have every CRL be due; in words.

    Raises:
        Refused: this machine declines something that the online ledger did, has no such issuer, or is behind it.
        Unreconciled: a copy took the place of this ledger, and it was not told yet what was signed since.
    """
    continuity.require_whole(connection)
    _note_accepted(connection, request)
    told: list[str] = []
    declined: list[Declined] = []
    tried: list[Asked] = []
    for asked in request.messages:
        try:
            line = _done(connection, signer, asked, request)
        except (Refused, InputError) as error:
            # the transaction is given up, so what it did meanwhile is too
            declined.append(of(asked, error, tried, declined))
        else:
            if line is None:
                continue
            told.append(line)
        tried += [asked] if asked.message.id not in request.left_out else []
    require_none(declined)
    for issuer in request.header.issuers:
        profile = profile_of(signer, issuer)
        _require_not_behind(connection, profile, issuer)
        _require_room(connection, profile, issuer)
        facts.raise_revision(connection, profile.issuer, issuer.revision - 1)
        facts.touch_crls(connection, profile.issuer)
    return told


def _note_accepted(connection: Connection, request: Request) -> None:
    """The CRLs of the ceremony that the request follows on came back: expired entries that they showed may leave."""
    before = request.header.predecessor
    held = ceremonies.of_request(connection, Step.SIGNED, before) if before is not None else None
    if held is not None:
        sha256s = [crl.sha256 for crl in Transcript.model_validate(held.detail).crls]
        issued.note_accepted(connection, sha256s, request.header.made_at)


def profile_of(signer: Signer, issuer: RequestIssuer) -> IssuerProfile:
    """The issuer of a request, as it is configured here.

    Raises:
        Refused: it is not, or its key is not.
    """
    profile = signer.public.profiles.get(issuer.id)
    if profile is None or not signer.keyring.is_configured(profile.issuer):
        raise Refused(
            "is asked for, and is not configured on this machine with its key",
            where=f"issuer {visible(issuer.name)} ({issuer.id})",
            advice="see [[public.issuers]] and [[signer.issuers]]",
        )
    return profile


def _done(connection: Connection, signer: Signer, asked: Asked, request: Request) -> str | None:
    """What was done, in words; None where it was done at an earlier ceremony."""
    message = asked.message
    if message.id in request.left_out:
        return in_words(asked)
    if replies.earlier_reply(connection, message) is not None:
        return None
    _require_its_requester(signer, message)
    require_in_time(connection, asked, request)
    said = _import(connection, signer, asked) if message.verb is Verb.IMPORT else _change(connection, signer, asked)
    late = "LATE, " if message.id in request.late else ""
    return f"{late}{iso(asked.recorded_at)} {visible(message.requester or '')}: {said}"


def _require_its_requester(signer: Signer, message: Message) -> None:
    """Return if a requester of this machine signed it.

    Raises:
        Refused: nobody did who is known here by now.
    """
    try:
        authenticate(signer.config, message)
    except Refused as error:
        error.advice = (
            "where its requester's key was replaced, and not stolen: the old `public_key` back under its name in "
            "[[signer.requesters]], the new one under another name, until this ceremony is accepted"
        )
        raise


def _change(connection: Connection, signer: Signer, asked: Asked) -> str:
    reply = apply(connection, signer, asked_of(signer, asked.message), fixed(asked.recorded_at))
    if reply.outcome is not Outcome.DONE:
        raise CannotFollow(reply.detail, advice=reply.advice)
    return f"{asked.message.verb}: {visible(reply.detail)}"


def _import(connection: Connection, signer: Signer, asked: Asked) -> str:
    message, now = asked.message, asked.recorded_at
    source = read_kept(asked.source or "")
    summary = import_within(connection, signer, message, source, now, lambda: None)
    counts = f"{summary.read} certificates read, {summary.registered} new, {summary.revoked} newly revoked"
    said = f"import: {visible(source.description)}: {counts}"
    replies.keep_reply(connection, message, Reply(id=message.id, outcome=Outcome.DONE, at=now, detail=said))
    return said


def _require_room(connection: Connection, profile: IssuerProfile, issuer: RequestIssuer) -> None:
    """Return if the revision leaves room for those of later ceremonies: who made up a request could use all of it up.

    Raises:
        Refused: it does not.
    """
    own = facts.revision_of(connection, profile.issuer)
    if issuer.revision - own > _FURTHEST:
        raise Refused(
            f"the request wants revision {issuer.revision}, and this ledger is at {own}: no ledger gets so far",
            where=f"issuer {profile.issuer.name}",
            advice="find out who made the request",
        )


def _require_not_behind(connection: Connection, profile: IssuerProfile, issuer: RequestIssuer) -> None:
    """Return if this ledger knows of every CRL number that came back to the online one.

    Raises:
        Refused: it does not.
    """
    own = crl_numbers.highest_crl_number(connection, profile.issuer)
    if issuer.crl_number is not None and own < int(issuer.crl_number):
        raise Refused(
            f"CRL number {issuer.crl_number} is known online, and this ledger made none above {own}: it is an old copy",
            where=f"issuer {profile.issuer.name}",
            advice="put the right ledger back, or have it learn that: `revocast ledger reconcile` with the folder "
            "of the last ceremony, or with a copy of the online exchange; what is published of a series is not enough "
            "(docs/disaster.md)",
        )
