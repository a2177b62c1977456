"""How a verified response lies in a store of `revocation/store.py`: its key, its times, and what goes when it comes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from publisher.targets.protocol import Answer
from publisher.verify_ocsp import VerifiedResponse
from revocation.certid import CertIDHash
from revocation.clock import epoch
from revocation.config import IssuerProfile
from revocation.store import BOTH_HASHES, header, placed

HASH_OCTETS: Final = (BOTH_HASHES, *(hash_.octet for hash_ in CertIDHash))
"""Under which a certificate may have answers."""


def answers_of(profile: IssuerProfile) -> Callable[[VerifiedResponse], Answer]:
    """How a response of an issuer lies in a store, and what in another form it takes the place of."""
    octets, renewal = profile.issuer.octets, profile.ocsp.renewal
    configured = {_octet(hashes) for hashes in profile.ocsp.responses}
    others = [octets + octet for octet in HASH_OCTETS if octet not in configured]

    @lru_cache(maxsize=64)
    def shared(hashes: tuple[CertIDHash, ...], this_update: datetime, next_update: datetime) -> tuple[bytes, bytes]:
        """How key and value begin: the same for all of a slice."""
        fresh_until = min(this_update + renewal, next_update)
        return octets + _octet(hashes), header(*map(epoch, (this_update, next_update, fresh_until)))

    def answer(response: VerifiedResponse) -> Answer:
        der, hashes, serial, _, this_update, next_update, _, _ = response
        key, value = shared(hashes, this_update, next_update)
        place = placed(serial)
        return Answer(key + place, value + der, tuple([other + place for other in others]))

    return answer


def _octet(hashes: Sequence[CertIDHash]) -> bytes:
    """The hash octet in the key of a response that answers these."""
    return hashes[0].octet if len(hashes) == 1 else BOTH_HASHES
