"""The `[registrar]` table: where it listens, its database and queue, and the issuers that it faces clients for."""

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from registrar.api import client_cas
from registrar.api.config import APITable
from registrar.issuer_table import IssuerTable
from registrar.networks import IPNetwork
from registrar.validation.config import Network
from revocation.config import PublicConfig
from revocation.configfile import LocalPath, QueueURL, Table
from revocation.databaseplace import DatabasePlace
from revocation.durations import Duration
from revocation.errors import ConfigurationError

_LONGEST_ANSWER: Final = timedelta(seconds=30)
"""Clients of ACME give up a request after 30 to 45 seconds."""
_HIGHEST_PORT: Final = 65535


def _url(url: str) -> str:
    """An origin, over TLS unless nobody but this machine can use it (RFC 8555 section 6.1)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or url != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"{url!r} is no origin: write https://HOST or https://HOST:PORT, without a path")
    if "@" in parts.netloc:
        raise ValueError("a user and a password do not stand in the URL")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(f"{url!r} is not https, which ACME demands (RFC 8555 section 6.1)")
    return url


def is_loopback(host: str) -> bool:
    """Whether only this machine gets there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not bare or (":" in bare and bare == host) or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise ValueError("an address has the form 127.0.0.1:8890, or [::1]:8890")
    return text


class Retention(Table):
    """How long rows stay after their end. The link from a certificate to its account stays while that lives."""

    orders: Duration = Field(default=timedelta(days=30), description="Orders, after they have expired.")
    authorizations: Duration = Field(
        default=timedelta(days=30), description="Authorizations with their challenges, after they have expired."
    )
    certificates: Duration = Field(
        default=timedelta(days=90), description="Certificates in this database, after they have expired."
    )
    requests: Duration = Field(
        default=timedelta(days=30),
        ge=timedelta(hours=1),
        description="Ids under which something was asked over the API; the signer remembers its own for good.",
    )
    accounts: Duration = Field(
        default=timedelta(days=365), description="Accounts that were deactivated, and of which no certificate lives."
    )


class OwnCertificateTable(Table):
    """`[registrar.own_certificate]`: the certificate of `url`, where one of the issuers here makes it."""

    issuer: str = Field(description="The name of one of [[registrar.issuers]] that serves ACME.")
    profile: str = Field(default="server", description="The signer's profile that it is asked for.")
    file: LocalPath = Field(
        default=Path("registrar/tls.pem"),
        description="Where the registrar keeps it with its key, PEM, for itself alone; made, and renewed after two "
        "thirds of its validity.",
    )


class RegistrarConfig(Table):
    """What the registrar is."""

    database: DatabasePlace = Field(
        default=Path("registrar/registrar.sqlite"),
        description="Accounts, orders, certificates: an SQLite file on a local disk, or postgresql://USER@HOST/DATABASE.",
    )
    queue: QueueURL = Field(description="Over which the signer is asked; nonces and rate limits are there too.")
    url: Annotated[str, AfterValidator(_url)] = Field(
        description="How clients reach it: https://HOST or https://HOST:PORT. They sign it, so it is what they see, "
        "whatever a proxy makes of it."
    )
    listen: Annotated[str, AfterValidator(_listen)] = Field(
        default="127.0.0.1:8890", description="The address and port to listen on; port 0 picks a free one."
    )
    tls_certificate: LocalPath | None = Field(default=None, description="PEM: the certificate of `url`, and its chain.")
    tls_key: LocalPath | None = Field(default=None, description="Its key, PEM, readable by this service alone.")
    own_certificate: OwnCertificateTable | None = Field(
        default=None, description="In the place of these two: who issues the certificate of `url` for us."
    )
    trusted_proxies: tuple[IPNetwork, ...] = Field(
        default=(),
        description="Addresses or networks of the proxies in front that end TLS: their X-Forwarded-For says who asks.",
    )
    threads: int = Field(
        default=32,
        ge=1,
        le=40,
        description="Requests that are worked on at a time. One that is sent slowly holds none.",
    )
    finalize_wait: Duration = Field(
        default=timedelta(seconds=5),
        ge=timedelta(0),
        le=_LONGEST_ANSWER,
        description="How long a client that finalizes waits for its certificate before it is told to ask again.",
    )
    nonce_lifetime: Duration = Field(
        default=timedelta(minutes=15),
        ge=timedelta(minutes=1),
        le=timedelta(days=1),
        description="After which a nonce is forgotten; its client takes a new one and tries again.",
    )
    responder: str | None = Field(
        default=None,
        pattern=r"^http://[!-~]+[^/]$",
        description="Where this machine asks for OCSP responses, without /ocsp/: http://HOST:PORT. As in [public], if "
        "this is not set.",
    )
    retention: Retention = Retention()
    validation: Network = Network()
    api: APITable | None = Field(default=None, description="The API at /api/v1. Absent: there is none (docs/api.md).")
    issuers: tuple[IssuerTable, ...] = Field(min_length=1, description="fill in [[registrar.issuers]]")

    @model_validator(mode="after")
    def _is_reached_over_tls(self) -> Self:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("`tls_certificate` and `tls_key` go together")
        if self.tls_certificate and self.own_certificate:
            raise ValueError("`tls_certificate` and `own_certificate` are two ways to one certificate: leave one out")
        ends_elsewhere = bool(self.trusted_proxies)
        if self.url.startswith("https:") and not self.ends_tls and not ends_elsewhere:
            raise ValueError(
                f"`url` is {self.url}, and nothing ends TLS: set `tls_certificate` and `tls_key`, `own_certificate`, "
                "or `trusted_proxies` where a web server in front does"
            )
        if self.url.startswith("http:") and self.ends_tls:
            raise ValueError(f"`url` is {self.url}, and a certificate for it is configured: write https://")
        return self

    @model_validator(mode="after")
    def _is_certified_by_one_of_them(self) -> Self:
        own = self.own_certificate
        if own is not None and own.issuer not in [one.name for one in self.acme_issuers]:
            raise ValueError(f"own_certificate.issuer: {own.issuer} is none of [[registrar.issuers]] that serves ACME")
        return self

    @model_validator(mode="after")
    def _no_doubles(self) -> Self:
        names = [one.name for one in self.issuers]
        if len(set(names)) != len(names):
            raise ValueError("two issuers have the same name")
        return self

    @model_validator(mode="after")
    def _api_can_be_used(self) -> Self:
        offered = [one.name for one in self.issuers if one.api]
        if self.api is None:
            if offered:
                raise ValueError(f"api = true of {offered[0]}, and there is no [registrar.api]")
            return self
        if not offered:
            raise ValueError("[registrar.api] is there, and no issuer has api = true")
        self.api.require_proxies(self.trusted_proxies)
        if self.api.clients and not (self.ends_tls or self.api.client_certificate_header):
            raise ValueError(
                "[[registrar.api.clients]] are there, and no TLS in which they show certificates: set "
                "`tls_certificate` or `own_certificate`, or `client_certificate_header` of a proxy"
            )
        for client in self.api.clients:
            if unknown := sorted(set(client.issuers) - set(offered)):
                raise ValueError(f"a client is for the issuer {unknown[0]}, which has not api = true")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def ends_tls(self) -> bool:
        """Whether it speaks TLS itself."""
        return self.tls_certificate is not None or self.own_certificate is not None

    @property
    def acme_issuers(self) -> tuple[IssuerTable, ...]:
        """Those that serve ACME."""
        return tuple(one for one in self.issuers if one.acme)

    @property
    def served_issuers(self) -> tuple[IssuerTable, ...]:
        """Those that anybody can ask something of, over ACME or the API."""
        return tuple(one for one in self.issuers if one.acme or (one.api and self.api))

    @property
    def api_issuers(self) -> tuple[IssuerTable, ...]:
        """Those that have the API; none where that is not served."""
        return tuple(one for one in self.issuers if one.api) if self.api else ()

    def check(self, public: PublicConfig) -> None:
        """Hold it against what is public.

        Raises:
            ConfigurationError: an unknown issuer, or CAs of clients by whom they cannot be known.
        """
        known = {profile.issuer.name for profile in public.profiles.values()}
        for one in self.issuers:
            if one.name not in known:
                raise ConfigurationError(
                    "is in [[registrar.issuers]] and not among [[public.issuers]]", where=f"issuer {one.name}"
                )
        if self.api is not None:
            client_cas.require_usable(self.api, public)
