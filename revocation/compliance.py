"""Whose rules the CRLs of an issuer follow: RFC 5280 alone, or the CA/Browser Forum's TLS Baseline Requirements too."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from revocation.clock import iso
from revocation.durations import show
from revocation.status import Reason

_SUBSCRIBERS: Final = timedelta(days=10)
_CAS: Final = timedelta(days=365)
_LONGEST_YEAR: Final = timedelta(days=366)
_ONE_SECOND: Final = timedelta(seconds=1)
_REISSUED: Final = timedelta(days=7)
_BR_REASONS: Final = frozenset(
    {
        Reason.unspecified,
        Reason.keyCompromise,
        Reason.affiliationChanged,
        Reason.superseded,
        Reason.cessationOfOperation,
        Reason.privilegeWithdrawn,
    }
)


class Compliance(StrEnum):
    """A set of rules."""

    PKIX = "pkix"
    BR = "br"

    def check_crl(self, what: str, expires: timedelta, renewal: timedelta, backdate: timedelta, only_cas: bool) -> None:
        """Return if these windows are allowed.

        Raises:
            ValueError: they are not; names the rule.
        """
        if self is Compliance.PKIX:
            return
        longest = _CAS if only_cas else _SUBSCRIBERS
        if expires > longest:
            raise ValueError(
                f"{what}: expires ({show(expires)}) is longer than the {show(longest)} of the BRs, section 2.2.6, "
                f"for {'CA' if only_cas else 'subscriber'} certificates"
            )
        if renewal > _REISSUED and not only_cas:
            raise ValueError(f"{what}: renewal ({show(renewal)}) is longer than the 7d of the BRs, section 2.2.6")
        if backdate:
            raise ValueError(f"{what}: thisUpdate is the date of issue under the BRs: no backdate")

    def check_crl_window(self, this_update: datetime, next_update: datetime, only_cas: bool) -> None:
        """Return if a CRL may have that window: its first and its last second are both in it (BRs section 2.2.6).

        Raises:
            ValueError: it may not; the message has the numbers.
        """
        longest = _LONGEST_YEAR if only_cas else _SUBSCRIBERS
        if self is Compliance.BR and next_update - this_update + _ONE_SECOND > longest:
            raise ValueError(
                f"its nextUpdate {iso(next_update)} is more than {show(longest)} after its thisUpdate "
                f"{iso(this_update)}, both ends counted (BRs section 2.2.6)"
            )

    def forbids(self, reason: Reason, is_ca: bool) -> str | None:
        """Why nothing may be revoked for that reason; None when it may be (BRs section 7.2.2)."""
        if self is Compliance.PKIX:
            return None
        if reason not in _BR_REASONS:
            return f"the BRs, section 7.2.2, do not allow the reason {reason.name}"
        if is_ca and reason is Reason.unspecified:
            return "the BRs, section 7.2.2, want a reason for a CA certificate"
        return None
