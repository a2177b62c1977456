"""Accounts: new ones, and what becomes of them (RFC 8555 section 7.3)."""

from typing import Any

from registrar.acme.asked import Answer, Asked, not_yours
from registrar.acme.binding import already_bound, bound_to
from registrar.acme.contacts import read_contacts
from registrar.acme.strict_json import malformed
from registrar.database import accounts
from registrar.database.accounts import AlreadyBound, ChangedMeanwhile, KeyInUse
from registrar.database.rows import Account, Status, new_id
from registrar.issuer_table import Need
from registrar.problem import Problem, ProblemType


def new_account(asked: Asked) -> Answer:
    """Make an account, or find that of the key."""
    payload = asked.payload()
    with asked.services.database.read() as connection:
        found = accounts.by_thumbprint(connection, asked.tenant.name, asked.key.thumbprint)
    if found is not None:
        return _existing(asked, found)
    if payload.get("onlyReturnExisting") is True:
        raise Problem(ProblemType.ACCOUNT_DOES_NOT_EXIST, "no account has this key")
    made = _made(asked, payload)
    try:
        with asked.services.database.write() as connection:
            accounts.add(connection, made)
    except KeyInUse:  # by the same client, which asked twice at once
        return new_account(asked)
    except AlreadyBound:
        raise already_bound("another account is bound to this `kid`: ask the operator for a new one") from None
    return Answer(document(asked, made), 201, headers={"Location": asked.account_url(made.id)})


def _existing(asked: Asked, found: Account) -> Answer:
    if found.status is not Status.VALID:
        raise Problem(ProblemType.UNAUTHORIZED, f"the account of this key was {found.status}", status=401)
    return Answer(document(asked, found), headers={"Location": asked.account_url(found.id)})


def _made(asked: Asked, payload: dict[str, Any]) -> Account:
    table = asked.tenant.table
    if table.terms and payload.get("termsOfServiceAgreed") is not True:
        raise Problem(
            ProblemType.USER_ACTION_REQUIRED,
            f"accounts of this CA agree to its terms of service, {table.terms}",
            status=403,
            instance=table.terms,
            links=[("terms-of-service", table.terms)],
        )
    contacts = read_contacts(payload.get("contact", []), table.contacts)
    eab = bound_to(asked, payload.get("externalAccountBinding"))
    asked.services.rates.new_account(asked.tenant, asked.address)
    return Account(
        id=new_id(),
        issuer=asked.tenant.name,
        thumbprint=asked.key.thumbprint,
        jwk=asked.key.jwk,
        contacts=contacts,
        status=Status.VALID,
        terms=table.terms,
        eab=eab,
        created_at=asked.now,
        changed_at=asked.now,
    )


def account(asked: Asked, id_: str) -> Answer:
    """Show an account, change its contacts, or deactivate it (sections 7.3.2 and 7.3.6)."""
    if id_ != asked.account.id:
        raise not_yours("account")
    changed: dict[str, Any] = {}
    payload = {} if asked.is_get else asked.payload()
    if payload.get("status", Status.VALID.value) != Status.VALID.value:  # as clients send back what they were shown
        if payload["status"] != Status.DEACTIVATED.value:
            raise malformed("an account's status can be changed to `deactivated`, and to nothing else")
        changed["status"] = Status.DEACTIVATED.value
    if "contact" in payload and asked.tenant.table.contacts is not Need.OFF:
        changed["contacts"] = read_contacts(payload["contact"], asked.tenant.table.contacts)
    if payload.get("termsOfServiceAgreed") is True and asked.account.terms != asked.tenant.table.terms:
        changed["terms"] = asked.tenant.table.terms
    if not changed:
        return Answer(document(asked, asked.account))
    return Answer(document(asked, change(asked, **changed)))


def change(asked: Asked, **values: object) -> Account:
    """The account that asks, changed.

    Raises:
        KeyInUse: another account has the new key.
        Problem: it has another key by now, or was deactivated.
    """
    try:
        with asked.services.database.write() as connection:
            return accounts.change(connection, asked.account, changed_at=asked.now, **values)
    except ChangedMeanwhile:
        raise malformed("the account was deactivated meanwhile, or has another key by now", status=409) from None


def document(asked: Asked, one: Account) -> dict[str, Any]:
    """An account as its owner sees it (section 7.1.2)."""
    said: dict[str, Any] = {
        "status": one.status.value,
        "contact": one.contacts,
        "orders": f"{asked.account_url(one.id)}/orders",
    }
    if one.terms is not None:
        said["termsOfServiceAgreed"] = True
    return said
