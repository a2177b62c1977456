"""How long caches may keep an OCSP answer, by the headers with which it arrived: what a proxy or CDN made of ours.

RFC 9919 section 7.2: max-age ends before nextUpdate. A cache that keeps an answer for longer hands out what clients
refuse.
"""

import re
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final

from revocation.clock import iso

_DIRECTIVE: Final = re.compile(r"\b(s-maxage|max-age)\s*=\s*\"?(\d{1,10})")
_KEPT_BY_NOBODY: Final = re.compile(r"\b(no-store|no-cache|private)\b")


def kept_past_end(headers: Message, next_update: datetime, now: datetime) -> str | None:
    """What is wrong where a shared cache may hand an answer out at its nextUpdate or later (RFC 9111 section 4.2.1).

    Args:
        headers: of the answer.
        next_update: of the answer.
        now: when it arrived.
    """
    until = _kept_until(headers, now)
    if until is None or until < next_update:
        return None
    return f"caches may keep it until {iso(until)}, and it ends at {iso(next_update)}"


def _kept_until(headers: Message, now: datetime) -> datetime | None:
    """Until when a shared cache takes it for fresh; None where it is not said, or nobody keeps it."""
    control = ", ".join(headers.get_all("Cache-Control", [])).lower()
    if _KEPT_BY_NOBODY.search(control):
        return None
    ages = dict(_DIRECTIVE.findall(control))
    seconds = ages.get("s-maxage", ages.get("max-age"))
    if seconds is not None:
        age = headers.get("Age", "")
        return now + timedelta(seconds=int(seconds) - (int(age) if age.isdecimal() and len(age) <= 10 else 0))
    try:
        expires = parsedate_to_datetime(headers.get("Expires", ""))
    except (ValueError, OverflowError):  # none, or one that means that it has expired (RFC 9111 section 5.3)
        return None
    return expires if expires.tzinfo else expires.replace(tzinfo=UTC)
