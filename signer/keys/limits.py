"""What a key may be used for, how long what it signs may last, and how often it may sign: whatever anybody asks.

The limits stand in the configuration of the machine that has the key. `signer.keys.limited_key` keeps them.
"""

from datetime import datetime, timedelta
from itertools import count
from typing import Final, Self

from pydantic import Field, model_validator

from revocation.configfile import Table
from revocation.durations import Duration, show, spelled
from revocation.errors import RevocastError
from revocation.refusalkind import RefusalKind
from signer.keys.purpose import Purpose

_RESERVED: Final = 4
"""A part of the signatures of an hour is for revocations, unless it is said how many: one in so many."""


class LimitReached(RevocastError):
    """A key does not sign, because a limit of its own says so."""

    kind = RefusalKind.ISSUER


class NotNow(LimitReached):
    """A limit by the hour is reached.

    Attributes:
        again_at: from when on there is room for what was wanted.
    """

    kind = RefusalKind.RATE

    def __init__(self, what: str, *, where: str, advice: str, again_at: datetime) -> None:
        super().__init__(what, where=where, advice=advice)
        self.again_at = again_at


class TooManyAtOnce(LimitReached):
    """What belongs together is more than the key may sign in any hour.

    Attributes:
        number: how many signatures it is.
        room: how many the key may make of that kind.
        needed: the smallest `signatures_per_hour` that leaves room for it.
    """

    def __init__(self, what: str, where: str, number: int, room: int, needed: int) -> None:
        advice = f"it needs signatures_per_hour = {needed} or more, in [signer.issuers.limits]"
        super().__init__(what, where=where, advice=advice)
        self.number, self.room, self.needed = number, room, needed


class KeyLimits(Table):
    """The limits of one key; what is absent is not limited."""

    purposes: tuple[Purpose, ...] = Field(
        default=tuple(Purpose), description="What the key may sign; absent: all that there is to sign."
    )
    crl_validity: Duration | None = Field(default=None, description="Longest thisUpdate to nextUpdate of a CRL.")
    ocsp_validity: Duration | None = Field(
        default=None, description="The same of OCSP responses about its certificates, whoever signs them."
    )
    certificate_validity: Duration | None = Field(default=None, description="Longest life of a certificate.")
    crl_ahead: Duration = Field(
        default=timedelta(0),
        description="How far after the signing thisUpdate of a CRL may lie: for a `series`. Absent: not at all.",
    )
    signatures_per_hour: int | None = Field(
        default=None,
        ge=1,
        description="In any hour, counted in the ledger; OCSP responses count where the CA key signs them itself.",
    )
    reserved_for_revocations: int | None = Field(
        default=None,
        ge=0,
        description="How many of these are for what is due because a status changed; absent: a quarter.",
    )

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.signatures_per_hour is None and self.reserved_for_revocations is not None:
            raise ValueError("reserved_for_revocations is a part of signatures_per_hour, which is not set")
        if self.signatures_per_hour is not None and self.reserved >= self.signatures_per_hour:
            raise ValueError(
                f"reserved_for_revocations ({self.reserved}) leaves nothing of signatures_per_hour "
                f"({self.signatures_per_hour}) for renewals"
            )
        return self

    @property
    def reserved(self) -> int:
        """How many signatures of an hour only what is due because of a revocation may take."""
        if self.reserved_for_revocations is not None:
            return self.reserved_for_revocations
        return (self.signatures_per_hour or 0) // _RESERVED

    def needed(self, number: int, *, for_revocation: bool) -> int:
        """The smallest `signatures_per_hour` that has room for so many at once."""
        if for_revocation:
            return number
        if self.reserved_for_revocations is not None:
            return number + self.reserved_for_revocations
        return next(limit for limit in count(number) if limit - limit // _RESERVED >= number)

    def longest(self, purpose: Purpose) -> timedelta | None:
        """How long what is signed may last."""
        match purpose:
            case Purpose.CRL:
                return self.crl_validity
            case Purpose.OCSP:
                return self.ocsp_validity
            case Purpose.RESPONDER_CERTIFICATE | Purpose.CA_CERTIFICATE | Purpose.CERTIFICATE:
                return self.certificate_validity
            case Purpose.CSR:
                return None


def check_use(limits: KeyLimits, purpose: Purpose, lasts: timedelta | None, where: str) -> None:
    """Return if the key may be used for that, for so long.

    Raises:
        LimitReached: it may not.
    """
    if purpose not in limits.purposes:
        allowed = ", ".join(limits.purposes) or "nothing"
        raise LimitReached(
            f"the key is for {allowed} alone, and not for {purpose}",
            where=where,
            advice="`purposes` of [signer.issuers.limits], where the key is",
        )
    check_lasts(limits, purpose, lasts, where)


def check_lasts(limits: KeyLimits, purpose: Purpose, lasts: timedelta | None, where: str) -> None:
    """Return if what is signed may last so long.

    Raises:
        LimitReached: it may not.
    """
    longest = limits.longest(purpose)
    if longest is not None and lasts is not None and lasts > longest:
        is_list = purpose in (Purpose.CRL, Purpose.OCSP)
        name = purpose if is_list else "certificate"
        raise LimitReached(
            f"what the key signs for {purpose} lasts {show(longest)} at most, and this lasts {spelled(lasts)}",
            where=where,
            advice=f"{name}_validity of [signer.issuers.limits], where the key is, or a shorter profile",
        )


def check_ahead(limits: KeyLimits, ahead: timedelta, where: str) -> None:
    """Return if a CRL may begin so long after it is signed.

    Raises:
        LimitReached: it may not.
    """
    if ahead > limits.crl_ahead:
        may = f"{show(limits.crl_ahead)} after it is signed at most" if limits.crl_ahead else "when it is signed"
        raise LimitReached(
            f"a CRL of this key begins {may}, and this one would begin {spelled(ahead)} after",
            where=where,
            advice="crl_ahead of [signer.issuers.limits], where the key is, lets it sign a series; or take `series` "
            "out of [public.crl]",
        )
