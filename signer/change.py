"""Messages that change facts: each is checked, done and answered in one transaction, of its own or with others."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import Clock
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.errors import ExchangeError, InputError, Refused, RevocastError
from revocation.messages import (
    Change,
    Discard,
    Excuse,
    Issue,
    Message,
    Outcome,
    Raise,
    Register,
    Release,
    Reply,
    Revoke,
    Verb,
    parse_message,
)
from revocation.refusalkind import RefusalKind
from revocation.wire.route import ISSUES_QUEUE
from signer import named, statuses
from signer.ceremony.again import as_signed
from signer.config import Requester
from signer.discard import discard
from signer.excuse import excuse
from signer.expired import require_live
from signer.ledger import audit, continuity, facts, kept, replies, this_updates
from signer.ledger.early import ONE_SECOND
from signer.ledger.facts import Certificate, Origin
from signer.refusal import NO_ID, refused, refused_as
from signer.registering import register
from signer.rights import authenticate, require_current, require_right
from signer.signer import Signer
from signer.statuses import Done


@dataclass(frozen=True)
class Asked:
    """What a requester who has the right asks for."""

    message: Message
    body: Change
    requester: Requester
    profile: IssuerProfile


def asked_of(signer: Signer, message: Message) -> Asked:
    """What a message asks to be changed; its signature is verified before anything else is looked at.

    Raises:
        Refused: no right, or nothing that is asked over a queue.
        InputError: its body is not what its verb needs.
    """
    requester = authenticate(signer.config, message)
    body = message.typed_body()
    if not isinstance(body, Change):
        raise Refused(f"{message.verb} is not asked of the signer this way", where=f"message {message.id}")
    profile = _profile(signer, body.issuer)
    require_right(requester, message, profile.issuer)
    return Asked(message, body, requester, profile)


def apply(connection: Connection, signer: Signer, asked: Asked, clock: Clock) -> Reply:
    """Do it, or say why not, and remember what was said: an id is answered once.

    Raises:
        Refused: expired, or the id was used for another message, or may have been done before the ledger was restored;
            nothing was written.
    """
    message, profile = asked.message, asked.profile
    now = clock()
    if earlier := replies.earlier_reply(connection, message):
        again = "this id was refused before and stays so: ask with a new one"
        return earlier.model_copy(update={"advice": again}) if earlier.outcome is Outcome.REFUSED else earlier
    require_current(message, now)
    continuity.require_remembered(connection, message)
    facts.ensure_issuer(connection, profile.issuer)
    origin = Origin(asked.requester.name, message.id, now)
    reply = _reply(connection, signer, asked, origin)
    _note(connection, asked, reply, origin)
    replies.keep_reply(connection, message, reply)
    if reply.outcome is Outcome.DONE and signer.is_offline(profile.issuer):
        kept.keep(connection, profile.issuer, message, now)
    return reply


def change_together(signer: Signer, texts: Sequence[str], clock: Clock) -> list[tuple[datetime, Reply]]:
    """The replies to messages that came at the same time, in their order, in one transaction: one wait for the disk.

    Each with the time at which the next CRL can be signed that shows the change. Never raises for what a text says: one
    that is refused changes nothing about the others.
    """
    asked = [_read(signer, text, clock) for text in texts]
    with signer.ledger.write() as connection:
        replies = [one if isinstance(one, Reply) else _applied(connection, signer, one, clock) for one in asked]
        shown = _Shown(connection, signer, clock())
        told = [(shown.from_(reply), reply) for reply in replies]
    take_out(signer, replies)
    return told


def take_out(signer: Signer, replies: Iterable[Reply]) -> None:
    """Remove the bundles from the exchange that were discarded."""
    for name in (name for reply in replies for name in reply.data.get("discarded", ())):
        with suppress(OSError, ExchangeError):  # then the next look takes it out, as it does with what is superseded
            signer.exchange.remove(name)


class _Shown:
    """From when on changes can be on CRLs, worked out once for each CRL.

    Where that is not within the next second, a clock was put back: then nobody is to wait for it.
    """

    def __init__(self, connection: Connection, signer: Signer, now: datetime) -> None:
        self._connection, self._profiles, self._now = connection, signer.public.profiles, now
        self._known: dict[tuple[str, str], datetime] = {}

    def from_(self, reply: Reply) -> datetime:
        if reply.outcome is not Outcome.DONE or reply.issuer not in self._profiles:
            return self._now
        specs = self._profiles[reply.issuer].crls
        labels = [label for label in reply.data["crls"] if label in specs]
        found = max((self._from(specs[label]) for label in labels), default=self._now)
        return found if found <= self._now + ONE_SECOND else self._now

    def _from(self, spec: CRLSpec) -> datetime:
        key = (spec.issuer.id, spec.label)
        if key not in self._known:
            latest = this_updates.latest(self._connection, spec.part, self._now)
            self._known[key] = latest + ONE_SECOND if latest else spec.issuer.not_before
        return self._known[key]


def _read(signer: Signer, text: str, clock: Clock) -> Asked | Reply:
    id_ = NO_ID
    try:
        message = parse_message(text)
        id_ = message.id
        if not message.verb.changes_facts:
            raise Refused(f"{message.verb} is not asked on this queue", where=f"message {message.id}")
        if message.verb is Verb.ISSUE:
            raise Refused(f"{message.verb} is asked on the queue {ISSUES_QUEUE}", where=f"message {message.id}")
        return asked_of(signer, message)
    except RevocastError as error:
        return refused(id_, error, clock())


def _applied(connection: Connection, signer: Signer, asked: Asked, clock: Clock) -> Reply:
    try:
        return apply(connection, signer, asked, clock)
    except (Refused, InputError) as error:
        return refused(asked.message.id, error, clock())


def _reply(connection: Connection, signer: Signer, asked: Asked, origin: Origin) -> Reply:
    """Done, or refused: that is remembered too, or a message could be kept and replayed when it would be done."""
    issuer = asked.profile.issuer
    try:
        require_live(issuer, origin.now, "nothing about its certificates can be published, nor was it recorded")
        _require_signed_here(signer, asked)
        done = _do(connection, signer, asked, origin)
    except (Refused, InputError) as error:
        return refused(origin.message, error, origin.now)
    more = {"discarded": list(done.discarded), "serials": list(done.serials)}
    data: dict[str, object] = {"crls": list(done.crls), **{name: found for name, found in more.items() if found}}
    data |= {"waits_for_ceremony": True} if signer.is_offline(issuer) else {}
    said = {"issuer": issuer.id, "revision": done.revision, "detail": done.detail, "data": data}
    said["asked"] = asked.message.content_digest()
    return Reply(id=origin.message, outcome=Outcome.DONE, at=origin.now, **said)


def _require_signed_here(signer: Signer, asked: Asked) -> None:
    """Return unless it takes back what was signed, and that was on another machine."""
    if isinstance(asked.body, Discard) and signer.is_offline(asked.profile.issuer):
        raise Refused(
            "its key is offline, and nothing of it was signed here that could be taken back",
            where=f"issuer {asked.profile.issuer.name}",
            advice="`revocast discard` on the machine of the ceremony",
        )


def _do(connection: Connection, signer: Signer, asked: Asked, origin: Origin) -> Done:
    profile, body, limits = asked.profile, asked.body, signer.config.limits
    find = partial(_found, connection, signer, profile)
    match body:
        case Revoke():
            return named.revoke(connection, profile, find, body, limits, origin)
        case Release():
            return statuses.release(connection, profile, find(body.serial), origin)
        case Raise():
            return statuses.raise_reason(connection, profile, find(body.serial), body, limits, origin)
        case Excuse():
            return excuse(connection, profile, body, origin)
        case Discard():
            return discard(connection, profile, origin)
        case Register():
            return register(connection, signer, profile, body, origin)
        case Issue():
            raise Refused("certificates are not issued at ceremonies", advice="`revocast issuer sign`, for CAs")
    raise TypeError(f"nobody does what a {type(body).__name__} asks")


def _found(connection: Connection, signer: Signer, profile: IssuerProfile, serial: str) -> Certificate:
    """The certificate that is to be changed; of an issuer whose key is offline as it stands there."""
    certificate = statuses.known(connection, profile, serials.from_hex(serial))
    return as_signed(connection, profile, certificate) if signer.is_offline(profile.issuer) else certificate


def _note(connection: Connection, asked: Asked, reply: Reply, origin: Origin) -> None:
    """What was asked, by whom, and what came of it, for the audit log."""
    what = asked.body.model_dump(mode="json", exclude={"issuer", "certificates"}, exclude_none=True)
    what |= {name: found for name in ("discarded", "serials") if (found := reply.data.get(name))}
    who = {"requester": origin.requester, "message": origin.message}
    done = {"outcome": str(reply.outcome), "revision": reply.revision}
    if reply.outcome is Outcome.REFUSED:
        done["refusal"] = reply.detail
    audit.record(connection, origin.now, str(asked.message.verb), asked.profile.issuer.id, **what, **who, **done)


@refused_as(RefusalKind.ISSUER)
def _profile(signer: Signer, name_or_id: str) -> IssuerProfile:
    try:
        return signer.public.profile(name_or_id)
    except InputError as error:
        raise Refused(error.what, where="issuer", advice=error.advice) from error
