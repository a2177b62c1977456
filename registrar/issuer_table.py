"""One of `[[registrar.issuers]]`: what an issuer offers its clients. Whether it issues is the signer's to decide."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from limits import parse
from pydantic import AfterValidator, Field, model_validator

from registrar.networks import IPNetwork
from registrar.validation.challenge import ChallengeType
from revocation.configfile import LocalPath, Table
from revocation.durations import Duration, show
from revocation.instant import Instant

_PROFILE: Final = r"^[a-z][a-z0-9_]{0,31}$"
_LINK: Final = r"^https?://[!-~]+$"


class Need(StrEnum):
    """Whether something has to be there."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


def _rate(text: str) -> str:
    try:
        parse(text)
    except ValueError:
        raise ValueError(f"{text!r} is no rate: write it as `300 per 3 hours`, or `off`") from None
    return text


Rate = Annotated[str, AfterValidator(lambda text: text if text == "off" else _rate(text))]
"""How often something may be done, such as `50 per hour`; `off` for no limit."""


class RateLimits(Table):
    """How often clients may ask. Counted in the queue server; who is over a limit is told when to come again."""

    accounts_per_address: Rate = Field(
        default="20 per hour", description="New accounts, from one IPv4 address or IPv6 network of 64 bits."
    )
    revocations: Rate = Field(
        default="300 per 3 hours",
        description="Revocations, asked for by one account or, by the key of a certificate, from one address.",
    )
    orders_per_account: Rate = Field(default="300 per 3 hours", description="New orders, of one account.")
    orders_per_name: Rate = Field(default="50 per day", description="New orders, of one account for one name.")
    certificates_per_name: Rate = Field(
        default="100 per 7 days",
        description="Certificates, for one name, of all accounts that have shown it to be theirs.",
    )
    certificates_per_set: Rate = Field(
        default="20 per 7 days",
        description="Certificates, for exactly the same names; those that replace one count not.",
    )


class RenewalSettings(Table):
    """When clients are told to renew (RFC 9773)."""

    asked_again_after: Duration = Field(
        default=timedelta(hours=6), ge=timedelta(minutes=1), le=timedelta(days=1), description="Retry-After."
    )
    replaced_at: Instant | None = Field(
        default=None,
        description="Since when all its certificates are to be replaced: their windows begin then. As if its key were "
        "compromised, or the issuer retired.",
    )
    replaced_within: Duration = Field(
        default=timedelta(days=1), ge=timedelta(seconds=1), description="Over how long those renewals are spread."
    )
    explanation: str | None = Field(default=None, pattern=_LINK, description="A page that says why, for people.")


class IssuerTable(Table):
    """What one issuer offers."""

    name: str = Field(max_length=64, description="As in [[public.issuers]]; it stands in the URLs of its clients.")
    acme: bool = Field(default=False, description="Whether it serves ACME, at /acme/NAME/directory.")
    api: bool = Field(default=False, description="Whether it can be asked over the API, by who has a token for it.")
    requester: str = Field(
        default="registrar", max_length=64, description="The name of `requester_key` in [[signer.requesters]]."
    )
    requester_key: LocalPath = Field(
        description="The Ed25519 key with which the signer is asked: another one for each issuer that is to be apart."
    )
    profiles: dict[Annotated[str, Field(pattern=_PROFILE)], str] = Field(
        default={"server": "Certificates for servers"},
        min_length=1,
        description="The signer's profiles that clients may ask for, each with a sentence for people; the first is "
        "taken where none is asked for.",
    )
    external_accounts: Need = Field(
        default=Need.OFF, description="External account binding: off, optional, or required (`revocast eab create`)."
    )
    contacts: Need = Field(
        default=Need.OPTIONAL, description="Whether accounts have addresses of mail: off drops them."
    )
    terms: str | None = Field(
        default=None, pattern=_LINK, description="Terms of service that accounts have to agree to."
    )
    website: str | None = Field(default=None, pattern=_LINK, description="More about this CA.")
    caa_identities: tuple[str, ...] = Field(default=(), description="The names of this CA in CAA records (RFC 8659).")
    challenges: tuple[ChallengeType, ...] = Field(
        default=tuple(ChallengeType), min_length=1, description="http-01, dns-01, tls-alpn-01: those that are offered."
    )
    dns_names: tuple[str, ...] = Field(
        default=(),
        description="Domains under which names may lie, themselves too; none: any. The signer has its own rules.",
    )
    ip_networks: tuple[IPNetwork, ...] = Field(
        default=(), description="Where IP addresses may lie; none: no certificates for addresses (RFC 8738)."
    )
    wildcards: bool = Field(default=True, description="Whether names may begin with `*.`; validated by dns-01 alone.")
    order_lifetime: Duration = Field(
        default=timedelta(days=7),
        ge=timedelta(minutes=5),
        le=timedelta(days=30),
        description="To validate and finalize.",
    )
    authorization_lifetime: Duration = Field(
        default=timedelta(days=30),
        le=timedelta(days=398),
        description="How long a name stays validated: that long an account may revoke what is issued for it.",
    )
    limits: RateLimits = RateLimits()
    renewal: RenewalSettings = RenewalSettings()
    publish_first: bool = Field(
        default=False, description="Hand a certificate out once its OCSP response is served, and not before."
    )
    chains: tuple[tuple[LocalPath, ...], ...] = Field(
        default=(),
        description="Chains behind a certificate, each the PEM files of its CA certificates in order; the first is the "
        "usual one. None: made of the certificates in [[public.issuers]].",
    )

    @model_validator(mode="after")
    def _can_be_done(self) -> Self:
        if self.authorization_lifetime < self.order_lifetime:
            raise ValueError(
                f"authorization_lifetime ({show(self.authorization_lifetime)}) is shorter than order_lifetime "
                f"({show(self.order_lifetime)}): an order could not be finalized any more"
            )
        if self.ip_networks and set(self.challenges) == {ChallengeType.DNS_01}:
            raise ValueError(
                "addresses (ip_networks) cannot be validated by dns-01 (RFC 8738 section 3), and no other "
                "challenge is offered"
            )
        if any(name != name.lower() or name.startswith((".", "*")) or name.endswith(".") for name in self.dns_names):
            raise ValueError("dns_names are domains in lower case, without a dot or a star around them")
        if any(not chain for chain in self.chains):
            raise ValueError("a chain in `chains` has no certificate")
        return self

    @property
    def offers_wildcards(self) -> bool:
        """Whether they can be validated: by dns-01 alone."""
        return self.wildcards and ChallengeType.DNS_01 in self.challenges
