"""How OCSP responses and the certificates that sign them are made: `[public.ocsp]`."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from revocation.certid import CertIDHash
from revocation.configfile import Table
from revocation.durations import Duration, show
from revocation.windows import check_max_age, check_windows


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
        check_windows("ocsp", self.expires, self.renewal, self.look)
        check_max_age("ocsp", self.expires, self.renewal, self.look, self.max_age)
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
