"""A batch of OCSP responses: encoded, signed and assembled. This runs in processes too, see `signer.signing`."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from revocation.certid import CertIDHash
from revocation.clock import from_epoch
from revocation.status import Reason, Revocation
from signer.encoding.ocsp import GOOD, ResponseTemplate, encode_status
from signer.keys import SigningKey

if TYPE_CHECKING:
    from signer.ledger.facts import Status


class Batch(NamedTuple):
    """What was made.

    Attributes:
        tbs: the ResponseDatas, one behind the other.
        responses: the OCSPResponses, in the same order.
        sample: one of them, by chance.
        number: how many they are.
    """

    tbs: bytes
    responses: bytes
    sample: bytes
    number: int


@dataclass(frozen=True)
class Recipe:
    """What all responses of a slice have in common.

    Attributes:
        forms: the hashes in each response about a certificate.
        template: of a response, with whatever hashes.
    """

    forms: tuple[tuple[CertIDHash, ...], ...]
    template: ResponseTemplate

    @cached_property
    def templates(self) -> Sequence[ResponseTemplate]:
        """That of each response about a certificate."""
        return [replace(self.template, hashes=hashes) for hashes in self.forms]

    def make(self, key: SigningKey, statuses: "Sequence[Status]") -> Batch:
        """A response of each form for each certificate.

        Raises:
            KeyUnavailable: the key cannot be used.
        """
        tbs = [
            template.encode_tbs(serial, GOOD if revoked_at is None else _status(revoked_at, reason))
            for serial, revoked_at, reason in statuses
            for template in self.templates
        ]
        assemble = self.template.assemble  # what differs between templates is in what is signed
        responses = list(map(assemble, tbs, key.sign_many(tbs)))
        sample = random.choice(responses)  # noqa: S311 - a sample, no secret
        return Batch(b"".join(tbs), b"".join(responses), sample, len(responses))


@lru_cache(maxsize=4096)
def _status(revoked_at: int, reason: int) -> bytes:
    return encode_status(Revocation(from_epoch(revoked_at), Reason(reason)))
