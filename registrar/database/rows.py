"""What the rows of the tables are, as values. Nothing of them changes but by the queries beside this file."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from registrar.problem import Identifier

JSON = Mapping[str, Any]


class Status(StrEnum):
    """The states of RFC 8555 section 7.1.6."""

    PENDING = "pending"
    READY = "ready"
    PROCESSING = "processing"
    VALID = "valid"
    INVALID = "invalid"
    DEACTIVATED = "deactivated"
    EXPIRED = "expired"
    REVOKED = "revoked"


def new_id() -> str:
    """An id that nobody guesses: 128 bits, hexadecimal."""
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Account:
    """An account (RFC 8555 section 7.1.2); `terms` is the URL of the terms of service that were agreed to."""

    id: str
    issuer: str
    thumbprint: str
    jwk: JSON
    contacts: list[str]
    status: Status
    terms: str | None
    eab: str | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class Challenge:
    """A challenge (section 7.1.5); `asked_at` is when its client said that it is ready."""

    id: str
    issuer: str
    authorization_id: str
    type: str
    token: str
    status: Status
    asked_at: datetime | None = None
    validated_at: datetime | None = None
    problem: JSON | None = None


@dataclass(frozen=True)
class Authorization:
    """An authorization (section 7.1.4), of one name of one order."""

    id: str
    issuer: str
    account: str
    order_id: str
    type: str
    value: str
    wildcard: bool
    status: Status
    created_at: datetime
    expires_at: datetime
    lifetime: int

    @property
    def identifier(self) -> Identifier:
        """What it is for, without `*.`."""
        return Identifier(self.type, self.value)

    def status_at(self, now: datetime) -> Status:
        """Its status, which may have expired since."""
        if now < self.expires_at:
            return self.status
        return {Status.PENDING: Status.INVALID, Status.VALID: Status.EXPIRED}.get(self.status, self.status)


@dataclass(frozen=True)
class Order:
    """An order (section 7.1.3). That it is ready follows from its authorizations, and is written nowhere."""

    id: str
    issuer: str
    account: str
    status: Status
    identifiers: list[dict[str, str]]
    profile: str
    not_before: datetime | None
    not_after: datetime | None
    replaces: str | None
    created_at: datetime
    expires_at: datetime
    csr: bytes | None = None
    message: str | None = None
    problem: JSON | None = None

    @property
    def names(self) -> tuple[Identifier, ...]:
        """What its certificate is for, a wildcard with its `*.`."""
        return tuple(Identifier(**one) for one in self.identifiers)

    def status_at(self, authorizations: list[Authorization], now: datetime) -> Status:
        """Its status, which follows from its authorizations until it is finalized."""
        if self.status is not Status.PENDING:
            return self.status
        states = {one.status_at(now) for one in authorizations}
        if now >= self.expires_at or states - {Status.PENDING, Status.VALID}:
            return Status.INVALID
        return Status.READY if states == {Status.VALID} else Status.PENDING


@dataclass(frozen=True)
class Certificate:
    """A certificate that was issued; its link to its account lives as long as it does."""

    id: str
    issuer: str
    ca: str
    serial: str
    certid: str
    account: str | None
    names: list[str]
    profile: str
    not_before: datetime
    not_after: datetime
    der: bytes
    revoked_at: datetime | None = None
    replaced_by: str | None = None
    asked_by: str | None = None
    held_at: datetime | None = None
    reason: str | None = None
    revision: int | None = None
    state_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True)
class EABKey:
    """The key of an external account (section 7.3.4), made by the operator and handed over out of band."""

    issuer: str
    kid: str
    hmac_key: bytes
    comment: str
    reusable: bool
    account: str | None
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True)
class Request:
    """What was asked over the API under an id of a message, of the issuer whose id is `ca`; `body` until it has ended,
    and `done` since it was done.

    In rows of before nothing but the digest is written.
    """

    id: str
    issuer: str
    digest: str
    created_at: datetime
    ca: str | None = None
    verb: str | None = None
    body: str | None = None
    done: bool | None = None


@dataclass(frozen=True)
class Token:
    """A token of the API; `issuers` are the names of those that it is for."""

    prefix: str
    name: str
    digest: bytes
    scopes: list[str]
    issuers: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
