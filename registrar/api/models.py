"""What the API takes and gives. The OpenAPI document is made of these models, so it cannot say anything else."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from revocation.clock import iso

_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_LONGEST_PEM: Final = 65536


def _instant(value: Any) -> datetime:
    """RFC 3339, and nothing else that could be taken for a time."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _INSTANT.fullmatch(value.upper()):
        raise ValueError("is no time of RFC 3339, such as 2026-12-01T00:00:00Z")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise ValueError("is before the year 1 or after the year 9999 in UTC") from None


Time = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-12-01T00:00:00Z"]}),
]
"""A time, in UTC and whole seconds."""

Serial = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{1,64}$", description="Hexadecimal.", examples=["0A1B2C"])]
Name = Annotated[
    str,
    Field(pattern=r"^(dns|ip|email|uri):[!-~]{1,500}$", description="`dns:…`, `ip:…`, `email:…` or `uri:…`."),
]
MessageID = Annotated[str, Field(description="Of the message to the signer, as its audit log has it.")]
Pem = Annotated[
    str,
    Field(
        min_length=1, max_length=_LONGEST_PEM, pattern=r"^[\t\n\r -~]+$", description="PEM, or base64 of DER: ASCII."
    ),
]
GivenReason = Literal[
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
    "aACompromise",
]
State = Literal["live", "held", "revoked", "expired"]


class Taken(BaseModel):
    """What comes in: unknown members are refused, and nothing is turned into another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Given(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IssueRequest(Taken):
    """A certificate that is wanted. Whether it is issued, and what stands in it, the signer's policy decides."""

    profile: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="One of the issuer's profiles.")
    csr: Pem = Field(description="The request (PKCS #10) that the key has signed.")
    names: list[Name] = Field(default=[], max_length=100, description="subjectAltName; none: those of the request.")
    subject: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        pattern=r"^[^\u0000-\u001f]+$",
        description="RFC 4514, where the profile lets one say it.",
    )
    not_before: Time | None = Field(default=None, description="A little before now, if absent.")
    not_after: Time | None = Field(default=None, description="As the profile says, if absent.")


class RevokeRequest(Taken):
    """Why, and since when. A hold is another request."""

    reason: GivenReason = "unspecified"
    revoked_at: Time | None = Field(default=None, description="Now, if absent; never later.")
    invalidity_date: Time | None = Field(default=None, description="Since when the key is suspected.")


class NoRequest(Taken):
    """Nothing more is said."""


class ImportRequest(Taken):
    """Certificates that the issuer signed elsewhere, with another software: from now on their status is published."""

    certificates: list[Pem] = Field(min_length=1, max_length=100)


class CertificateAnswer(Given):
    """A certificate, as the registrar knows it: what others had revoked it learns at `status`, or when refused."""

    issuer: str
    serial: Serial
    profile: str = Field(description="Empty of one that was imported.")
    names: list[str]
    not_before: Time
    not_after: Time
    state: State
    revoked_at: Time | None
    held_at: Time | None
    reason: str | None
    seen_at: Time | None = Field(
        description="When the registrar saw this state published, signed; null: it has not, as before anybody has "
        "looked, or since the signer said that it recorded another one."
    )
    asked_by: str | None = Field(description="Who asked for it over the API; or the account of ACME.")
    certificate: str = Field(description="PEM.")
    chain: list[str] = Field(
        description="PEM, of the certificates above it; none where its CA is no longer among the issuers here."
    )


class Page(Given):
    """Some certificates, the newest first."""

    certificates: list[CertificateAnswer]
    next: str | None = Field(description="The `cursor` of the next page; null on the last.")


class Pending(Given):
    """It is not done yet: ask again, with the same Idempotency-Key and body."""

    id: MessageID
    idempotency_key: str
    detail: str


class Changed(Given):
    """What the signer recorded; it is published a moment later: see `status`."""

    id: MessageID
    issuer: str
    serial: Serial
    detail: str
    revision: int | None


class Imported(Given):
    """What the signer did with certificates that were imported."""

    id: MessageID
    issuer: str
    detail: str
    registered: list[Serial]
    known: list[Serial]


class Status(Given):
    """What the OCSP responder serves now: its signature was verified."""

    issuer: str
    serial: Serial
    status: Literal["good", "revoked", "unknown", "unpublished"] = Field(
        description="`unpublished`: the responder says, unsigned as it has to, that it has no response."
    )
    revoked_at: Time | None = None
    reason: str | None = None
    this_update: Time | None = None
    next_update: Time | None = None


class IssuerAnswer(Given):
    """An issuer that one may ask something of."""

    name: str
    id: str
    subject: str
    scopes: list[str]
    certificates: list[str] = Field(description="PEM, the newest first.")


class Issuers(Given):
    """All of those."""

    caller: str = Field(description="Who asks, as the audit log has it.")
    issuers: list[IssuerAnswer]


class FaultAnswer(Given):
    """What is wrong with one member."""

    at: str
    detail: str


class ProblemAnswer(Given):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    advice: str | None = None
    faults: list[FaultAnswer] | None = None


class ListQuery(BaseModel):
    """Which certificates, and how many of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = Field(default=None, description="Those that have this name.")
    state: State | None = None
    expires_before: Time | None = None
    expires_after: Time | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{32}$", description="`next` of a page.")
