"""Orders (RFC 8555 section 7.4), with profiles and with the certificate that one replaces (RFC 9773 section 5)."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from registrar.acme.asked import Answer, Asked, not_there, not_yours
from registrar.acme.identifiers import IP, base, is_wildcard, read_identifiers
from registrar.acme.issuing import pursue
from registrar.acme.replacing import already_replaced, is_renewal, replaced_by
from registrar.acme.strict_json import malformed
from registrar.acme.times import read_time
from registrar.database import certificates
from registrar.database import orders as stored
from registrar.database.rows import JSON, Authorization, Challenge, Order, Status, new_id
from registrar.problem import Identifier, Problem, ProblemType
from registrar.validation.challenge import ChallengeType
from revocation.clock import epoch, from_epoch, iso
from revocation.validity import AHEAD, BACKDATE

_PAGE: Final = 100
_TOKEN_OCTETS: Final = 32
_AGAIN: Final = 3
_TO_ASK: Final = timedelta(minutes=5)
"""Between the end of an order and the last moment at which the signer issues what it asks for."""
_LEAST: Final = timedelta(minutes=5)
"""As long an order lives at least that says its notBefore."""


def new_order(asked: Asked) -> Answer:
    """Make an order, with an authorization for each name and the challenges that can show that it is the client's."""
    payload = asked.payload()
    names = read_identifiers(payload.get("identifiers"), asked.tenant)
    made = _made(asked, payload, names)
    replaced = replaced_by(asked, made)
    renews = is_renewal(names, replaced)
    asked.services.rates.new_order(asked.tenant, asked.account.id, names, renews=renews)
    authorized = [_authorization(asked, made, name) for name in names]
    offered = [one for authorization in authorized for one in _challenges(asked, authorization)]
    with asked.services.database.write(durable=False) as connection:
        if replaced is not None and not certificates.mark_replaced(connection, replaced, made.id):
            raise already_replaced()
        stored.add(connection, made, authorized, offered)
    headers = {"Location": asked.tenant.url("order", made.id)}
    return Answer(document(asked, made, authorized), 201, headers=headers)


def order(asked: Asked, id_: str) -> Answer:
    """Show an order, and have one go on that waits for its certificate."""
    asked.require_get()
    found, authorized = find(asked, id_)
    again = _AGAIN
    if found.status is Status.PROCESSING:
        try:
            found = pursue(asked.services, asked.tenant, found, 0.0)
        except Problem as problem:
            again = problem.retry_after or _AGAIN
    return shown(asked, found, authorized, again)


def orders(asked: Asked, id_: str) -> Answer:
    """The list of the orders of an account (section 7.1.2.1), a page at a time."""
    asked.require_get()
    if id_ != asked.account.id:
        raise not_yours("list of orders")
    after = _cursor(asked.query.get("after"))
    with asked.services.database.read() as connection:
        found = stored.orders_of(connection, asked.tenant.name, id_, after, _PAGE + 1)
        page = found[:_PAGE]
        authorized = stored.authorizations_of_all(connection, asked.tenant.name, [one.id for one in page])
    links = []
    if len(found) > _PAGE:
        last = page[-1]
        links = [("next", f"{asked.account_url(id_)}/orders?after={epoch(last.created_at)}-{last.id}")]
    live = [one for one in page if one.status_at(authorized[one.id], asked.now) is not Status.INVALID]
    return Answer({"orders": [asked.tenant.url("order", one.id) for one in live]}, links=links)


def find(asked: Asked, id_: str) -> tuple[Order, list[Authorization]]:
    """An order of the account that asks, with its authorizations.

    Raises:
        Problem: there is none, or it is another account's.
    """
    with asked.services.database.read() as connection:
        found = stored.order(connection, asked.tenant.name, id_)
        if found is None:
            raise not_there("order")
        if found.account != asked.account.id:
            raise not_yours("order")
        return found, stored.authorizations_of(connection, asked.tenant.name, id_)


def shown(asked: Asked, one: Order, authorized: list[Authorization], again: int = _AGAIN) -> Answer:
    """The answer that shows an order; one that goes on is to be looked at again, in so many seconds."""
    status = one.status_at(authorized, asked.now)
    headers = {"Location": asked.tenant.url("order", one.id)}
    if status is Status.PROCESSING:
        headers["Retry-After"] = str(again)
    return Answer(document(asked, one, authorized), headers=headers)


def document(asked: Asked, one: Order, authorized: list[Authorization]) -> dict[str, Any]:
    """An order as its owner sees it (section 7.1.3)."""
    said: dict[str, Any] = {
        "status": one.status_at(authorized, asked.now).value,
        "expires": iso(one.expires_at),
        "identifiers": one.identifiers,
        "profile": one.profile,
        "authorizations": [asked.tenant.url("authorization", each.id) for each in authorized],
        "finalize": asked.tenant.url("order", one.id, "finalize"),
    }
    for name, moment in (("notBefore", one.not_before), ("notAfter", one.not_after)):
        if moment is not None:
            said[name] = iso(moment)
    if one.replaces is not None:
        said["replaces"] = one.replaces
    if (problem := one.problem or _why_invalid(one, authorized, asked.now)) is not None:
        said["error"] = problem
    if one.status is Status.VALID:
        said["certificate"] = asked.tenant.url("certificate", one.id)
    return said


def _why_invalid(one: Order, authorized: list[Authorization], now: datetime) -> JSON | None:
    """The error of an order that cannot be finalized any more, though nobody refused it: by what, or since when."""
    if one.status is not Status.PENDING or one.status_at(authorized, now) is not Status.INVALID:
        return None
    if now >= one.expires_at:
        return malformed(f"the order expired at {iso(one.expires_at)}").as_json()
    states = [(each.identifier, each.status_at(now)) for each in authorized]
    failed = [
        Problem(ProblemType.UNAUTHORIZED, f"its authorization is {state}", identifier=name)
        for name, state in states
        if state not in (Status.PENDING, Status.VALID)
    ]
    detail = "names are not authorized: their authorizations say why"
    return Problem(ProblemType.UNAUTHORIZED, detail, status=403, subproblems=failed).as_json()


def _made(asked: Asked, payload: dict[str, Any], names: Sequence[Identifier]) -> Order:
    table = asked.tenant.table
    profile = payload.get("profile") or next(iter(table.profiles))
    if not isinstance(profile, str) or profile not in table.profiles:
        offered = ", ".join(table.profiles)
        raise Problem(ProblemType.INVALID_PROFILE, f"no profile has this name; there are: {offered}")
    begin, end = (read_time(payload.get(name), name) for name in ("notBefore", "notAfter"))
    _require_possible(asked, begin, end)
    replaces = payload.get("replaces")
    if replaces is not None and not isinstance(replaces, str):
        raise malformed("`replaces` is a CertID (RFC 9773 section 4.1)")
    return Order(
        id=new_id(),
        issuer=asked.tenant.name,
        account=asked.account.id,
        status=Status.PENDING,
        identifiers=[name.as_json() for name in names],
        profile=profile,
        not_before=begin,
        not_after=end,
        replaces=replaces,
        created_at=asked.now,
        expires_at=_expiry(asked.now + table.order_lifetime, begin, end),
    )


def _expiry(usual: datetime, begin: datetime | None, end: datetime | None) -> datetime:
    """When an order ends: while the signer still issues what it asks for, and can be asked."""
    last = usual if begin is None else begin + BACKDATE - _TO_ASK
    return min(usual, last, end or usual)


def _require_possible(asked: Asked, begin: datetime | None, end: datetime | None) -> None:
    """Return if a certificate can be valid so, from now until the order ends (section 7.4).

    Raises:
        Problem: none can.
    """
    issuer = asked.tenant.issuer.certificates[0]
    if end is not None and end <= max(begin or asked.now, asked.now):
        raise malformed("notAfter is past, or not after notBefore")
    if end is not None and end > issuer.not_valid_after_utc:
        raise malformed(f"notAfter is after the end of this CA, {iso(issuer.not_valid_after_utc)}")
    earliest = max(asked.now - BACKDATE + _TO_ASK + _LEAST, issuer.not_valid_before_utc)
    if begin is not None and not earliest <= begin <= asked.now + AHEAD:
        raise malformed(f"notBefore is before {iso(earliest)}, or farther ahead than a certificate can begin")


def _authorization(asked: Asked, made: Order, name: Identifier) -> Authorization:
    validated = base(name)
    lifetime: timedelta = asked.tenant.table.authorization_lifetime
    return Authorization(
        id=new_id(),
        issuer=made.issuer,
        account=made.account,
        order_id=made.id,
        type=validated.type,
        value=validated.value,
        wildcard=is_wildcard(name),
        status=Status.PENDING,
        created_at=asked.now,
        expires_at=made.expires_at,
        lifetime=int(lifetime.total_seconds()),
    )


def _challenges(asked: Asked, one: Authorization) -> list[Challenge]:
    """Those that can show it: a wildcard by dns-01 alone, an address not by that (RFC 8738 section 3)."""
    offered = set(asked.tenant.table.challenges)
    if one.wildcard:
        offered &= {ChallengeType.DNS_01}
    if one.type == IP:
        offered -= {ChallengeType.DNS_01}
    return [
        Challenge(new_id(), one.issuer, one.id, type_.value, secrets.token_urlsafe(_TOKEN_OCTETS), Status.PENDING)
        for type_ in sorted(offered)
    ]


def _cursor(text: str | None) -> tuple[datetime, str] | None:
    if text is None:
        return None
    at, _, id_ = text.partition("-")
    if not at.isdecimal() or len(at) > len("253402300799") or not id_.isalnum():
        raise malformed("`after` is not of a list of ours")
    return from_epoch(min(int(at), 253402300799)), id_
