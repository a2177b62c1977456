"""Whose rules an issuer's CRLs and responses follow: the RFCs' alone, or the CA/Browser Forum's TLS BRs' too."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from revocation.clock import iso
from revocation.durations import show
from revocation.status import Reason
from revocation.windows import PUBLISHING

_SUBSCRIBERS: Final = timedelta(days=10)
_CAS: Final = timedelta(days=365)
_LONGEST_YEAR: Final = timedelta(days=366)
_ONE_SECOND: Final = timedelta(seconds=1)
_REISSUED: Final = timedelta(days=7)
_SHORTEST_RESPONSE: Final = timedelta(hours=8)
_LONGEST_RESPONSE: Final = timedelta(days=7)
_SHORT_RESPONSE: Final = timedelta(hours=16)
_LEFT: Final = timedelta(hours=8)
_OLDEST_RESPONSE: Final = timedelta(days=4)
_LONGEST_RENEWAL: Final = timedelta(hours=84)
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

    def check_ocsp(self, what: str, expires: timedelta, renewal: timedelta, look: timedelta) -> None:
        """Return if responses may have these windows.

        The BRs say when the next one has to be there at the latest. Renewal by half of the window, and by 84 hours, is
        ours: it leaves time to mend what keeps the next one from being made, and satisfies the root programs too.

        Raises:
            ValueError: they may not; names the rule.
        """
        if self is Compliance.PKIX:
            return
        if not _SHORTEST_RESPONSE <= expires <= _LONGEST_RESPONSE:
            raise ValueError(
                f"{what}: expires ({show(expires)}) must be at least the {show(_SHORTEST_RESPONSE)} of the BRs, "
                f"section 2.2.6, and at most the {show(_LONGEST_RESPONSE)} of Microsoft's root program"
            )
        if expires < _SHORT_RESPONSE:
            latest = expires / 2
            rule = f"half of expires ({show(expires)}), which is shorter than {show(_SHORT_RESPONSE)}"
        else:
            latest = min(expires - _LEFT, _OLDEST_RESPONSE)
            rule = f"{show(_LEFT)} before the end of expires ({show(expires)}), and {show(_OLDEST_RESPONSE)}"
        needed = renewal + look + PUBLISHING
        if needed > latest:
            raise ValueError(
                f"{what}: renewal + look + publishing = {show(renewal)} + {show(look)} + {show(PUBLISHING)} = "
                f"{show(needed)} is longer than {show(latest)}: the BRs, section 2.2.6, want the next one by {rule}"
            )
        if renewal > min(expires / 2, _LONGEST_RENEWAL):
            raise ValueError(
                f"{what}: renewal ({show(renewal)}) must be at most half of expires ({show(expires)}), and at most "
                f"{show(_LONGEST_RENEWAL)}"
            )

    def check_ocsp_of_cas(self, what: str, expires: timedelta) -> None:
        """Return if responses about CA certificates alone may live so long.

        Raises:
            ValueError: they may not; names the rule.
        """
        if self is Compliance.PKIX:
            return
        if expires < _SHORTEST_RESPONSE:
            raise ValueError(
                f"{what}: expires ({show(expires)}) must be at least the {show(_SHORTEST_RESPONSE)} of the BRs, "
                "section 2.2.6, and of Microsoft's root program"
            )
        if expires > _CAS:
            raise ValueError(
                f"{what}: expires ({show(expires)}) is longer than {show(_CAS)}: the BRs, section 2.2.6, want the "
                "status of a CA certificate updated every twelve months"
            )

    def lasting(self, expires: timedelta) -> timedelta:
        """From thisUpdate to nextUpdate of what is to be valid for so long: under the BRs both ends count."""
        return expires - _ONE_SECOND if self is Compliance.BR else expires

    def check_ocsp_window(self, this_update: datetime, next_update: datetime, only_cas: bool) -> None:
        """Return if a response may have that window, both ends counted. It may be short at the end of its issuer.

        Args:
            only_cas: whether it is about CA certificates alone.

        Raises:
            ValueError: it may not; the message has the numbers.
        """
        longest = _LONGEST_YEAR if only_cas else _LONGEST_RESPONSE
        if self is Compliance.BR and next_update - this_update + _ONE_SECOND > longest:
            raise ValueError(
                f"its nextUpdate {iso(next_update)} is more than {show(longest)} after its thisUpdate "
                f"{iso(this_update)}, both ends counted (`br`: BRs section 2.2.6, Microsoft's root program)"
            )

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
