"""Authorizations and challenges (RFC 8555 section 7.5): the client says that it is ready, a worker looks."""

import logging
from typing import Any, Final

from registrar.acme.asked import Answer, Asked, not_there, not_yours
from registrar.acme.strict_json import malformed
from registrar.database import orders as stored
from registrar.database.rows import Authorization, Challenge, Status
from revocation.clock import iso
from revocation.errors import QueueUnreachable

_LOG: Final = logging.getLogger("revocast.registrar")
_AGAIN: Final = "2"


def authorization(asked: Asked, id_: str) -> Answer:
    """Show an authorization, or deactivate it: its order then becomes invalid (section 7.5.2)."""
    found = _find(asked, id_)
    if not asked.is_get and "status" in (payload := asked.payload()):
        if payload["status"] != Status.DEACTIVATED.value:
            raise malformed("an authorization's status can be changed to `deactivated`, and to nothing else")
        found = _deactivated(asked, found)
    with asked.services.database.read() as connection:
        challenges = stored.challenges_of(connection, asked.tenant.name, id_)
    waits = any(one.status is Status.PROCESSING for one in challenges)
    headers = {"Retry-After": _AGAIN} if waits and found.status is Status.PENDING else {}
    return Answer(_document(asked, found, challenges), headers=headers)


def challenge(asked: Asked, id_: str) -> Answer:
    """Show a challenge; with a payload `{}` have it validated (section 7.5.1)."""
    with asked.services.database.read() as connection:
        one = stored.challenge(connection, id_, asked.tenant.name)
    if one is None:
        raise not_there("challenge")
    above = _find(asked, one.authorization_id)
    if not asked.is_get:
        asked.payload()  # an object; what stands in it is nobody's to read
        one = _ready(asked, above, one)
    headers = {"Retry-After": _AGAIN} if one.status is Status.PROCESSING else {}
    links = [("up", asked.tenant.url("authorization", above.id))]
    return Answer(challenge_document(asked, one), headers=headers, links=links)


def _find(asked: Asked, id_: str) -> Authorization:
    with asked.services.database.read() as connection:
        found = stored.authorization(connection, asked.tenant.name, id_)
    if found is None:
        raise not_there("authorization")
    if found.account != asked.account.id:
        raise not_yours("authorization")
    return found


def _deactivated(asked: Asked, found: Authorization) -> Authorization:
    if found.status_at(asked.now) not in (Status.PENDING, Status.VALID):
        return found
    with asked.services.database.write() as connection:
        stored.change_authorization(connection, found, Status.DEACTIVATED)
        return stored.authorization(connection, asked.tenant.name, found.id) or found


def _ready(asked: Asked, above: Authorization, one: Challenge) -> Challenge:
    """Have it validated, unless that was asked before, or another challenge has shown it already."""
    if above.status_at(asked.now) not in (Status.PENDING, Status.VALID):
        raise malformed(f"the authorization of this challenge is {above.status_at(asked.now)}: make a new order")
    if above.status is Status.VALID or one.status is not Status.PENDING:
        return one
    with asked.services.database.write(durable=False) as connection:
        stored.change_challenge(connection, one, Status.PROCESSING, asked_at=asked.now)
    try:
        asked.services.validations.ask(one.id)
    except QueueUnreachable as error:
        _LOG.warning("challenge %s waits for the worker's own look: %s", one.id, error)
    with asked.services.database.read() as connection:
        return stored.challenge(connection, one.id, asked.tenant.name) or one


def _document(asked: Asked, found: Authorization, challenges: list[Challenge]) -> dict[str, Any]:
    """An authorization as its owner sees it (section 7.1.4); decided, it shows the challenge that decided it."""
    status = found.status_at(asked.now)
    decided = [one for one in challenges if one.status in (Status.VALID, Status.INVALID)]
    said: dict[str, Any] = {
        "identifier": found.identifier.as_json(),
        "status": status.value,
        "expires": iso(found.expires_at),
        "challenges": [challenge_document(asked, one) for one in (decided or challenges)],
    }
    if found.wildcard:
        said["wildcard"] = True
    return said


def challenge_document(asked: Asked, one: Challenge) -> dict[str, Any]:
    """A challenge as its owner sees it (section 7.1.5)."""
    said: dict[str, Any] = {
        "type": one.type,
        "url": asked.tenant.url("challenge", one.id),
        "status": one.status.value,
        "token": one.token,
    }
    if one.validated_at is not None:
        said["validated"] = iso(one.validated_at)
    if one.problem is not None:
        said["error"] = one.problem
    return said
