"""Asking the signer: for a certificate, and for its revocation. The registrar's key signs the message, and no more.

What comes back over the queue is a claim: who can write there can forge it. So a certificate counts if its issuer
signed it, for the key and the names that were asked for; and a refusal that was forged withholds one, and no more.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from registrar.problem import Problem, ProblemType
from registrar.refusal import is_for_later, problem_of, words
from registrar.tenant import Tenant
from revocation.clock import Clock
from revocation.messages import Change, Issue, Outcome, Reply, RequesterKey, Revoke, Verb, compose
from revocation.status import Reason
from revocation.wire.claim import Claim
from revocation.wire.queue import Wire
from revocation.wire.route import ISSUES_QUEUE, REGISTRARS_QUEUE

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


class Issuance(Protocol):
    """Who issues and revokes."""

    def issue(self, tenant: Tenant, wanted: CertificateRequest, seconds: float) -> Issued | Processing:
        """Ask, and wait so long. Raises Problem where the signer refuses, QueueUnreachable."""

    def revoke(self, tenant: Tenant, serial: str, reason: Reason, asked_by: str) -> None:
        """Have a certificate revoked: it is recorded when this returns. Raises Problem, QueueUnreachable."""


class SignerIssuance:
    """The signer, over the queue.

    Args:
        wire: the queue.
        keys: by the name of an issuer the key with which the signer is asked.
        clock: for the times of messages.
    """

    def __init__(self, wire: Wire, keys: Mapping[str, RequesterKey], clock: Clock) -> None:
        self._wire, self._keys, self._clock = wire, keys, clock
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
        if reply is None or is_for_later(reply):
            return Processing()
        if reply.outcome is Outcome.REFUSED:
            raise problem_of(reply, self._clock())
        try:
            return Issued(base64.b64decode(reply.data["certificate"], validate=True))
        except (KeyError, TypeError, binascii.Error):
            return Processing()

    def revoke(self, tenant: Tenant, serial: str, reason: Reason, asked_by: str) -> None:
        """Send the message, and wait for its reply.

        Raises:
            Problem: the signer refuses, or does not answer.
            QueueUnreachable: it cannot be asked now.
        """
        body = Revoke(issuer=tenant.issuer.id, asked_by=asked_by, serial=serial, reason=reason.name)
        reply = self.ask(tenant, Verb.REVOKE, body, secrets.token_hex(16), _REVOKE_SECONDS)
        if reply is None or reply.outcome is Outcome.FAILED:
            raise Problem(
                ProblemType.SERVER_INTERNAL, "the signer does not answer: ask again", status=503, retry_after=30
            )
        if reply.outcome is Outcome.REFUSED:
            raise Problem(ProblemType.UNAUTHORIZED, f"the CA refuses: {words(reply.detail)}", status=403)

    def ask(self, tenant: Tenant, verb: Verb, body: Change, id_: str, seconds: float) -> Reply | None:
        """Send the message, once in a while, and look for its reply.

        Raises:
            QueueUnreachable: it cannot be asked now.
        """
        if self._wire.claim(f"issue:{id_}", self._owner, _AGAIN_SECONDS) is Claim.NEW:
            message = compose(verb, body, self._clock(), requester=tenant.table.requester, id_=id_)
            queue = ISSUES_QUEUE if verb is Verb.ISSUE else REGISTRARS_QUEUE
            self._wire.send(queue, self._keys[tenant.name].sign(message))
        return self._wire.await_reply(id_, seconds)
