"""How a verified response lies in a store of `revocation/store.py`: its key, its times, and what goes when it comes."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from publisher.targets.protocol import Answer
from publisher.verify_ocsp import VerifiedResponse
from revocation.certid import CertIDHash
from revocation.clock import epoch
from revocation.config import IssuerProfile
from revocation.store import BOTH_HASHES, StoredResponse, response_key

HASH_OCTETS: Final = (BOTH_HASHES, *(hash_.octet for hash_ in CertIDHash))
"""Under which a certificate may have answers."""


def answers_of(profile: IssuerProfile) -> Callable[[VerifiedResponse], Answer]:
    """How a response of an issuer lies in a store, and what in another form it takes the place of."""
    octets, renewal = profile.issuer.octets, profile.ocsp.renewal
    configured = {_octet(hashes) for hashes in profile.ocsp.responses}
    others = [octet for octet in HASH_OCTETS if octet not in configured]

    def answer(response: VerifiedResponse) -> Answer:
        beside = tuple([response_key(octets, octet, response.serial) for octet in others])
        return Answer(
            response_key(octets, _octet(response.hashes), response.serial), _stored(response, renewal), beside
        )

    return answer


def _stored(response: VerifiedResponse, renewal: timedelta) -> StoredResponse:
    return StoredResponse(*_times(response.this_update, response.next_update, renewal), response.der)


@lru_cache(maxsize=64)
def _times(this_update: datetime, next_update: datetime, renewal: timedelta) -> tuple[int, int, int]:
    """thisUpdate, nextUpdate and until when a response is fresh: the same for all of a slice."""
    return epoch(this_update), epoch(next_update), epoch(min(this_update + renewal, next_update))


def _octet(hashes: Sequence[CertIDHash]) -> bytes:
    """The hash octet in the key of a response that answers these."""
    return hashes[0].octet if len(hashes) == 1 else BOTH_HASHES
