"""Responses that passed and say the same: a slice has thousands of a kind, and what is asked of one is asked of all."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from publisher.verify_ocsp import VerifiedResponse


@dataclass(frozen=True, slots=True)
class Verified:
    """Responses that differ in nothing but serial and signature. One that says revoked is always alone.

    Attributes:
        like: one of them.
        serials: of each, as `VerifiedResponse.serial`.
        ders: of each, in the same order.
    """

    like: VerifiedResponse
    serials: Sequence[bytes]
    ders: Sequence[bytes]

    @classmethod
    def alone(cls, response: VerifiedResponse) -> "Verified":
        """A response that is like no other."""
        return cls(response, (response.serial,), (response.der,))

    def without(self, serials: Collection[bytes]) -> "Verified":
        """Those of other certificates."""
        left = [pair for pair in zip(self.serials, self.ders, strict=True) if pair[0] not in serials]
        return Verified(self.like, [serial for serial, _ in left], [der for _, der in left])

    def __len__(self) -> int:
        """How many they are."""
        return len(self.ders)

    def __iter__(self) -> Iterator[VerifiedResponse]:
        """Each by itself."""
        for serial, der in zip(self.serials, self.ders, strict=True):
            yield self.like._replace(der=der, serial=serial)
