"""Asking the signer: for a certificate, and for its revocation. The registrar's key signs the message, and no more.

What comes back over the queue is a claim: who can write there can forge it. So a certificate counts if its issuer
signed it, for the key and the names that were asked for; and a refusal that was forged withholds one, and no more.
"""

import base64
import binascii
import logging
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from registrar.open_tries import Busy, OpenTries
from registrar.problem import Problem, ProblemType
from registrar.refusal import has_room_again, is_for_later, problem_of, words
from registrar.tenant import Tenant
from revocation.clock import Clock
from revocation.messages import Change, Issue, Message, Outcome, Reply, RequesterKey, Revoke, Verb, compose
from revocation.refusalkind import RefusalKind
from revocation.status import Reason
from revocation.wire.claim import Claim
from revocation.wire.queue import Wire
from revocation.wire.route import ISSUES_QUEUE, REGISTRARS_QUEUE

_LOG: Final = logging.getLogger("revocast.registrar")
_AGAIN_SECONDS: Final = 30
"""How long a message that was sent is waited for before it is sent once more."""

_REVOKE_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Issued:
    """A certificate, DER, as the reply has it: nobody has looked at it yet."""

    certificate: bytes


@dataclass(frozen=True)
class Processing:
    """The signer has not answered yet; asked again with the same id it issues nothing twice."""


@dataclass(frozen=True)
class CertificateRequest:
    """What the signer is asked for.

    Attributes:
        csr: DER of a CertificationRequest.
        names: as in `Issue`: `dns:…`, `ip:…`.
        asked_by: whom it is for, for the audit log.
        id: of the message, the same each time that it is asked.
    """

    csr: bytes
    names: Sequence[str]
    profile: str
    not_before: datetime | None
    not_after: datetime | None
    asked_by: str
    id: str


class Asking(Protocol):
    """Who is asked for what changes facts."""

    def ask(self, tenant: Tenant, verb: Verb, body: Change, id_: str, seconds: float) -> Reply | None:
        """Ask under an id, the same each time that it is asked, and wait so long. Raises QueueUnreachable."""

    def heard(self, tenant: Tenant, verb: Verb, body: Change, id_: str) -> Reply | None:
        """The reply to what was asked before, where it has come; nothing is asked. Raises QueueUnreachable."""


class Issuance(Protocol):
    """Who issues and revokes."""

    def issue(self, tenant: Tenant, wanted: CertificateRequest, seconds: float) -> Issued | Processing:
        """Ask, and wait so long. Raises Problem where the signer refuses, QueueUnreachable."""

    def revoke(self, tenant: Tenant, ca: str, serial: str, reason: Reason, asked_by: str) -> int | None:
        """Have a certificate of a CA revoked, and say with which revision. Raises Problem, QueueUnreachable."""


class SignerIssuance:
    """The signer, over the queue.

    Args:
        wire: the queue.
        keys: by the name of an issuer the key with which the signer is asked.
        clock: for the times of messages.
        places: how many may wait for it at a time; beyond, nobody does, so that a signer that is away does not take
            all threads.
    """

    def __init__(self, wire: Wire, keys: Mapping[str, RequesterKey], clock: Clock, places: int = 16) -> None:
        self._wire, self._keys, self._clock = wire, keys, clock
        self._places = threading.BoundedSemaphore(places)
        self._tries = OpenTries()
        self._owner = secrets.token_hex(16)

    def issue(self, tenant: Tenant, wanted: CertificateRequest, seconds: float) -> Issued | Processing:
        """Send the message, once in a while, and look for its reply.

        A signer that failed, or had too much to do, is asked again later.

        Raises:
            Problem: the signer refuses; with `retry_after` where it had enough for this hour, and the same may be
                asked again.
            QueueUnreachable: it cannot be asked now.
        """
        body = Issue(
            issuer=tenant.issuer.id,
            asked_by=wanted.asked_by,
            profile=wanted.profile,
            csr=base64.b64encode(wanted.csr).decode(),
            names=tuple(wanted.names),
            not_before=wanted.not_before,
            not_after=wanted.not_after,
        )
        reply = self.ask(tenant, Verb.ISSUE, body, wanted.id, seconds)
        if reply is None or is_for_later(reply) or has_room_again(reply, self._clock()):
            return Processing()
        if reply.outcome is Outcome.REFUSED:
            raise problem_of(reply, self._clock())
        try:
            return Issued(base64.b64decode(reply.data["certificate"], validate=True))
        except (KeyError, TypeError, binascii.Error):
            return Processing()

    def revoke(self, tenant: Tenant, ca: str, serial: str, reason: Reason, asked_by: str) -> int | None:
        """Send the message, and wait for its reply; who asks again after none came gets that of the first message.

        Raises:
            Problem: the signer refuses, or does not answer, or somebody waits for the same already.
            QueueUnreachable: it cannot be asked now.
        """
        body = Revoke(issuer=ca, asked_by=asked_by, serial=serial, reason=reason.name)
        asked = (tenant.name, ca, serial, reason, asked_by)
        try:
            with self._tries.alone((ca, serial)):
                reply = self.ask(tenant, Verb.REVOKE, body, self._tries.id_of(asked), _REVOKE_SECONDS)
        except Busy:
            raise _again("this certificate is being revoked: ask again") from None
        if reply is not None:
            self._tries.answered(asked)
        if reply is None or is_for_later(reply):
            raise _again("the signer does not answer: ask again")
        if reply.kind is RefusalKind.ALREADY_REVOKED:
            raise Problem(ProblemType.ALREADY_REVOKED, "this certificate is revoked already")
        if reply.outcome is Outcome.REFUSED:
            raise Problem(ProblemType.UNAUTHORIZED, f"the CA refuses: {words(reply.detail)}", status=403)
        return reply.revision

    def ask(self, tenant: Tenant, verb: Verb, body: Change, id_: str, seconds: float) -> Reply | None:
        """Send the message, once in a while, and look for its reply, waiting for it if there is a place.

        The reply to something else is none.

        Raises:
            QueueUnreachable: it cannot be asked now.
        """
        message = self._message(tenant, verb, body, id_)
        if self._wire.claim(f"issue:{id_}", self._owner, _AGAIN_SECONDS) is Claim.NEW:
            queue = ISSUES_QUEUE if verb is Verb.ISSUE else REGISTRARS_QUEUE
            self._wire.send(queue, self._keys[tenant.name].sign(message))
        has_place = self._places.acquire(blocking=False)
        try:
            return self._reply(message, body, seconds if has_place else 0.0)
        finally:
            if has_place:
                self._places.release()

    def heard(self, tenant: Tenant, verb: Verb, body: Change, id_: str) -> Reply | None:
        """The reply to what was asked before, where it has come; the queue keeps it for an hour.

        Raises:
            QueueUnreachable: it cannot be seen now.
        """
        return self._reply(self._message(tenant, verb, body, id_), body, 0.0)

    def _message(self, tenant: Tenant, verb: Verb, body: Change, id_: str) -> Message:
        return compose(verb, body, self._clock(), requester=tenant.table.requester, id_=id_)

    def _reply(self, message: Message, body: Change, seconds: float) -> Reply | None:
        reply = self._wire.await_reply(message.id, seconds)
        if reply is None or _is_to(message, body, reply):
            return reply
        _LOG.error("what lies in the queue as the reply to message %s is to something else, or forged", message.id)
        return None


def _is_to(message: Message, body: Change, reply: Reply) -> bool:
    """Whether a reply says that it is to this message; one that was not done, or of a signer of before, says little."""
    return reply.asked in (None, message.content_digest()) and reply.issuer in (None, body.issuer)


def _again(detail: str) -> Problem:
    return Problem(ProblemType.SERVER_INTERNAL, detail, status=503, retry_after=_AGAIN_SECONDS)
