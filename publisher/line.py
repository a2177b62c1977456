"""The line in time: what may replace what. Pure; marks and targets hold what is known, and ask here.

Certificate status only moves forward: to revoked, and back only from certificateHold (RFC 5280 section 5.3.1).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from publisher.verify_crl import VerifiedCRL
from publisher.verify_ocsp import VerifiedResponse
from revocation.clock import epoch, from_epoch, iso
from revocation.errors import GateError
from revocation.serials import to_hex
from revocation.status import Reason
from revocation.windows import SKEW


class Step(Enum):
    """How an artifact stands to what is known already."""

    NEWER = "newer"
    SAME = "same"
    SUPERSEDED = "superseded"


UNKNOWN_BUNDLE: Final = "~"
"""In a mark that was read off a target: it sorts after every bundle, so what is older than it counts as superseded."""


class CRLMark(BaseModel):
    """The newest of a CRL that ever passed the gate, and the bundle that brought it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    this_update: AwareDatetime
    sha256: str
    bundle: str


def is_ahead(this_update: int, now: datetime) -> bool:
    """Whether what is known was published by a clock that ran ahead: nobody can rely on it yet.

    Then only numbers tell what is newer, and what was said last of a certificate.
    """
    return this_update > epoch(now + SKEW)


def crl_step(crl: VerifiedCRL, bundle: str, mark: CRLMark | None, now: datetime, *, by_number: bool = False) -> Step:
    """How a verified CRL stands to its mark. Bundles sort in the order of the ledger.

    A higher number may have an earlier thisUpdate only where that of the mark has not come yet, or where CRLs are
    signed ahead of time: one of a series may begin between a ceremony and its publication, and is of before it.

    Args:
        by_number: whether the number alone says what is newer.

    Raises:
        GateError: an older number or time from a later bundle, or another CRL under the same number.
    """
    if mark is None:
        return Step.NEWER
    if crl.sha256 == mark.sha256:
        return Step.SAME
    is_later = by_number or crl.this_update > mark.this_update or is_ahead(epoch(mark.this_update), now)
    if crl.number > mark.number and is_later:
        return Step.NEWER
    if crl.number < mark.number and bundle <= mark.bundle:
        return Step.SUPERSEDED
    if crl.number == mark.number:
        raise GateError(f"another CRL with the number {crl.number} was published already")
    if crl.number < mark.number:
        raise GateError(f"its number {crl.number} is older than {mark.number}, which was published already")
    raise GateError(
        f"its number rises from {mark.number} to {crl.number}, but its thisUpdate does not, "
        f"from {iso(mark.this_update)} to {iso(crl.this_update)}",
        advice="look at the signer's clock",
    )


@dataclass(frozen=True)
class Known:
    """What is known of the status of one certificate.

    Attributes:
        this_update: of the newest response that said so, epoch seconds.
        releasable: revoked with certificateHold and never with another reason.
        cutoff: since when that response answered for expired certificates too; None where for none.
    """

    this_update: int
    revoked: bool
    releasable: bool = False
    cutoff: int | None = None

    @property
    def unexpired_at(self) -> int:
        """When the certificate had not expired, or nothing would have been signed; epoch seconds."""
        return self.this_update if self.cutoff is None else self.cutoff


def known_from(response: VerifiedResponse) -> Known:
    """What a response says."""
    revocation = response.revocation
    held = revocation is not None and revocation.reason is Reason.certificateHold
    cutoff = epoch(response.archive_cutoff) if response.archive_cutoff else None
    return Known(epoch(response.this_update), revocation is not None, held, cutoff)


def remembered(new: Known, mark: Known | None, now: datetime) -> Known:
    """The mark after a response that says revoked: the newest time, and never releasable again once final."""
    if mark is None:
        return new
    counted = [new] if is_ahead(mark.this_update, now) else [new, mark]
    newest, unexpired = (max(known.this_update for known in counted), max(known.unexpired_at for known in counted))
    cutoff = None if unexpired == newest else unexpired
    return Known(newest, revoked=True, releasable=new.releasable and mark.releasable, cutoff=cutoff)


def replaces(response: VerifiedResponse, known: Known | None, now: datetime) -> bool:
    """Whether a response may take the place of what is known; False when it is superseded.

    A response replaces only older ones, by whole seconds. At the same second revoked wins over good; a revocation that
    is final wins over good whatever the times, since it stays true. Good never replaces a final revocation.
    What a clock that ran ahead had published is replaced by what is said now, but that good does not replace revoked.

    Raises:
        GateError: a newer `good` where the certificate is finally revoked.
    """
    if known is None:
        return True
    new = known_from(response)
    if new.revoked and not known.revoked:
        return not new.releasable or new.this_update >= known.this_update or is_ahead(known.this_update, now)
    if new.this_update <= known.this_update:
        return is_ahead(known.this_update, now) and new.revoked == known.revoked
    if known.revoked and not known.releasable and not new.revoked:
        raise GateError(
            f"it says good of serial {to_hex(response.serial)}, which is revoked for good since a response of "
            f"{iso(from_epoch(known.this_update))}",
            advice="was the signer's ledger restored from an old copy?",
        )
    return True
