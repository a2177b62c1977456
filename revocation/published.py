"""What is published now: the status of a target. A cache that may be lost: signed artifacts and marks are the truth.

One row per (issuer, CRL) and per (issuer, slice), never one per certificate.
"""

from datetime import datetime, timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from revocation.artifacts import Kind
from revocation.clock import iso
from revocation.instant import Instant

_LONGEST: Final = 64
Count: TypeAlias = Annotated[int, Field(ge=0, lt=1 << 63)]
"""What a column of a database can hold."""

Number: TypeAlias = Annotated[int, Field(ge=0, lt=1 << 159)]
"""A CRLNumber: at most 20 octets (RFC 5280 section 5.2.3)."""

_PATIENCE: Final = timedelta(hours=1)


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CRLRow(_Row):
    """One of an issuer's CRLs as a target serves it."""

    issuer: str = Field(max_length=_LONGEST)
    label: str = Field(pattern=r"^[a-z][a-z0-9.]{0,63}$", description="which of the issuer's CRLs")
    number: Number
    revision: Count = Field(description="the ledger revision that this CRL covers")
    this_update: Instant
    next_update: Instant
    renew_at: Instant
    sha256: str = Field(max_length=_LONGEST)
    size: Count


class SliceRow(_Row):
    """The OCSP responses that a target serves for one slice of an issuer."""

    issuer: str = Field(max_length=_LONGEST)
    slice: Count
    revision: Count = Field(description="the ledger revision up to which every fact of the slice is covered")
    this_update: Instant = Field(description="of the oldest response of the slice")
    next_update: Instant = Field(description="of the response that expires first")
    renew_at: Instant
    count: Count = Field(description="of the last complete bundle; those that add to it are not counted")


class Applied(_Row):
    """A bundle that a target has taken, as far as rows depend on it."""

    bundle: str
    issuer: str
    kind: Kind
    part: str
    base_revision: Count
    revision: Count
    version: str = Field(default="", description="of the file in the exchange; another one is looked at again")
    next_update: Instant | None = Field(default=None, description="of its response that expires first")


class SetAside(_Row):
    """A bundle that did not pass, and why."""

    bundle: str
    at: Instant
    reason: str
    version: str = Field(default="", description="of the file and the profile that refused it; others are tried again")

    def __str__(self) -> str:
        return f"set aside {self.bundle}: {self.reason}"


class HeldBundle(_Row):
    """A bundle that cannot be published yet, and what it waits for.

    Attributes:
        since: when a bundle of its part was held first, and none was published from then on.
    """

    bundle: str
    since: Instant
    reason: str

    def is_overdue(self, now: datetime) -> bool:
        """Whether it has been held for longer than another CRL, the clocks and the next look explain."""
        return now - self.since > _PATIENCE


class ScheduledCRL(_Row):
    """One of a series that passed the gate when it arrived, and is published when it begins."""

    bundle: str
    issuer: str = Field(max_length=_LONGEST)
    label: str = Field(pattern=r"^[a-z][a-z0-9.]{0,63}$", description="which of the issuer's CRLs")
    number: Number
    this_update: Instant
    next_update: Instant
    version: str = Field(default="", description="of the file and the profile that it passed; others are tried again")


class LeftoverCRL(_Row):
    """A CRL that is not configured any more, and is still served: what it alone lists would count as good.

    Attributes:
        until: its nextUpdate.
        count: how many serials no other CRL lists; 0 where it stays since one that is configured is not published yet.
        serials: the first of them, hexadecimal.
    """

    path: str
    until: Instant
    count: Count
    serials: list[str]

    def __str__(self) -> str:
        stays = f"{self.path} is not configured any more and stays until {iso(self.until)}"
        if not self.count:
            return f"{stays}, or until all CRLs that are configured are published"
        more = f" and {self.count - len(self.serials)} more" if self.count > len(self.serials) else ""
        return (
            f"{stays}: of what it lists, no other CRL "
            f"lists {', '.join(self.serials)}{more}; configure it again, or what is to list them"
        )


class PutBackCRL(_Row):
    """A CRL that went back, and was put again from the publisher's archive: the exchange had only older ones."""

    path: str
    number: Number
    at: Instant

    def __str__(self) -> str:
        return (
            f"{self.path} went back, and so did the exchange: number {self.number} was put again from the archive at "
            f"{iso(self.at)}; find out who wrote into both, and have the signer look (`revocast generate-crls`)"
        )


class DisturbedCRL(_Row):
    """A CRL that was not there as it was published, and was put again, as far as the exchange has it.

    Attributes:
        what: happened to it, for people.
        at: when that was last seen.
        times: how often it was, each within an hour of the one before.
    """

    path: str
    what: str
    at: Instant
    times: Count

    @property
    def goes_on(self) -> bool:
        """Whether it happened again: once may be a slip, which is mended."""
        return self.times > 1

    def is_over(self, now: datetime) -> bool:
        """Whether it was long enough ago not to be told any more."""
        return now - self.at > _PATIENCE

    def __str__(self) -> str:
        often = f", {self.times} times, the last at {iso(self.at)}" if self.times > 1 else f" at {iso(self.at)}"
        return f"{self.path} {self.what}{often}; find out who else writes into the target, or what it lost"


class TargetStatus(BaseModel):
    """Everything that one target says of itself."""

    model_config = ConfigDict(extra="forbid")

    target: str
    kinds: tuple[Kind, ...]
    updated_at: Instant
    crls: list[CRLRow] = []
    slices: list[SliceRow] = []
    applied: list[Applied] = []
    set_aside: list[SetAside] = []
    held: list[HeldBundle] = []
    leftovers: list[LeftoverCRL] = []
    put_back: list[PutBackCRL] = []
    disturbed: list[DisturbedCRL] = []
    scheduled: list[ScheduledCRL] = []

    @property
    def unsaid(self) -> set[str]:
        """Fields that readers of the version before do not know, where nothing stands in them: to be left out."""
        newer = {"put_back": self.put_back, "disturbed": self.disturbed, "scheduled": self.scheduled}
        return {name for name, rows in newer.items() if not rows}
