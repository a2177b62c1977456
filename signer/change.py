"""Messages that change facts: each is checked, done and answered in one transaction, of its own or with others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import Clock
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.errors import InputError, Refused, RevocastError
from revocation.messages import Excuse, Message, Outcome, Release, Reply, Revoke, parse_message
from signer import statuses
from signer.config import Requester
from signer.expired import require_live
from signer.ledger import audit, facts, issued, replies
from signer.ledger.early import ONE_SECOND
from signer.ledger.facts import Origin
from signer.refusal import NO_ID, refused
from signer.rights import authenticate, require_current, require_right
from signer.signer import Signer


@dataclass(frozen=True)
class Change:
    """What a requester who has the right asks for."""

    message: Message
    body: Revoke | Release | Excuse
    requester: Requester
    profile: IssuerProfile


def change_of(signer: Signer, message: Message) -> Change:
    """What a message asks to be changed; its signature is verified before anything else is looked at.

    Raises:
        Refused: no right, or nothing that is asked over a queue.
        InputError: its body is not what its verb needs.
    """
    requester = authenticate(signer.config, message)
    body = message.typed_body()
    if not isinstance(body, Revoke | Release | Excuse):
        raise Refused(f"{message.verb} is not asked of the signer this way", where=f"message {message.id}")
    profile = _profile(signer, body.issuer)
    require_right(requester, message, profile.issuer)
    return Change(message, body, requester, profile)


def apply(connection: Connection, signer: Signer, change: Change, clock: Clock) -> Reply:
    """Do it, or say why not, and remember what was said: an id is answered once.

    Raises:
        Refused: expired, or the id was used for another message; nothing was written.
    """
    message, body, profile = change.message, change.body, change.profile
    now = clock()
    if earlier := replies.earlier_reply(connection, message):
        again = "this id was refused before and stays so: ask with a new one"
        return earlier.model_copy(update={"advice": again}) if earlier.outcome is Outcome.REFUSED else earlier
    require_current(message, now)
    facts.ensure_issuer(connection, profile.issuer)
    reply = _reply(connection, signer, change, Origin(change.requester.name, message.id, now))
    what = {**_subject(body), "revision": reply.revision, "requester": change.requester.name, "message": message.id}
    audit.record(connection, now, str(message.verb), profile.issuer.id, outcome=str(reply.outcome), **what)
    replies.keep_reply(connection, message, reply)
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
        return [(shown.from_(reply), reply) for reply in replies]


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
            latest = issued.latest_this_update(self._connection, spec.part)
            self._known[key] = latest + spec.settings.backdate + ONE_SECOND if latest else spec.issuer.not_before
        return self._known[key]


def _read(signer: Signer, text: str, clock: Clock) -> Change | Reply:
    id_ = NO_ID
    try:
        message = parse_message(text)
        id_ = message.id
        if not message.verb.changes_facts:
            raise Refused(f"{message.verb} is not asked on this queue", where=f"message {message.id}")
        return change_of(signer, message)
    except RevocastError as error:
        return refused(id_, error, clock())


def _applied(connection: Connection, signer: Signer, change: Change, clock: Clock) -> Reply:
    try:
        return apply(connection, signer, change, clock)
    except (Refused, InputError) as error:
        return refused(change.message.id, error, clock())


def _reply(connection: Connection, signer: Signer, change: Change, origin: Origin) -> Reply:
    """Done, or refused: that is remembered too, or a message could be kept and replayed when it would be done."""
    message, body, profile = change.message, change.body, change.profile
    try:
        require_live(profile.issuer, origin.now, "nothing about its certificates can be published, nor was it recorded")
        revision, detail = _record(connection, signer, profile, body, origin)
    except (Refused, InputError) as error:
        return refused(message.id, error, origin.now)
    done = {"issuer": profile.issuer.id, "revision": revision, "detail": detail}
    return Reply(id=message.id, outcome=Outcome.DONE, at=origin.now, data=_concerned(connection, profile, body), **done)


def _record(
    connection: Connection, signer: Signer, profile: IssuerProfile, body: Revoke | Release | Excuse, origin: Origin
) -> tuple[int, str]:
    if isinstance(body, Revoke):
        return statuses.revoke(connection, profile, body, signer.config.limits, origin)
    if isinstance(body, Excuse):
        return statuses.excuse(connection, profile, body, origin)
    return statuses.release(connection, profile, body, origin)


def _concerned(connection: Connection, profile: IssuerProfile, body: Revoke | Release | Excuse) -> dict[str, object]:
    """The labels of the CRLs that have to be made anew, for whoever waits until they are published."""
    if isinstance(body, Excuse):
        return {"crls": list(profile.crls)}
    certificate = facts.find(connection, profile.issuer, serials.from_hex(body.serial))
    return {"crls": [spec.label for spec in statuses.listing(profile, certificate)] if certificate else []}


def _subject(body: Revoke | Release | Excuse) -> dict[str, object]:
    """What a change is about, for the audit log."""
    return {"serials": body.serials, "why": body.why} if isinstance(body, Excuse) else {"serial": body.serial}


def _profile(signer: Signer, name_or_id: str) -> IssuerProfile:
    try:
        return signer.public.profile(name_or_id)
    except InputError as error:
        raise Refused(error.what, where="issuer", advice=error.advice) from error
