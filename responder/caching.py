"""The headers that decide how long caches keep what we serve (RFC 9919 sections 6 and 7, RFC 9111).

A stored response may be kept until the next one is due and never past its nextUpdate. Static files have constant
headers, so their max-age is a constant that the windows in the configuration leave room for. Errors are kept nowhere.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from werkzeug.http import http_date

from revocation.clock import epoch
from revocation.store import StoredResponse

UNCACHED: Final = {"Cache-Control": "no-store"}
FOR_EVER: Final = timedelta(days=365)
"""For what never changes under its name, and is never asked for again by who has it (RFC 8246)."""
_LATE: Final = 60  # seconds between two looks of a cache while a response that is due has not come


@dataclass(frozen=True)
class MaxAges:
    """The longest that a cache may keep each kind of object: the stated delay of a revocation behind caches."""

    ocsp: timedelta = timedelta(hours=1)
    crl: timedelta = timedelta(minutes=5)
    issuer: timedelta = timedelta(days=1)


def etag(content: bytes) -> str:
    """The strong entity tag: the SHA-256 of the body in hexadecimal (RFC 9919 section 6)."""
    return hashlib.sha256(content).hexdigest()


def max_age(stored: StoredResponse, now: datetime, longest: timedelta) -> int:
    """Seconds that a cache may keep `stored` from `now` on: until its replacement is due, but not to nextUpdate."""
    seconds = epoch(now)
    until_fresh_one = stored.fresh_until - seconds
    wanted = until_fresh_one if until_fresh_one > 0 else _LATE
    return max(0, min(wanted, int(longest.total_seconds()), stored.next_update - seconds - 1))


def jittered(seconds: int, tag: str) -> int:
    """Up to an eighth less than `seconds`, by the entity tag: responses made together are not fetched anew together."""
    return seconds - (seconds * int(tag[:4], 16) >> 19)


def response_headers(stored: StoredResponse, now: datetime, longest: timedelta, tag: str) -> dict[str, str]:
    """The headers of a stored response with the entity tag `tag`; its media type and the tag aside."""
    return {
        "Last-Modified": http_date(stored.this_update),
        "Expires": http_date(stored.next_update),
        "Cache-Control": cache_control(jittered(max_age(stored, now, longest), tag)),
    }


def cache_control(seconds: int) -> str:
    """That of a stored response which a cache may keep for that long (RFC 9919 section 6)."""
    return f"max-age={seconds}, public, no-transform, must-revalidate"


def file_headers(modified: int, longest: timedelta | None) -> dict[str, str]:
    """The headers of a static file, its media type and entity tag aside.

    Args:
        modified: when it was last modified, epoch seconds.
        longest: how long caches may keep it; None for what never changes.
    """
    age, immutable = (FOR_EVER, ", immutable") if longest is None else (longest, "")
    return {
        "Last-Modified": http_date(modified),
        "Cache-Control": f"max-age={int(age.total_seconds())}, public, no-transform{immutable}",
    }
