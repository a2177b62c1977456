"""Which certificate a command is about: a serial with its issuer, or the certificate itself."""

from dataclasses import dataclass
from pathlib import Path

from jobs.certified_name import issuer_with
from jobs.check_certificate import issuer_of
from jobs.installation import Installation
from revocation import serials
from revocation.barename import with_type
from revocation.config import IssuerProfile, PublicConfig, load_certificates
from revocation.errors import ConfigurationError, InputError, Refused
from revocation.messages import Reply


@dataclass(frozen=True)
class Subject:
    """One certificate of a configured issuer."""

    profile: IssuerProfile
    serial: bytes

    @property
    def serial_hex(self) -> str:
        """Its serial as messages have it."""
        return serials.to_hex(self.serial)

    def serials_in(self, _: Reply) -> list[bytes]:
        """Of the certificates that a reply is about: this one, whatever it says."""
        return [self.serial]

    def __str__(self) -> str:
        return f"certificate {self.serial_hex} of {self.profile.issuer.name}"


@dataclass(frozen=True)
class Named:
    """The certificates of a configured issuer that were issued for a name: the signer knows which ones."""

    profile: IssuerProfile
    name: str

    def serials_in(self, reply: Reply) -> list[bytes]:
        """Of the certificates that a reply is about: as it says.

        Raises:
            Refused: it does not say it.
        """
        said = reply.data.get("serials")
        found = [serials.from_hex(one) for one in said if isinstance(one, str)] if isinstance(said, list) else []
        if not found:
            raise Refused("the reply does not say which certificates", where=str(self), advice="ask by serial")
        return found

    def __str__(self) -> str:
        return f"{self.name} of {self.profile.issuer.name}"


def subject(public: PublicConfig, serial: str | None, issuer: str | None, certificate: Path | None) -> Subject:
    """The certificate that is meant.

    Raises:
        InputError: both or neither of serial and certificate, no such issuer, or it is not clear which one.
    """
    if (serial is None) == (certificate is None):
        raise InputError("name the certificate by its serial, or with --cert FILE, and not by both")
    if certificate is not None:
        return _of_file(public, certificate, issuer)
    octets = serials.from_hex(serial or "")
    advice = "or give the certificate with --cert"
    return Subject(the_issuer(public, issuer, "a serial", f"serial {serials.to_hex(octets)}", advice), octets)


def named(installation: Installation, name: str, issuer: str | None) -> Named:
    """The certificates that were issued for a name: of the issuer that is named, else of the one that has it.

    Raises:
        InputError: no such issuer, or the ledger that knows which one is not here.
        Refused: none has it, or several have.
    """
    typed = with_type(name)
    if issuer is None and installation.has_signer and len(installation.public.profiles) > 1:
        return Named(issuer_with(installation, typed), typed)
    return Named(the_issuer(installation.public, issuer, "a name", typed), typed)


def the_issuer(
    public: PublicConfig, issuer: str | None, what: str, where: str | None = None, advice: str = ""
) -> IssuerProfile:
    """The issuer of that name, or the only one.

    Raises:
        InputError: there is no such issuer, or none was named and there are several.
    """
    if issuer is not None:
        return public.profile(issuer)
    profiles = list(public.profiles.values())
    if len(profiles) > 1:
        names = ", ".join(profile.issuer.name for profile in profiles)
        raise InputError(
            f"{what} alone is ambiguous: several issuers are configured",
            where=where,
            advice=f"name one with --issuer ({names}){f', {advice}' if advice else ''}",
        )
    return profiles[0]


def _of_file(public: PublicConfig, path: Path, issuer: str | None) -> Subject:
    try:
        certificate = load_certificates(path)[0]
    except ConfigurationError as error:
        advice = "--cert takes the file of the certificate that is meant, PEM or DER; or name it by its serial"
        raise InputError(error.what, where=str(path), advice=advice) from error
    profile = issuer_of(certificate, public)
    if profile is None:
        raise InputError("was signed by none of the configured issuers", where=str(path))
    if issuer is not None and public.profile(issuer) is not profile:
        raise InputError(f"was signed by {profile.issuer.name}, not by {issuer}", where=str(path))
    return Subject(profile, serials.from_int(certificate.serial_number))
