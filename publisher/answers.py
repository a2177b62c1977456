"""How verified responses lie in a store of `revocation/store.py`: their keys, their times, what goes when they come."""

from collections.abc import Callable, Sequence
from typing import Final

from publisher.targets.protocol import Answer
from publisher.verified import Verified
from publisher.verify_ocsp import VerifiedResponse
from revocation.certid import CertIDHash
from revocation.clock import epoch
from revocation.config import IssuerProfile
from revocation.store import BOTH_HASHES, der_in, form, header, placed, serial_in

HASH_OCTETS: Final = (BOTH_HASHES, *(hash_.octet for hash_ in CertIDHash))
"""Under which a certificate may have answers."""


def answers_of(profile: IssuerProfile) -> Callable[[Verified], list[Answer]]:
    """How responses of an issuer lie in a store, and in which other forms they are to go.

    Each is judged by what it is like; see `response_in`.
    """
    octets, renewal = profile.issuer.octets, profile.ocsp.renewal
    configured = {_octet(hashes) for hashes in profile.ocsp.responses}
    others = tuple([form(octets, octet) for octet in HASH_OCTETS if octet not in configured])

    def answers(responses: Verified) -> list[Answer]:
        like = responses.like
        fresh_until = min(like.this_update + renewal, like.next_update)
        key = form(octets, _octet(like.hashes))
        value = header(*map(epoch, (like.this_update, like.next_update, fresh_until)))
        return [
            Answer(key + placed(serial), value + der, others, like)
            for serial, der in zip(responses.serials, responses.ders, strict=True)
        ]

    return answers


def response_in(answer: Answer) -> VerifiedResponse:
    """The response that one of these answers is."""
    like: VerifiedResponse = answer.judged_by
    return like._replace(der=der_in(answer.value), serial=serial_in(answer.key))


def _octet(hashes: Sequence[CertIDHash]) -> bytes:
    """The hash octet in the key of a response that answers these."""
    return hashes[0].octet if len(hashes) == 1 else BOTH_HASHES
