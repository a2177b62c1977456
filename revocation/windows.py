"""Windows, renewals and caches: what must hold between them, or a relying party is left with an expired object."""

from datetime import timedelta
from typing import Final

from revocation.durations import show

SKEW: Final = timedelta(minutes=5)
"""How far clocks of relying parties, CDNs and ours may be apart without harm."""

PUBLISHING: Final = timedelta(minutes=5)
"""The time that a publication may take, from a finished signature to readable objects."""

_BETWEEN: Final = timedelta(minutes=1)
"""The least time from one CRL to the next that is made for its age."""


def check_windows(what: str, expires: timedelta, renewal: timedelta, look: timedelta) -> None:
    """Return if two looks in a row may fail between renewal and end.

    Raises:
        ValueError: they may not; the message has the numbers.
    """
    if not _BETWEEN <= renewal < expires:
        raise ValueError(
            f"{what}: renewal ({show(renewal)}) must be at least {show(_BETWEEN)} "
            f"and shorter than expires ({show(expires)})"
        )
    longest = (expires - renewal) / 2
    if not timedelta(0) < look <= longest:
        raise ValueError(
            f"{what}: look ({show(look)}) must be at most (expires - renewal) / 2 = "
            f"({show(expires)} - {show(renewal)}) / 2 = {show(longest)}"
        )


def check_backdate(what: str, renewal: timedelta, backdate: timedelta) -> None:
    """Return if what is backdated does not have to be replaced as soon as it is made.

    Raises:
        ValueError: it would; the message has the numbers.
    """
    if renewal - backdate < _BETWEEN:
        raise ValueError(
            f"{what}: renewal - backdate = {show(renewal)} - {show(backdate)} must be at least {show(_BETWEEN)}: both "
            "are counted from thisUpdate, so a CRL would be due again when it is made"
        )


def check_max_age(what: str, expires: timedelta, renewal: timedelta, look: timedelta, max_age: timedelta) -> None:
    """Return if no cache can hold an object past its end.

    Raises:
        ValueError: one could; the message has the numbers.
    """
    if max_age < timedelta(0):
        raise ValueError(f"{what}: max_age ({show(max_age)}) must not be negative")
    needed = renewal + look + PUBLISHING + max_age
    if needed > expires - SKEW:
        raise ValueError(
            f"{what}: renewal + look + publishing + max_age = {show(renewal)} + {show(look)} + {show(PUBLISHING)} + "
            f"{show(max_age)} = {show(needed)} must not exceed expires - skew = {show(expires - SKEW)}, "
            "or caches could hand out an expired object"
        )
