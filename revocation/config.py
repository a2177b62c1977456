"""The `[public]` table of revocast.toml: what every service knows, and nothing secret.

Combinations that would leave relying parties with an expired object are refused when they are read, with the numbers.
"""

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Self

from cryptography import x509
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from revocation.artifacts import Scope
from revocation.certid import CertIDHash
from revocation.configfile import ConfigFile, LocalPath, explain
from revocation.durations import Duration, show
from revocation.errors import ConfigurationError, InputError
from revocation.issuer import Issuer

SKEW = timedelta(minutes=5)
"""How far clocks of relying parties, CDNs and ours may be apart without harm."""

PUBLISHING = timedelta(minutes=5)
"""The time that a publication may take, from a finished signature to readable objects."""


class Table(BaseModel):
    """A table of the configuration: unknown keys are refused, values never change once read."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class CRLProfile(Table):
    """How the CRLs of an issuer are made."""

    scopes: tuple[Scope, ...] = Field(
        default=(Scope.ALL,),
        min_length=1,
        description="A complete CRL each: `all` without IDP, for certificates that name one CRL; `user`, `ca` with it.",
    )
    expires: Duration = Field(
        default=timedelta(days=1),
        description="thisUpdate to nextUpdate. Longer forgives outages, shorter hurries consumers.",
    )
    renewal: Duration = Field(default=timedelta(hours=12), description="A new CRL is due this long after thisUpdate.")
    look: Duration = Field(
        default=timedelta(hours=1), description="How often `generate_crls` looks; at most (expires - renewal) / 2."
    )
    max_age: Duration = Field(
        default=timedelta(seconds=300),
        description="Cache-Control of CRLs: the stated delay of a revocation behind caches.",
    )

    @model_validator(mode="after")
    def _windows(self) -> Self:
        _check_windows("crl", self.expires, self.renewal, self.look)
        _check_max_age("crl", self.expires, self.renewal, self.look, self.max_age)
        return self


class OCSPProfile(Table):
    """How OCSP responses and the certificates that sign them are made."""

    hashes: tuple[CertIDHash, ...] = Field(
        default=(CertIDHash.SHA256, CertIDHash.SHA1),
        min_length=1,
        description="A response per CertID hash: RFC 9919 clients ask with SHA-256, many deployed ones with SHA-1.",
    )
    expires: Duration = Field(default=timedelta(days=1), description="thisUpdate to nextUpdate of a response.")
    renewal: Duration = Field(
        default=timedelta(hours=12), description="A slice is signed again this long after it was."
    )
    look: Duration = Field(
        default=timedelta(hours=1),
        description="How often `generate_ocsp_keys` and `presign` look; at most (expires - renewal) / 2.",
    )
    max_age: Duration = Field(default=timedelta(hours=1), description="The cap of Cache-Control max-age of a response.")
    slices: int = Field(
        default=16,
        ge=1,
        le=65536,
        description="Certificates are spread over this many slices, each signed at its own time.",
    )
    responder_certificate_expires: Duration = Field(
        default=timedelta(days=7),
        description="Lifetime of a delegated responder certificate; short, since it cannot be revoked.",
    )
    responder_certificate_renewal: Duration = Field(
        default=timedelta(days=1), description="A responder certificate is renewed when it has less than this left."
    )

    @model_validator(mode="after")
    def _windows(self) -> Self:
        _check_windows("ocsp", self.expires, self.renewal, self.look)
        _check_max_age("ocsp", self.expires, self.renewal, self.look, self.max_age)
        if self.responder_certificate_expires <= self.responder_renewal:
            raise ValueError(
                f"ocsp: responder_certificate_expires ({show(self.responder_certificate_expires)}) must be longer than "
                f"the renewal interval in force ({show(self.responder_renewal)}), or it would be renewed for ever"
            )
        return self

    @property
    def responder_renewal(self) -> timedelta:
        """The renewal interval in force: long enough that no response outlives the certificate that signed it."""
        return max(self.responder_certificate_renewal, self.expires + 2 * self.look)


class IssuerTable(Table):
    """One issuer: its certificates, and where its profile differs from the installation's."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="What operators call the issuer.")
    certificates: tuple[LocalPath, ...] = Field(
        min_length=1, description="PEM or DER files of its CA certificates: renewed and cross-signed ones together."
    )
    crl: dict[str, object] = Field(default={}, description="Keys of [public.crl] that differ for this issuer.")
    ocsp: dict[str, object] = Field(default={}, description="Keys of [public.ocsp] that differ for this issuer.")


class IssuerProfile:
    """An issuer with the profiles that hold for it.

    Args:
        root: the URL that public paths are below.
    """

    def __init__(self, issuer: Issuer, crl: CRLProfile, ocsp: OCSPProfile, root: str = "") -> None:
        self.issuer = issuer
        self.crl = crl
        self.ocsp = ocsp
        self._root = root

    def url(self, path: str) -> str:
        """The URL of a public path."""
        return f"{self._root}/{path}"


class PublicConfig(Table):
    """The `[public]` table."""

    base_url: str = Field(
        pattern=r"^http://[^/\s]+$",
        description="Scheme and host under which relying parties fetch; http on purpose: the objects are signed.",
    )
    prefix: str = Field(default="", pattern=r"^(/[^/\s]+)*$", description="Path before /crl/, /issuer/ and /ocsp/.")
    crl: CRLProfile = Field(default_factory=CRLProfile)
    ocsp: OCSPProfile = Field(default_factory=OCSPProfile)
    issuers: tuple[IssuerTable, ...] = Field(min_length=1)

    @classmethod
    def read(cls, file: ConfigFile) -> "PublicConfig":
        """The table of a configuration file, its issuers' certificates loaded and checked.

        Raises:
            ConfigurationError: the table is missing, contradicts itself, or a certificate cannot be used.
        """
        config = file.table("public", cls)
        _ = config.profiles
        return config

    def url(self, path: str) -> str:
        """The URL of a public path."""
        return f"{self.base_url}{self.prefix}/{path}"

    @cached_property
    def profiles(self) -> dict[str, IssuerProfile]:
        """Every issuer with its profiles, by issuer id."""
        found: dict[str, IssuerProfile] = {}
        names: set[str] = set()
        for table in self.issuers:
            profile = self._profile(table)
            twin = found.get(profile.issuer.id)
            if twin or table.name in names:
                raise ConfigurationError(
                    f"is configured twice (also as {twin.issuer.name!r})" if twin else "two issuers have this name",
                    where=f"issuer {table.name}",
                )
            names.add(table.name)
            found[profile.issuer.id] = profile
        return found

    def profile(self, name_or_id: str) -> IssuerProfile:
        """The issuer of that name or id.

        Raises:
            InputError: no such issuer.
        """
        for profile in self.profiles.values():
            if name_or_id in (profile.issuer.name, profile.issuer.id):
                return profile
        names = ", ".join(p.issuer.name for p in self.profiles.values())
        raise InputError(f"no issuer is called {name_or_id!r}", advice=f"configured are: {names}")

    def _profile(self, table: IssuerTable) -> IssuerProfile:
        certificates = [c for path in table.certificates for c in load_certificates(path)]
        issuer = Issuer.of(table.name, certificates)
        try:
            crl = CRLProfile.model_validate({**self.crl.model_dump(), **table.crl})
            ocsp = OCSPProfile.model_validate({**self.ocsp.model_dump(), **table.ocsp})
        except ValidationError as error:
            raise ConfigurationError(explain("profile", error), where=f"issuer {table.name}") from error
        return IssuerProfile(issuer, crl, ocsp, f"{self.base_url}{self.prefix}")


def load_certificates(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM or DER file.

    Raises:
        ConfigurationError: unreadable, or no certificate in it.
    """
    try:
        data = path.read_bytes()
        return (
            x509.load_pem_x509_certificates(data) if b"-----BEGIN" in data else [x509.load_der_x509_certificate(data)]
        )
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except ValueError as error:
        raise ConfigurationError("holds no readable certificate", where=str(path), advice="give PEM or DER") from error


def _check_windows(what: str, expires: timedelta, renewal: timedelta, look: timedelta) -> None:
    if not timedelta(minutes=1) <= renewal < expires:
        raise ValueError(
            f"{what}: renewal ({show(renewal)}) must be at least 1m and shorter than expires ({show(expires)})"
        )
    longest = (expires - renewal) / 2
    if not timedelta(0) < look <= longest:
        raise ValueError(
            f"{what}: look ({show(look)}) must be at most (expires - renewal) / 2 = "
            f"({show(expires)} - {show(renewal)}) / 2 = {show(longest)}"
        )


def _check_max_age(what: str, expires: timedelta, renewal: timedelta, look: timedelta, max_age: timedelta) -> None:
    if max_age < timedelta(0):
        raise ValueError(f"{what}: max_age ({show(max_age)}) must not be negative")
    needed = renewal + look + PUBLISHING + max_age
    if needed > expires - SKEW:
        raise ValueError(
            f"{what}: renewal + look + publishing + max_age = {show(renewal)} + {show(look)} + {show(PUBLISHING)} + "
            f"{show(max_age)} = {show(needed)} must not exceed expires - skew = {show(expires - SKEW)}, "
            "or caches could hand out an expired object"
        )
