"""Whether this responder does its work: the public is answered, its store can be read and has not expired.

The store is judged by a few responses of each issuer, spread over its serial numbers, so that it costs the same at a
million. It is not judged by what was asked for: responses of certificates that expired lie in a store for a day after
they expired themselves, and whoever asks for one of them could take the responder out of service.
"""

from collections import defaultdict
from datetime import datetime
from typing import Final, NamedTuple

from responder.source import Sampled, SourceUnavailable
from revocation.clock import epoch

_SAMPLES: Final = 64
"""Responses of each issuer that are looked at."""


class Readiness(NamedTuple):
    """What was found.

    Attributes:
        reason: why the responder is not ready, empty where it is.
        fresh: of each issuer by its id, the share of the responses that were looked at and have not expired.
    """

    reason: str
    fresh: dict[str, float]


def readiness(store: Sampled, now: datetime, unanswered: str = "") -> Readiness:
    """Look at the store. An issuer needs as many responses that hold as ones that have expired, at least.

    Args:
        store: to look at.
        now: the time.
        unanswered: why the public gets no answer, empty where it gets one. That counts first.
    """
    found = _found(store, now)
    return found._replace(reason=unanswered) if unanswered else found


def _found(store: Sampled, now: datetime) -> Readiness:
    second = epoch(now)
    holds: dict[str, list[bool]] = defaultdict(list)
    try:
        for issuer, next_update in store.sample(_SAMPLES):
            holds[issuer.hex()].append(second < next_update)
    except SourceUnavailable as error:
        return Readiness(f"the store cannot be read: {error}", {})
    fresh = {issuer: sum(each) / len(each) for issuer, each in holds.items()}
    stale = sorted(issuer for issuer, share in fresh.items() if share < 1 / 2)
    if not fresh:
        return Readiness("nothing has been published into the store", fresh)
    if stale:
        return Readiness(f"most responses have expired of issuer {', '.join(stale)}", fresh)
    return Readiness("", fresh)
