"""How OCSP responses and the certificates that sign them are made: `[public.ocsp]`."""

from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import permutations
from typing import Final, Self

from pydantic import Field, field_validator, model_validator

from revocation.certid import CertIDHash
from revocation.configfile import Table
from revocation.durations import Duration, show
from revocation.keykind import KeyKind
from revocation.windows import check_max_age, check_windows

_LONGEST_ARCHIVE: Final = timedelta(days=36_525)
_DIRECT: Final = "direct"


def is_direct(form: str) -> bool:
    """Whether the CA key signed responses of this form, as `OCSPProfile.form` says it."""
    return _DIRECT in form.split()


class SignedBy(StrEnum):
    """Who signs responses (RFC 6960 section 4.2.2.2): a responder that the CA made, or the CA key itself."""

    DELEGATE = "delegate"
    ISSUER = "issuer"


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
    signed_by: SignedBy = Field(
        default=SignedBy.DELEGATE,
        description="`delegate`: a responder with a key of its own, whose certificate is embedded. `issuer`: the CA "
        "key itself, for the few certificates of a CA whose key is offline; all of them are signed at one ceremony, "
        "and `expires` reaches beyond the next. Turn it on at the ceremony: before that nothing is renewed "
        "(docs/ocsp.md).",
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
        description="Certificates are spread over this many slices, each signed at its own time. A revocation waits"
        " while a publisher verifies one: have one for every 4,000 certificates or so.",
    )
    archive_cutoff: Duration | None = Field(
        default=None,
        gt=timedelta(0),
        le=_LONGEST_ARCHIVE,
        description="How long certificates are answered for after they have expired; each response then says from when "
        "on it knows of them (archive cutoff, RFC 6960 section 4.4.4). Absent: not at all.",
        examples=["2557d"],
    )
    responder_key: KeyKind = Field(
        default=KeyKind.P256,
        description="The key of delegated responders: p256, p384, p521, rsa2048, rsa3072, rsa4096, ed25519, mldsa44, "
        "mldsa65 or mldsa87; docs/ocsp.md says what each costs and who verifies it. ML-DSA wants an issuer with an "
        "ML-DSA key, and `br` wants RSA or a NIST curve. Another kind is there at the next look, and signs what "
        "is renewed from then on.",
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
        if not self.direct and self.responder_certificate_expires <= self.responder_renewal:
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
        """The same, as a ledger remembers it: `sha1 sha256`, or `sha1+sha256` under one signature; in no order.

        `direct` stands behind them where the CA key signs, and a number the seconds of the archive cutoff.
        """
        hashes = sorted("+".join(sorted(hash_.value for hash_ in one)) for one in self.responses)
        archive = [] if self.archive_cutoff is None else [str(int(self.archive_cutoff.total_seconds()))]
        return " ".join([*hashes, *((_DIRECT,) if self.direct else ()), *archive])

    def answered_since(self, now: datetime) -> datetime:
        """Certificates that expired until then are answered for no more, and responses say so where any is kept."""
        return now - (self.archive_cutoff or timedelta(0))

    @property
    def direct(self) -> bool:
        """Whether the CA key signs, and nothing is embedded."""
        return self.signed_by is SignedBy.ISSUER

    @property
    def responder_renewal(self) -> timedelta:
        """The renewal interval in force: long enough that no response outlives the certificate that signed it."""
        return max(self.responder_certificate_renewal, self.expires + 2 * self.look)
