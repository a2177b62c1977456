"""OCSP responses of a CA key that signs a series of CRLs: they last as long as the series, to the latest next ceremony.

They are signed at the same ceremonies, and nothing renews them in between.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from revocation.crlprofile import CRLList

_LOOKS: Final = 4
"""Responses count as overdue when a quarter of the time has passed in which the next ceremony is to be held."""

_SAME_CEREMONY: Final = timedelta(days=1)
"""One that broke off goes on within that time without signing what it had signed."""


def windows(crls: Iterable[CRLList]) -> Mapping[str, timedelta]:
    """`expires`, `renewal` and `look` of responses that CA keys sign beside these CRLs; none where there is no series.

    They are renewed when the next ceremony is due, as status and metrics have it.
    """
    spans = [(one.series.ahead + one.expires, one.series.early(one.expires)) for one in crls if one.series]
    if not spans:
        return {}
    expires, early = max(span for span, _ in spans), max(early for _, early in spans)
    return {"expires": expires, "renewal": expires - early, "look": early / _LOOKS}


def renewed_after(crls: Iterable[CRLList]) -> timedelta | None:
    """How old responses are that a ceremony signs anew: one between two years begins the series anew, and them.

    None where there is no series.
    """
    every = [one.series.every for one in crls if one.series]
    return min([*every, _SAME_CEREMONY]) if every else None
