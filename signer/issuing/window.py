"""From when until when a certificate is valid: what was asked for, within the profile, the rules and the issuer."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from revocation.clock import iso
from revocation.compliance import Compliance
from revocation.durations import show, spelled
from revocation.errors import Refused
from revocation.issuer import Issuer
from revocation.messages import Issue
from revocation.refusalkind import RefusalKind
from revocation.validity import AHEAD, BACKDATE
from signer.issuing.kinds import Kind
from signer.refusal import refused_as

_SECOND: Final = timedelta(seconds=1)
_WHERE: Final = "validity"
_BR_LONGEST: Final = (
    (datetime(2029, 3, 15, tzinfo=UTC), timedelta(days=47)),
    (datetime(2027, 3, 15, tzinfo=UTC), timedelta(days=100)),
    (datetime(2026, 3, 15, tzinfo=UTC), timedelta(days=200)),
)
"""Since when subscriber certificates last how long at most (BRs section 6.3.2)."""
_BR_BEFORE: Final = timedelta(days=398)


@dataclass(frozen=True)
class Window:
    """Both ends are in it."""

    not_before: datetime
    not_after: datetime

    @property
    def lasts(self) -> timedelta:
        """How long, both ends counted (RFC 5280 section 4.1.2.5)."""
        return self.not_after - self.not_before + _SECOND


@refused_as(RefusalKind.VALIDITY)
def window_of(
    body: Issue, usual: timedelta, most: timedelta, issuer: Issuer, now: datetime, longest_by_rule: timedelta | None
) -> Window:
    """The window: as it was asked for, or as long as the profile says and rule and issuer let it be.

    Args:
        usual: how long where nobody says it.
        most: how long at most, by the profile.
        longest_by_rule: how long at most, whatever the profile says.

    Raises:
        Refused: it cannot be so.
    """
    begin = _begin(body, issuer, now)
    bound = min(most, longest_by_rule or most)
    if body.lasts is not None and body.not_after is not None:
        raise Refused("has both `lasts` and `not_after`", where=_WHERE, advice="send one of them")
    if body.lasts is None and body.not_after is None:
        end = min(begin + min(usual, bound) - _SECOND, issuer.certificates[0].not_valid_after_utc)
    else:
        end = body.not_after or begin + timedelta(seconds=body.lasts or 0) - _SECOND
    found = Window(begin, end)
    _require_possible(found, bound, issuer, now)
    return found


def longest_by_rule(compliance: Compliance, kind: Kind, now: datetime) -> timedelta | None:
    """How long a certificate that is issued now may last by the BRs; None where they say nothing of it."""
    if compliance is Compliance.PKIX or kind in (Kind.INTERMEDIATE, Kind.OCSP):
        return None
    return next((longest for since, longest in _BR_LONGEST if now >= since), _BR_BEFORE)


def _begin(body: Issue, issuer: Issuer, now: datetime) -> datetime:
    """A little back where nobody says it, for clients whose clock is behind; not before its issuer began."""
    began = issuer.certificates[0].not_valid_before_utc
    if body.not_before is None:
        return max(now - BACKDATE, began)
    if not max(now - BACKDATE, began) <= body.not_before <= now + AHEAD:
        raise Refused(
            f"would begin at {iso(body.not_before)}: {show(BACKDATE)} back at most and {show(AHEAD)} ahead, and not "
            f"before {issuer.name} began at {iso(began)}",
            where=_WHERE,
        )
    return body.not_before


def _require_possible(window: Window, bound: timedelta, issuer: Issuer, now: datetime) -> None:
    if window.not_after <= max(now, window.not_before):
        raise Refused(f"would end at {iso(window.not_after)}, before it is of use", where=_WHERE)
    if window.lasts > bound:
        raise Refused(
            f"would last {spelled(window.lasts)}, and {show(bound)} is the longest",
            where=_WHERE,
            advice="`longest` of the profile, and where the BRs hold what their section 6.3.2 says",
        )
    end = issuer.certificates[0].not_valid_after_utc
    if window.not_after > end:
        raise Refused(
            f"would end at {iso(window.not_after)}, after {issuer.name}, which ends at {iso(end)}", where=_WHERE
        )
