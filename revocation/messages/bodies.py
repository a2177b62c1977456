"""What each verb asks for. A body says *what* is wanted, never what bytes to sign."""

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from revocation.instant import Instant, WholeInstant
from revocation.published import CRLRow, SliceRow

MOST_DAYS: Final = 36600
"""How long a certificate may be asked to last: a hundred years."""
MOST_NAMES: Final = 100
"""Of one certificate."""


class Verb(StrEnum):
    """What a message may ask. The names are a wire format."""

    GENERATE_CRLS = "generate_crls"
    GENERATE_OCSP_KEYS = "generate_ocsp_keys"
    PRESIGN = "presign"
    DUE = "due"
    PUBLISH = "publish"
    REVOKE = "revoke"
    RELEASE = "release"
    RAISE = "raise"
    EXCUSE = "excuse"
    DISCARD = "discard"
    IMPORT = "import"
    ISSUE = "issue"
    REGISTER = "register"
    VALIDATE = "validate"
    ACME_CLEANUP = "acme_cleanup"

    @property
    def changes_facts(self) -> bool:
        """Whether a requester has to sign it; the others can only ask for what is due."""
        return self is Verb.IMPORT or issubclass(BODIES[self], Change)


class Body(BaseModel):
    """The base of all bodies: unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Look(Body):
    """Ask the signer to do what is due (`generate_crls`, `generate_ocsp_keys`, `presign`), or to list it (`due`)."""

    issuers: tuple[str, ...] = Field(default=(), description="issuer ids; empty means all")
    crls: tuple[CRLRow, ...] = Field(
        default=(), description="what is published: a hint that makes the signer check its bundles"
    )
    slices: tuple[SliceRow, ...] = ()


class Publish(Body):
    """Ask a publisher to look at the exchange now: a hint, since it looks by itself."""


class Validate(Body):
    """Ask a registrar's worker to look at a challenge now: a hint, since what is validated stands in its database."""

    challenge: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="its id there")


class ACMECleanup(Body):
    """Ask a registrar's worker to remove rows whose time is over: a hint too."""


SerialHex = Annotated[str, Field(pattern=r"^-?[0-9A-F]+$", max_length=256)]


class Change(Body):
    """The base of what changes facts about one issuer: a requester signs it, and its id is answered once."""

    issuer: str
    asked_by: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        exclude_if=lambda value: value is None,  # a signer of before knows no such field
        description="whom the requester asks for, as it says itself: for the audit log",
    )


class Revoke(Change):
    """Revoke one certificate, by its serial; or by a name that it was issued for, and then perhaps all of that name."""

    serial: SerialHex | None = Field(default=None, exclude_if=lambda value: value is None)
    name: str | None = Field(
        default=None,
        max_length=1000,
        exclude_if=lambda value: value is None,
        description="as in `issue`, or `cn:` and a common name; in place of the serial",
    )
    all: bool = Field(
        default=False,
        exclude_if=lambda value: not value,
        description="whether several certificates may have the name; each of them is revoked",
    )
    reason: str
    revoked_at: Instant | None = Field(default=None, description="now when absent; never in the future")
    invalidity_date: Instant | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if (self.serial is None) == (self.name is None) or (self.all and self.name is None):
            raise ValueError("either a serial, or a name, and `all` only with a name")
        return self


class Release(Change):
    """Release one certificate from certificateHold."""

    serial: SerialHex


class Raise(Change):
    """Raise the reason of a revocation to a compromise of the key; its date may move back. Or give it a reason."""

    serial: SerialHex
    reason: str
    revoked_at: Instant | None = Field(default=None, description="as it was when absent; never later than that")
    invalidity_date: Instant | None = None


class Excuse(Change):
    """Let serials be missing from an issuer's CRLs that were listed, although nothing in the ledger explains it."""

    serials: tuple[SerialHex, ...] = Field(min_length=1, max_length=1000)
    why: str = Field(min_length=1, max_length=500, description="for the audit log")


class Discard(Change):
    """Take back what was signed for later than now, when a clock ran ahead."""

    why: str = Field(min_length=1, max_length=500, description="for the audit log")


class Issue(Change):
    """Issue one certificate. Whether, and what stands in it, is decided by the signer's configuration."""

    profile: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="such as `server`; of those of the issuer")
    csr: str = Field(
        pattern=r"^[A-Za-z0-9+/]+=*$",
        max_length=65536,
        description="base64 of the DER of a CertificationRequest (RFC 2986): its key is certified, and has signed it",
    )
    names: tuple[str, ...] = Field(
        default=(),
        max_length=MOST_NAMES,
        description="subjectAltName: `dns:…`, `ip:…`, `email:…`, `uri:…` each; none: those of the request",
    )
    subject: str | None = Field(
        default=None, max_length=1000, description="as text of RFC 4514, where the profile lets the requester say it"
    )
    not_before: WholeInstant | None = Field(default=None, description="a little before now when absent")
    not_after: WholeInstant | None = Field(default=None, description="as the profile says when absent")
    lasts: int | None = Field(
        default=None,
        ge=1,
        le=MOST_DAYS * 86400,
        description="seconds, both ends counted, in place of `not_after`: the same message when it is asked again",
    )


class Register(Change):
    """Register certificates that the issuer signed elsewhere, so that their status is published."""

    certificates: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]+=*$", max_length=65536)], ...] = Field(
        min_length=1, max_length=100, description="base64 of the DER of each"
    )


class Import(Body):
    """Synchronise the ledger with another source; the entries travel beside the message, bound by their digest."""

    issuer: str
    source: str = Field(description="where the entries were read, for the audit log")
    entries_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    crl_number: str | None = Field(
        default=None, pattern=r"^[0-9]{1,400}$", description="the last one that the source used, decimal"
    )


class ImportSummary(Body):
    """What an import did: counts, and every certificate on which source and ledger do not agree."""

    read: int
    registered: int
    revoked: int
    unchanged: int
    ahead: tuple[str, ...] = Field(default=(), description="valid in the source, revoked here: nothing is un-revoked")
    contradictions: tuple[str, ...] = Field(
        default=(), description="other dates or reasons, of which nothing is changed; serials of others of the name"
    )


BODIES: Final[dict[Verb, type[Body]]] = {
    Verb.GENERATE_CRLS: Look,
    Verb.GENERATE_OCSP_KEYS: Look,
    Verb.PRESIGN: Look,
    Verb.DUE: Look,
    Verb.PUBLISH: Publish,
    Verb.REVOKE: Revoke,
    Verb.RELEASE: Release,
    Verb.RAISE: Raise,
    Verb.EXCUSE: Excuse,
    Verb.DISCARD: Discard,
    Verb.IMPORT: Import,
    Verb.ISSUE: Issue,
    Verb.REGISTER: Register,
    Verb.VALIDATE: Validate,
    Verb.ACME_CLEANUP: ACMECleanup,
}
