"""How OCSP responses and the certificates that sign them are made: `[public.ocsp]`."""

from datetime import timedelta
from functools import cached_property
from itertools import permutations
from typing import Self

from pydantic import Field, field_validator, model_validator

from revocation.certid import CertIDHash
from revocation.configfile import Table
from revocation.durations import Duration, show
from revocation.windows import check_max_age, check_windows


class OCSPProfile(Table):
    """How OCSP responses and the certificates that sign them are made."""

    hashes: tuple[CertIDHash, ...] = Field(
        default=(CertIDHash.SHA256, CertIDHash.SHA1),
        min_length=1,
        description="The CertID hashes that are answered: RFC 9919 clients ask with SHA-256, many deployed with SHA-1.",
    )
    one_signature: bool = Field(
        default=False,
        description="Whether one response answers all `hashes` of a certificate, a SingleResponse for each (RFC 9919 "
        "section 3.2.1): half the signatures and half the store. Else each hash has a response of its own, which "
        "every client takes; docs/ocsp.md says which ones refuse two SingleResponses.",
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
        description="Certificates are spread over this many slices, each signed at its own time. A revocation waits while"
        " one is signed, and while it is verified: have one for every 4,000 certificates or so.",
    )
    responder_certificate_expires: Duration = Field(
        default=timedelta(days=7),
        description="Lifetime of a delegated responder certificate; short, since it cannot be revoked.",
    )
    responder_certificate_renewal: Duration = Field(
        default=timedelta(days=1), description="A responder certificate is renewed when it has less than this left."
    )

    @field_validator("hashes")
    @classmethod
    def _different(cls, hashes: tuple[CertIDHash, ...]) -> tuple[CertIDHash, ...]:
        if len(set(hashes)) != len(hashes):
            raise ValueError("a hash stands twice in it")
        return hashes

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

    @cached_property
    def responses(self) -> tuple[tuple[CertIDHash, ...], ...]:
        """The responses that there are for each certificate: the hashes of the CertIDs of each."""
        return (self.hashes,) if self.one_signature else tuple((hash_,) for hash_ in self.hashes)

    @cached_property
    def accepted(self) -> frozenset[tuple[CertIDHash, ...]]:
        """The same, in every order of the SingleResponses."""
        return frozenset(order for one in self.responses for order in permutations(one))

    @property
    def form(self) -> str:
        """The same, as a ledger remembers it: `sha1 sha256`, or `sha1+sha256` under one signature; in no order."""
        return " ".join(sorted("+".join(sorted(hash_.value for hash_ in one)) for one in self.responses))

    @property
    def responder_renewal(self) -> timedelta:
        """The renewal interval in force: long enough that no response outlives the certificate that signed it."""
        return max(self.responder_certificate_renewal, self.expires + 2 * self.look)
