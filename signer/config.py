"""The `[signer]` table: keys, the ledger, who may ask for what, and the limits that hold whatever a message says."""

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from revocation.clock import iso
from revocation.compliance import Compliance
from revocation.config import IssuerProfile, PublicConfig
from revocation.configfile import LocalPath, QueueURL, Table
from revocation.crlspec import LastCRL
from revocation.durations import Duration, show
from revocation.ed25519 import PublicKeyText
from revocation.errors import ConfigurationError
from revocation.issuer import Issuer
from revocation.messages import Verb
from revocation.rsassa_pss import is_pss_only
from revocation.validity import BACKDATE
from revocation.wire.bucket import ExchangePlace
from signer.ceremony.config import CeremonyTable
from signer.issuing.checks import check_issuance
from signer.issuing.config import Issuance
from signer.keys.kms.uri import SCHEME as KMS_SCHEME
from signer.keys.limits import KeyLimits, LimitReached, check_ahead, check_lasts, check_use
from signer.keys.purpose import Purpose
from signer.keys.rsa_signature import RSASignature
from signer.keys.token.uri import SCHEME, TokenURI, with_module
from signer.places import KeyURI, LedgerPlace, PassphraseSource


class SignerIssuer(Table):
    """The key of one issuer."""

    name: str = Field(description="As in [[public.issuers]].")
    key: KeyURI | None = Field(
        default=None,
        description="file:PATH, PEM or DER, PKCS #8; or pkcs11:…, a key on a token (RFC 7512); or "
        "awskms:KEY?region=…, a key of AWS KMS, by ARN or alias. It stays where it is. "
        "Absent: nothing that needs it is done.",
    )
    passphrase: PassphraseSource | None = Field(
        default=None,
        description="file:PATH, env:NAME, credential:NAME (systemd) or prompt; of a token the PIN. Absent for a key "
        "that is not encrypted.",
    )
    signature: RSASignature | None = Field(
        default=None,
        description="How an RSA key signs: rsassa-pkcs1-v1_5, the default, which every client knows, or rsassa-pss "
        "(RFC 4055; SHA-256, a salt of 32 octets). A key whose certificate is for RSASSA-PSS alone always signs so.",
    )
    limits: KeyLimits = Field(default_factory=KeyLimits, description="What the key may do, whatever it is asked.")
    issuance: Issuance | None = Field(
        default=None, description="What is certified for whoever asks in a message. Absent: nothing (docs/issuing.md)."
    )
    offline: bool = Field(
        default=False,
        description="The key is on a machine without network, which signs at ceremonies: what changes facts is kept "
        "for the next one, and nothing of this issuer is signed here (docs/ceremony.md).",
    )

    @model_validator(mode="after")
    def _has_no_idle_passphrase(self) -> Self:
        if self.passphrase is not None and self.key is not None and self.key.startswith(KMS_SCHEME):
            raise ValueError("a key of AWS KMS has no passphrase, and AWS's tools look for credentials: take it out")
        return self

    @model_validator(mode="after")
    def _has_no_key(self) -> Self:
        if self.offline and self.key is not None:
            raise ValueError("offline = true says that the key is elsewhere, and `key` that it is here: take one out")
        if self.offline and self.issuance is not None:
            raise ValueError("what is asked for in messages is signed at once: `issuance` is of a key that is here")
        return self


class Requester(Table):
    """Somebody who may ask to change facts."""

    name: str = Field(max_length=64)
    public_key: PublicKeyText = Field(description="base64 of the 32 octets of an Ed25519 public key")
    verbs: tuple[Verb, ...] = Field(description="What this requester may ask.")
    issuers: tuple[str, ...] = Field(default=("*",), description="Of which issuers; `*` for all.")
    issues_per_hour: int | None = Field(
        default=None,
        ge=1,
        description="How many certificates it may have issued in any hour, of all its issuers together, counted in the "
        "ledger. Absent: as many as the keys sign.",
    )


class Limits(Table):
    """The signer's own limits: a profile or a message beyond them is refused."""

    crl_validity: Duration = Field(default=timedelta(days=10), description="Longest thisUpdate to nextUpdate of a CRL.")
    last_crl: LastCRL | None = Field(
        default=None,
        description="How far the last CRL of a retired issuer may go beyond that: `expiry`, to the end of the issuer's "
        "certificates, or `never`, for ever. Absent: not at all. Whoever holds such a CRL is told of nothing later.",
    )
    ocsp_validity: Duration = Field(default=timedelta(days=10), description="The same of an OCSP response.")
    direct_ocsp_validity: Duration = Field(
        default=timedelta(days=366), description="The same of one that the CA key signs itself (signed_by = `issuer`)."
    )
    responder_certificate_validity: Duration = Field(
        default=timedelta(days=31), description="Longest life of a delegate."
    )
    revocation_backdate: Duration = Field(
        default=timedelta(days=366), description="How far in the past a requester may date a revocation."
    )


class SignerConfig(Table):
    """The `[signer]` table."""

    ledger: LedgerPlace = Field(
        default=Path("signer/ledger.sqlite"),
        description="Database of all that is known: an SQLite file on a local disk, or postgresql://USER@HOST/DATABASE.",
    )
    keys: LocalPath = Field(
        default=Path("signer/keys"), description="Folder of the responder keys that the signer makes."
    )
    exchange: ExchangePlace = Field(
        default=Path("exchange"), description="Where bundles are put: a folder, or a bucket, s3://BUCKET/PREFIX."
    )
    queue: QueueURL | None = Field(default=None, description="Where messages come from; absent: `revocast signer run`.")
    pkcs11_module: LocalPath | None = Field(
        default=None, description="The PKCS #11 module for `pkcs11:` keys whose URI has no module-path."
    )
    weak_keys: LocalPath | None = Field(
        default=None,
        description="Folder of a list of keys that everybody has, as `badkeys --update-bl` fetches it "
        "(`blocklist.dat`): none of them is certified. Absent: it is only looked at how RSA keys were made.",
    )
    public_suffixes: LocalPath | None = Field(
        default=None,
        description="A newer Public Suffix List than the one that is installed: the file of publicsuffix.org. By "
        "it the names of issuers with compliance = `br` are judged.",
    )
    issuers: tuple[SignerIssuer, ...] = ()
    requesters: tuple[Requester, ...] = ()
    limits: Limits = Limits()
    ceremony: CeremonyTable | None = Field(
        default=None,
        description="This machine signs at ceremonies alone: `revocast ceremony sign` (docs/ceremony.md).",
    )

    @field_validator("issuers")
    @classmethod
    def _module_of_keys(cls, issuers: tuple[SignerIssuer, ...], info: ValidationInfo) -> tuple[SignerIssuer, ...]:
        return tuple(_with_module(issuer, info.data.get("pkcs11_module")) for issuer in issuers)

    @model_validator(mode="after")
    def _no_doubles(self) -> Self:
        for what, names in (
            ("issuers", [i.name for i in self.issuers]),
            ("requesters", [r.name for r in self.requesters]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"two {what} have the same name")
        return self

    def check(self, public: PublicConfig) -> None:
        """Hold the public profiles against the signer's own limits.

        Raises:
            ConfigurationError: an unknown issuer, or a window beyond the limits, with the numbers.
        """
        known = {profile.issuer.name: profile.issuer for profile in public.profiles.values()}
        for issuer in self.issuers:
            if issuer.name not in known:
                raise ConfigurationError(f"issuer {issuer.name!r} of [signer] is not among [[public.issuers]]")
            _check_signature(issuer, known[issuer.name])
        for profile in public.profiles.values():
            self._check_last(profile)
            self._check_series(profile)
            self._check_key(profile)
            self._check_issuance(profile)
            self._check_series_of_an_hour(profile)
            for what, wanted, limit in (
                *(("crl.expires", one.expires, self.limits.crl_validity) for one in profile.crl.crls.values()),
                (_responses(profile), profile.ocsp.expires, self._longest_response(profile)),
                (
                    "ocsp.responder_certificate_expires",
                    profile.ocsp.responder_certificate_expires,
                    self.limits.responder_certificate_validity,
                ),
            ):
                if wanted > limit:
                    raise ConfigurationError(
                        f"{what} ({show(wanted)}) is beyond the signer's limit ({show(limit)})",
                        where=f"issuer {profile.issuer.name}",
                        advice="shorten the profile, or raise [signer.limits] where the keys are",
                    )

    @cached_property
    def offline(self) -> frozenset[str]:
        """The names of the issuers whose key signs at ceremonies, elsewhere."""
        return frozenset(entry.name for entry in self.issuers if entry.offline)

    def _check_key(self, profile: IssuerProfile) -> None:
        """The limits of an issuer's key hold at each signature; that its profile needs more is known at the start."""
        where = f"issuer {profile.issuer.name}"
        limits = next((one.limits for one in self.issuers if one.name == profile.issuer.name and one.key), KeyLimits())
        ocsp = profile.ocsp
        needed = [(Purpose.CRL, one.expires) for one in profile.crl.crls.values()]
        needed += [(Purpose.OCSP, ocsp.expires)] if ocsp.direct else []
        has_key = any(one.name == profile.issuer.name and one.key for one in self.issuers)
        try:
            for purpose, lasts in needed:
                check_use(limits, purpose, lasts, where)
            for one in profile.crl.crls.values() if has_key else ():
                check_ahead(limits, one.series.ahead if one.series else timedelta(0), where)
            if not ocsp.direct:
                check_use(limits, Purpose.RESPONDER_CERTIFICATE, ocsp.responder_certificate_expires + BACKDATE, where)
                check_lasts(limits, Purpose.OCSP, ocsp.expires, where)
        except LimitReached as error:
            raise ConfigurationError(error.what, where=where, advice=error.advice) from error
        if limits.crl_validity and profile.last_crl is not None and profile.compliance is not Compliance.BR:
            raise ConfigurationError(
                f'last_crl = "{profile.last_crl}" is beyond crl_validity ({show(limits.crl_validity)}) of its key',
                where=where,
                advice="leave crl_validity out of [signer.issuers.limits] for the last CRL of an issuer that retires",
            )

    def _check_issuance(self, profile: IssuerProfile) -> None:
        """Of an issuer that is retired it stands for nothing, and is not held against anything."""
        entry = next((one for one in self.issuers if one.name == profile.issuer.name), None)
        if entry is not None and entry.issuance is not None and profile.last_crl is None:
            check_issuance(entry.issuance, profile, entry.limits, self.limits.responder_certificate_validity)

    def _check_series(self, profile: IssuerProfile) -> None:
        """What is signed ahead of time is signed while people look on, and on no machine that signs by itself."""
        name = profile.issuer.name
        if not any(one.series for one in profile.crl.crls.values()) or name in self.offline:
            return
        if self.ceremony is None:
            raise ConfigurationError(
                "has a `series` of CRLs, and its key does not sign at ceremonies",
                where=f"issuer {name}",
                advice="`offline = true` in [[signer.issuers]] where its key is elsewhere, [signer.ceremony] where it "
                "is (docs/ceremony.md); or `series` only in `crl` of the issuers in [[public.issuers]] whose keys do",
            )

    def _check_series_of_an_hour(self, profile: IssuerProfile) -> None:
        """A ceremony signs a series at once: what never fits into an hour breaks off in the middle of each one."""
        name, crls = profile.issuer.name, [spec.settings for spec in profile.complete_crls.values()]
        most = next((one.limits.signatures_per_hour for one in self.issuers if one.name == name and one.key), None)
        number = sum(one.series.count if one.series else 1 for one in crls)
        if most is None or number <= most or not any(one.series for one in crls):
            return
        raise ConfigurationError(
            f"a ceremony signs {number} CRLs at once, with its series, and the key may make {most} signatures within "
            "the hour",
            where=f"issuer {name}",
            advice=f"signatures_per_hour = {number} or more in [signer.issuers.limits], and one more for each OCSP "
            "response that the key signs itself; or a shorter `series`",
        )

    def _longest_response(self, profile: IssuerProfile) -> timedelta:
        return self.limits.direct_ocsp_validity if profile.ocsp.direct else self.limits.ocsp_validity

    def _check_last(self, profile: IssuerProfile) -> None:
        """Under `br` a last CRL is no longer than others."""
        last, limit = profile.last_crl, self.limits.last_crl
        if last is None or last is limit or limit is LastCRL.NEVER or profile.compliance is Compliance.BR:
            return
        ends = "never ends" if last is LastCRL.NEVER else f"ends at {iso(profile.issuer.not_after)}"
        raise ConfigurationError(
            f'last_crl = "{last}" {ends}, and is beyond the signer\'s limit ({show(self.limits.crl_validity)})',
            where=f"issuer {profile.issuer.name}",
            advice=f'if that is meant: last_crl = "{last}" in [signer.limits], where the keys are',
        )


def _responses(profile: IssuerProfile) -> str:
    """What says how long responses last, and its limit where that is seldom set."""
    has_series = profile.ocsp.direct and any(one.series for one in profile.crl.crls.values())
    return "ocsp, which lasts as long as the series, by direct_ocsp_validity" if has_series else "ocsp.expires"


def _check_signature(entry: SignerIssuer, issuer: Issuer) -> None:
    if entry.signature is RSASignature.PKCS1_V1_5 and is_pss_only(issuer.public_key_info):
        raise ConfigurationError(
            f'signature = "{entry.signature}", and the key of its certificate is for RSASSA-PSS alone',
            where=f"issuer {issuer.name}",
            advice=f'take `signature` out of the issuer in [[signer.issuers]], or say "{RSASignature.PSS}"',
        )


def _with_module(entry: SignerIssuer, module: Path | None) -> SignerIssuer:
    if entry.key is None or not entry.key.startswith(SCHEME):
        return entry
    if module is not None:
        return entry.model_copy(update={"key": with_module(entry.key, str(module.absolute()))})
    if TokenURI.parse(entry.key).module is None:
        raise ValueError(f"{entry.name}: its key names no module: add ?module-path=/… or set pkcs11_module in [signer]")
    return entry
