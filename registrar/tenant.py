"""One issuer as its clients see it: what it offers, who it is, and its URLs. Several are kept apart by their names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from registrar.config import RegistrarConfig
from registrar.issuer_table import IssuerTable
from revocation.config import IssuerProfile, PublicConfig
from revocation.issuer import Issuer


@dataclass(frozen=True)
class Tenant:
    """An issuer of the registrar.

    Attributes:
        table: what it offers.
        profile: the issuer, and what is published of it.
        root: the URL of the registrar.
    """

    table: IssuerTable
    profile: IssuerProfile
    root: str

    @property
    def name(self) -> str:
        """By which its rows and URLs are told from others'."""
        return self.table.name

    @property
    def issuer(self) -> Issuer:
        """Who signs."""
        return self.profile.issuer

    def url(self, *parts: str) -> str:
        """The URL of one of its resources, such as `order`, ID."""
        return "/".join((self.root, "acme", self.name, *parts))


def tenants_of(settings: RegistrarConfig, public: PublicConfig) -> Mapping[str, Tenant]:
    """Those that serve ACME, by their names."""
    return _by_name(settings.acme_issuers, settings, public)


def api_tenants_of(settings: RegistrarConfig, public: PublicConfig) -> Mapping[str, Tenant]:
    """Those that have the API, by their names."""
    return _by_name(settings.api_issuers, settings, public)


def _by_name(issuers: Iterable[IssuerTable], settings: RegistrarConfig, public: PublicConfig) -> Mapping[str, Tenant]:
    profiles = {profile.issuer.name: profile for profile in public.profiles.values()}
    return {one.name: Tenant(one, profiles[one.name], settings.url) for one in issuers}
