"""The `[public]` table of revocast.toml: what every service knows, and nothing secret.

Combinations that would leave relying parties with an expired object are refused when they are read, with the numbers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from pydantic import Field, ValidationError

from revocation import series_responses
from revocation.artifacts import CRLName
from revocation.compliance import Compliance
from revocation.configfile import ConfigFile, LocalPath, Table, explain
from revocation.crlprofile import CRLList, CRLProfile, inherit
from revocation.crlspec import CRLSpec, LastCRL
from revocation.ed25519 import PublicKeyText
from revocation.errors import ConfigurationError, InputError
from revocation.issuer import Issuer
from revocation.ocspprofile import OCSPProfile
from revocation.paths import crl_path
from revocation.profilechecks import check_profile, check_signer, check_signs_responses

_Profile = TypeVar("_Profile", CRLProfile, OCSPProfile)


class IssuerTable(Table):
    """One issuer: its certificates, and where its profile differs from the installation's."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="What operators call the issuer.")
    certificates: tuple[LocalPath, ...] = Field(
        min_length=1, description="PEM or DER files of its CA certificates: renewed and cross-signed ones together."
    )
    compliance: Compliance | None = Field(default=None, description="As in [public], where this issuer differs.")
    last_crl: LastCRL | None = Field(
        default=None,
        description="The issuer is retired: one more CRL of each, valid until its certificates have expired (`expiry`) "
        "or for ever (`never`: 99991231235959Z, not under `br`), and none after it unless something is revoked. "
        "Under `br` CRLs go on as before until one reaches the end.",
    )
    crl: dict[str, object] = Field(default={}, description="Keys of [public.crl] that differ for this issuer.")
    ocsp: dict[str, object] = Field(default={}, description="Keys of [public.ocsp] that differ for this issuer.")


@dataclass(frozen=True)
class IssuerProfile:
    """An issuer with the profiles that hold for it.

    Attributes:
        root: the URL that public paths are below.
    """

    issuer: Issuer
    crl: CRLProfile
    ocsp: OCSPProfile
    root: str = ""
    compliance: Compliance = Compliance.PKIX
    last_crl: LastCRL | None = None

    def url(self, path: str) -> str:
        """The URL of a public path."""
        return f"{self.root}/{path}"

    @cached_property
    def crls(self) -> dict[str, CRLSpec]:
        """Every CRL that is configured, by its label: the complete ones, then their deltas."""
        deltas = (self._delta(spec) for spec in self.complete_crls.values())
        return self.complete_crls | {spec.label: spec for spec in deltas if spec is not None}

    @cached_property
    def complete_crls(self) -> dict[str, CRLSpec]:
        """Those that say of every certificate that they cover whether it is revoked."""
        specs = (self._spec(name, settings) for settings in self.crl.crls.values() for name in settings.names)
        return {spec.label: spec for spec in specs}

    @cached_property
    def answers_cas_alone(self) -> bool:
        """Whether responses have windows that the rules allow for CA certificates alone (BRs section 2.2.6)."""
        try:
            self.compliance.check_ocsp("ocsp", self.ocsp.expires, self.ocsp.renewal, self.ocsp.look)
        except ValueError:
            return True  # or it would have been refused
        return False

    @cached_property
    def responses_renewed_after(self) -> timedelta:
        """How old responses are when the signer signs them anew."""
        at_ceremonies = series_responses.renewed_after(self.crl.crls.values()) if self.ocsp.direct else None
        return self.ocsp.renewal if at_ceremonies is None else at_ceremonies

    def _spec(self, name: CRLName, settings: CRLList) -> CRLSpec:
        url = settings.distribution_point or self.url(crl_path(self.issuer.id, str(name)))
        url = url.replace("{shard}", str(name.shard))
        freshest = None if self._has_no_delta(settings) else self.url(crl_path(self.issuer.id, str(name.of_delta)))
        return CRLSpec(self.issuer, name, settings, url, self.compliance, self.last_crl, freshest)

    def _delta(self, complete: CRLSpec) -> CRLSpec | None:
        settings = complete.settings.of_delta
        if settings is None or complete.freshest is None:
            return None
        return replace(complete, name=complete.name.of_delta, settings=settings, freshest=None)

    def _has_no_delta(self, settings: CRLList) -> bool:
        """The last CRL of a retired issuer is followed by nothing."""
        return settings.delta is None or self.last_crl is not None


class PublicConfig(Table):
    """The `[public]` table."""

    base_url: str = Field(
        pattern=r"^http://[!-.0-~]+$",
        description="Where relying parties fetch: http://HOST or http://HOST:PORT, on purpose: the objects are signed. "
        "In ASCII, as a URI is: a host with other letters as xn--…",
    )
    prefix: str = Field(
        default="",
        pattern=r'^(/[!"$&-.0->@-~]+)*$',
        description="Path before /crl/, /issuer/ and /ocsp/: /PATH, in ASCII and without %, ? and #, as servers match "
        "paths that are decoded.",
    )
    compliance: Compliance = Field(
        default=Compliance.PKIX,
        description="`pkix`: RFC 5280. `br`: also what the TLS Baseline Requirements say of CRLs and of the windows of "
        "OCSP responses (8h to 7d, renewed after half of it or 84h at the latest, with the next one there by half of "
        "it, or from 16h on 8h before its end and within 4d): what they forbid is refused when this is read, and when "
        "something is revoked.",
    )
    audit_keys: tuple[PublicKeyText, ...] = Field(
        default=(),
        description="Who may sign heads of the audit log, as `revocast audit show --key` says where the signer runs; "
        "several signers have one each. Absent: a head counts that any key signed.",
    )
    crl: CRLProfile = Field(default_factory=CRLProfile)
    ocsp: OCSPProfile = Field(default_factory=OCSPProfile)
    issuers: tuple[IssuerTable, ...] = Field(
        min_length=1,
        description="fill in [[public.issuers]] and, where the keys are, [[signer.issuers]], as the end of a "
        "file shows that `revocast init` wrote; `revocast init --pki FOLDER` does so itself",
    )

    @classmethod
    def read(cls, file: ConfigFile) -> "PublicConfig":
        """The table of a configuration file, its issuers' certificates loaded and checked.

        Raises:
            ConfigurationError: the table is missing, contradicts itself, or a certificate cannot be used.
        """
        config = file.table("public", cls)
        _require_different_urls(config.profiles.values())
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
        compliance = table.compliance or self.compliance
        settings = inherit(self.crl.model_dump(exclude_unset=True), table.crl)
        crl = _checked(CRLProfile, "crl", settings, table)
        ocsp = _checked(OCSPProfile, "ocsp", {**self.ocsp.model_dump(), **table.ocsp}, table)
        if ocsp.direct and (lasting := series_responses.windows(crl.crls.values())):
            ocsp = _checked(OCSPProfile, "ocsp", {**ocsp.model_dump(), **lasting}, table)
        try:
            check_profile(compliance, crl, ocsp, table.last_crl)
            check_signer(issuer, compliance, ocsp)
            self._check_signs_responses(issuer, ocsp)
        except ValueError as error:
            raise ConfigurationError(str(error), where=f"issuer {table.name}") from error
        return IssuerProfile(issuer, crl, ocsp, f"{self.base_url}{self.prefix}", compliance, table.last_crl)

    def _check_signs_responses(self, issuer: Issuer, ocsp: OCSPProfile) -> None:
        check_signs_responses(issuer, ocsp)


def _require_different_urls(profiles: Iterable[IssuerProfile]) -> None:
    """Return if each URL is that of one CRL: the one in certificates, and the one at which we serve it.

    Raises:
        ConfigurationError: it is that of two: whoever fetches it gets one of them.
    """
    found: dict[str, CRLSpec] = {}
    for profile in profiles:
        for spec in profile.crls.values():
            for url in {profile.url(spec.path)} | (set() if spec.name.delta else {spec.url}):
                other = found.setdefault(url, spec)
                if other is not spec:
                    raise ConfigurationError(
                        f"{url} is the URL of {other} and of {spec}",
                        where="[public.crl]",
                        advice="give each a `distribution_point` of its own, in `lists` or in [[public.issuers]]",
                    )


def _checked(model: type[_Profile], key: str, values: Mapping[str, object], table: IssuerTable) -> _Profile:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(explain(key, error, model), where=f"issuer {table.name}") from error


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
        advice = "put the issuer's certificate there, or change `certificates` in [[public.issuers]]"
        raise ConfigurationError(f"cannot be read: {error.strerror}", where=str(path), advice=advice) from error
    except (ValueError, x509.InvalidVersion) as error:
        raise ConfigurationError("holds no readable certificate", where=str(path), advice="give PEM or DER") from error
