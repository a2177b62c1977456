"""Certificates out of PKI folders, to ask for as their relying parties would."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from jobs.check_certificate import issuer_of
from revocation import serials
from revocation.config import IssuerProfile, PublicConfig, load_certificates
from revocation.errors import RevocastError

_PLACES: Final = ("issued/*.crt", "certs_by_serial/*.pem", "newcerts/*.pem", "certs/*.pem", "certs/*.crt")
_REVOKED: Final = ("revoked/certs_by_serial/*.crt",)
_MOST_FILES: Final = 2000


@dataclass(frozen=True)
class Sample:
    """A certificate with its file and its issuer."""

    certificate: x509.Certificate
    path: Path
    profile: IssuerProfile

    @property
    def serial(self) -> bytes:
        """The octets of its serial."""
        return serials.from_int(self.certificate.serial_number)


def samples(pkis: Sequence[Path], public: PublicConfig, now: datetime, per_issuer: int) -> list[Sample]:
    """Up to `per_issuer` certificates of each configured issuer that have not expired, each once."""
    found: dict[bytes, Sample] = {}
    counts: dict[str, int] = {}
    for path, certificate in _certificates(pkis):
        key = certificate.fingerprint(hashes.SHA256())
        profile = issuer_of(certificate, public)
        if profile is None or key in found or certificate.not_valid_after_utc <= now:
            continue
        if counts.get(profile.issuer.id, 0) < per_issuer:
            counts[profile.issuer.id] = counts.get(profile.issuer.id, 0) + 1
            found[key] = Sample(certificate, path, profile)
    return list(found.values())


def _certificates(pkis: Sequence[Path]) -> Iterator[tuple[Path, x509.Certificate]]:
    paths = [path for pki in pkis for place in (*_PLACES, *_REVOKED) for path in sorted(pki.glob(place))]
    for path in paths[:_MOST_FILES]:
        try:
            yield path, load_certificates(path)[0]
        except RevocastError:
            continue  # the import has read the folder, and said what is wrong with it
