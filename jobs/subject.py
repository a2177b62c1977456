"""Which certificate a command is about: a serial with its issuer, or the certificate itself."""

from dataclasses import dataclass
from pathlib import Path

from jobs.check_certificate import issuer_of
from revocation import serials
from revocation.config import IssuerProfile, PublicConfig, load_certificates
from revocation.errors import InputError


@dataclass(frozen=True)
class Subject:
    """One certificate of a configured issuer."""

    profile: IssuerProfile
    serial: bytes

    @property
    def serial_hex(self) -> str:
        """Its serial as messages have it."""
        return serials.to_hex(self.serial)

    def __str__(self) -> str:
        return f"certificate {self.serial_hex} of {self.profile.issuer.name}"


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
    if issuer is not None:
        return Subject(public.profile(issuer), octets)
    profiles = list(public.profiles.values())
    if len(profiles) > 1:
        names = ", ".join(profile.issuer.name for profile in profiles)
        raise InputError(
            "a serial alone is ambiguous: several issuers are configured",
            where=f"serial {serials.to_hex(octets)}",
            advice=f"name one with --issuer ({names}), or give the certificate with --cert",
        )
    return Subject(profiles[0], octets)


def _of_file(public: PublicConfig, path: Path, issuer: str | None) -> Subject:
    certificate = load_certificates(path)[0]
    profile = issuer_of(certificate, public)
    if profile is None:
        raise InputError("was signed by none of the configured issuers", where=str(path))
    if issuer is not None and public.profile(issuer) is not profile:
        raise InputError(f"was signed by {profile.issuer.name}, not by {issuer}", where=str(path))
    return Subject(profile, serials.from_int(certificate.serial_number))
