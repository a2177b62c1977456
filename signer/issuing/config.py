"""`[signer.issuers.issuance]`: what an issuer certifies for whoever asks in a message. Absent: nothing."""

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Final, Self

from cryptography import x509
from pydantic import AfterValidator, Field, model_validator

from revocation.configfile import Table
from revocation.durations import Duration, show
from revocation.errors import InputError
from revocation.keykind import KeyKind
from signer.issuers.subject import parse_subject
from signer.issuers.usages import USAGES
from signer.issuing.kinds import Kind

_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_DOMAIN: Final = re.compile(r"\*|\.?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def _domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text):
        raise ValueError(f"{text!r} is no domain: `example.com`, `.example.com` for what is below it alone, or `*`")
    return text


def _mailbox(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if at and not local:
        raise ValueError(f"{text!r} is no mailbox")
    _domain(domain)
    return text


def _beginning(text: str) -> str:
    scheme, found, rest = text.partition(":")
    if not found or not scheme or not text.isascii() or (rest.startswith("//") and "/" not in rest[2:]):
        raise ValueError(f"{text!r}: a URI begins with a scheme, and with `//` also a host and a slash behind it")
    return text


def _oid(text: str) -> str:
    if not _OID.fullmatch(text):
        raise ValueError(f"{text!r} is no object identifier, such as 2.23.140.1.2.1")
    return text


OID = Annotated[str, AfterValidator(_oid)]


class NamePolicy(Table):
    """The names that may be certified. What is not named may not."""

    dns: tuple[Annotated[str, AfterValidator(_domain)], ...] = Field(
        default=(),
        examples=[["home.arpa", ".example.com"]],
        description="Domains: `example.com` and all below it, `.example.com` what is below it alone, `*` any.",
    )
    wildcards: bool = Field(default=False, description="Whether `*.` may stand before a name, in place of one label.")
    ip: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(), examples=[["192.168.0.0/16", "fd00::/8"]], description="Networks whose addresses may be certified."
    )
    email: tuple[Annotated[str, AfterValidator(_mailbox)], ...] = Field(
        default=(),
        examples=[["example.com", "root@example.net"]],
        description="Mailboxes at these domains (`.example.com`: below it; `*`: any), or one mailbox.",
    )
    uri: tuple[Annotated[str, AfterValidator(_beginning)], ...] = Field(
        default=(), examples=[["spiffe://example.org/"]], description="What a URI has to begin with."
    )


class Profile(Table):
    """One profile: what a message asks for by its name."""

    kind: Kind | None = Field(default=None, description="Absent: the kind that the profile is called.")
    validity: Duration = Field(default=timedelta(days=90), description="notBefore to notAfter, where nobody says it.")
    longest: Duration | None = Field(
        default=None, description="The same at most, whoever asks. Absent: `validity`; nothing longer is to be had."
    )
    keys: tuple[KeyKind, ...] | None = Field(
        default=None, min_length=1, description="Kinds of keys that are certified. Absent: those that are usual."
    )
    names: NamePolicy | None = Field(default=None, description="In place of the issuer's `names`.")
    policies: tuple[OID, ...] = Field(default=(), description="Certificate policies that are put in it, by number.")
    subject: str | None = Field(
        default=None,
        examples=["O=Example, C=EE"],
        description="What stands in the subject of each, beside what the requester says.",
    )
    asked_subject: tuple[str, ...] | None = Field(
        default=None,
        examples=[["CN", "OU"]],
        description="Attributes of the subject that the requester may choose freely. Absent: none where names are "
        "certified (a common name that is one of them excepted), and `CN` of other kinds.",
    )
    no_rev_avail: Duration | None = Field(
        default=None,
        examples=["6d"],
        description="What lasts no longer than this says that no status is published (RFC 9608), and has no URL of a "
        "CRL or OCSP responder. Absent: every certificate has both.",
    )
    path_length: int = Field(default=0, ge=0, le=10, description="Of an intermediate: how many CAs may be below it.")
    usages: tuple[str, ...] = Field(
        default=(), examples=[["serverAuth"]], description="Of an intermediate: what it may certify for."
    )

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.longest is not None and self.longest < self.validity:
            raise ValueError(f"longest ({show(self.longest)}) is less than validity ({show(self.validity)})")
        if unknown := sorted(set(self.usages) - USAGES.keys()):
            raise ValueError(f"usages: {unknown[0]!r} is none of {', '.join(USAGES)}")
        if unknown := sorted(set(self.asked_subject or ()) - ATTRIBUTES.keys()):
            raise ValueError(f"asked_subject: {unknown[0]!r} is none of {', '.join(ATTRIBUTES)}")
        if self.subject is not None:
            try:
                parse_subject(self.subject)
            except InputError as error:
                raise ValueError(f"subject: {error.what}") from error
        return self

    @property
    def most(self) -> timedelta:
        """How long such a certificate lasts at most."""
        return self.longest or self.validity


class Issuance(Table):
    """The `issuance` of one issuer."""

    names: NamePolicy = Field(default_factory=NamePolicy, description="What may be certified, in all profiles.")
    profiles: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")], Profile] = Field(
        min_length=1,
        description="What may be asked for: a table each, called `server`, `client`, `server_client`, `email`, "
        "`code_signing`, `ocsp`, `intermediate`, or otherwise with a `kind` that is one of these.",
    )

    @model_validator(mode="after")
    def _kinds_are_known(self) -> Self:
        for name, profile in self.profiles.items():
            try:
                kind = self.kind_of(name)
            except ValueError:
                raise ValueError(f"profiles.{name}: set `kind`, one of {', '.join(Kind)}") from None
            _check_kind(name, kind, profile)
        return self

    def kind_of(self, name: str) -> Kind:
        """The kind of a profile of that name.

        Raises:
            ValueError: nobody says it.
        """
        return self.profiles[name].kind or Kind(name)

    def names_of(self, name: str) -> NamePolicy:
        """The names that a profile certifies."""
        return self.profiles[name].names or self.names


ATTRIBUTES: Final = {
    "CN": x509.NameOID.COMMON_NAME,
    "O": x509.NameOID.ORGANIZATION_NAME,
    "OU": x509.NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": x509.NameOID.COUNTRY_NAME,
    "ST": x509.NameOID.STATE_OR_PROVINCE_NAME,
    "L": x509.NameOID.LOCALITY_NAME,
    "serialNumber": x509.NameOID.SERIAL_NUMBER,
    "UID": x509.NameOID.USER_ID,
}
"""Attributes of a subject, as configuration and messages name them."""


def _fixed(profile: Profile) -> list[str]:
    """The attributes that stand in each subject, by name."""
    found = [one.oid for one in parse_subject(profile.subject)] if profile.subject else []
    return [name for name, oid in ATTRIBUTES.items() if oid in found]


def _check_kind(name: str, kind: Kind, profile: Profile) -> None:
    """What only some kinds have is in no other."""
    if not kind.is_ca and (profile.usages or profile.path_length):
        raise ValueError(f"profiles.{name}: usages and path_length are of intermediates, and this is `{kind}`")
    if profile.no_rev_avail is not None and kind in (Kind.INTERMEDIATE, Kind.OCSP):
        raise ValueError(
            f"profiles.{name}: no_rev_avail may not stand in a certificate of `{kind}` (RFC 9608 section 3)"
        )
    if kind.is_server and "CN" in {*(profile.asked_subject or ()), *_fixed(profile)}:
        raise ValueError(f"profiles.{name}: the common name of a server is one of its names, and no other is put there")
    if kind is Kind.OCSP and (profile.subject or profile.asked_subject or profile.policies):
        raise ValueError(
            f"profiles.{name}: what stands in the certificate of a responder is fixed: leave out what adds"
        )
