"""Requests that the signer has not answered, and whose clients may never ask again: issuing, revoking, importing.

A hold and a release are their clients' alone to ask again: the contrary may be wanted by then. But the signer may do
late what it was asked, so their replies are looked for, and in the end what is published.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from registrar.api.asked import Begun, body_of, is_its_clients
from registrar.api.former_keys import is_of_no_issuer
from registrar.api.recording import record
from registrar.api.seen import is_seen_revoked, look_again, see_all
from registrar.api.services import APIServices
from registrar.database import requests
from registrar.pursuing import Place, by_turns
from registrar.refusal import is_for_later, seconds_until_room, words
from registrar.until_silent import ResponderUntilSilent
from revocation.errors import QueueUnreachable
from revocation.logs import about
from revocation.messages import Outcome, Release, Reply, Revoke, Verb
from revocation.refusalkind import RefusalKind

_LOG: Final = logging.getLogger("revocast.registrar")
_HEARD: Final = timedelta(hours=1)
"""For how long replies are in the queue, and much longer than the signer heeds a message."""


class OpenRequests:
    """Those of the issuers that have the API; others' wait until they have it again."""

    kind = "request"

    def __init__(self, services: APIServices) -> None:
        self._services = self._of_this_round = services

    def waiting(self, most: int) -> Sequence[Place]:
        """Those that have no answer, in a new round."""
        services = self._services
        self._of_this_round = replace(services, responder=ResponderUntilSilent(services.responder))
        with services.database.read() as connection:
            return by_turns({name: requests.waiting(connection, name, most) for name in services.tenants})

    def pursue(self, place: Place) -> float | None:
        """Ask the signer again, without waiting, and record what it says."""
        begun = self._begun(*place)
        if begun is None:
            return None
        if is_of_no_issuer(self._services, begun.body):
            self._end(begun)
            self._tell(begun, "ends: the CA that was to issue it is not configured here any more")
            return None
        what, is_heard_alone = (begun.tenant, begun.verb, begun.body, begun.id), is_its_clients(begun.body)
        try:
            signer = self._services.signer
            reply = signer.heard(*what) if is_heard_alone else signer.ask(*what, 0.0)
        except QueueUnreachable as error:
            _LOG.warning("request %s waits: %s", begun.id, error)
            return None
        if is_heard_alone and (reply is None or reply.outcome is not Outcome.DONE):
            self._not_heard(begun)
            return None
        if reply is None or is_for_later(reply):
            return None
        if reply.outcome is Outcome.REFUSED:
            return self._refused(begun, reply)
        found = record(self._services, begun, reply)
        if found is not None:
            self._tell(begun, "is done")
            see_all(self._of_this_round, begun.tenant, begun.body.issuer, [one.serial for one in found])
        return None

    def _begun(self, issuer: str, id_: str) -> Begun | None:
        """What is asked; None where it has ended meanwhile, or the issuer has no API now."""
        with self._services.database.read() as connection:
            one = requests.by_id(connection, issuer, id_)
        tenant = self._services.tenants.get(issuer)
        body = body_of(one) if one else None
        if one is None or body is None or tenant is None:
            return None
        return Begun(tenant, id_, Verb(one.verb or ""), body, one.created_at)

    def _not_heard(self, begun: Begun) -> None:
        """End a hold or a release whose reply will not come any more."""
        if self._services.clock() - begun.since <= _HEARD:
            return
        self._end(begun)
        self._tell(begun, "was not answered: it is its client's to ask again")

    def _refused(self, begun: Begun, reply: Reply) -> float | None:
        """End it, unless it can be done later, or nobody has seen yet that what is said to be revoked is."""
        seconds = seconds_until_room(reply, self._services.clock())
        if seconds is not None:
            return float(seconds)
        if reply.kind is RefusalKind.ALREADY_REVOKED and not self._is_revoked(begun):
            return None
        self._end(begun)
        self._tell(begun, f"is refused: {words(reply.detail)}")
        return None

    def _is_revoked(self, begun: Begun) -> bool:
        match begun.body:
            case Revoke(issuer=ca, serial=str(serial)):
                return is_seen_revoked(self._of_this_round, begun.tenant, ca, serial)
        return False

    def _end(self, begun: Begun) -> None:
        """End it, not known to be done; of a change of status it is seen what is published, whoever had that done."""
        match begun.body:
            case Revoke(serial=str(serial)) | Release(serial=serial):
                look_again(self._of_this_round, begun.tenant, begun.body.issuer, serial)
        with self._services.database.write() as connection:
            requests.end(connection, begun.id, done=False)

    def _tell(self, begun: Begun, end: str) -> None:
        _LOG.info(
            *("API: %s of %s, asked by %s, %s", begun.verb, begun.tenant.name, begun.body.asked_by, end),
            extra=about(message_id=begun.id),
        )
