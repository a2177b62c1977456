"""A few responses of each issuer out of an LMDB store, spread over those that there are."""

from collections.abc import Iterator
from itertools import product
from typing import Any, Final

from revocation.certid import CertIDHash
from revocation.store import BOTH_HASHES, next_update_in

_PLACES: Final = 21  # octets that places are told apart by: no serial is longer
_OCTETS: Final = (*(hash_.octet for hash_ in CertIDHash), BOTH_HASHES)


def sample(environment: Any, issuers: Any, responses: Any, size: int) -> list[tuple[bytes, int]]:
    """See `Sampled.sample`; those of each hash are a sample of their own. What is no response has expired."""
    with environment.begin() as transaction:
        known = sorted({bytes(issuer) for _, issuer in transaction.cursor(db=issuers)})
        cursor = transaction.cursor(db=responses)
        return [
            (issuer, next_update_in(value) or 0)
            for issuer, octet in product(known, _OCTETS)
            for value in _spread(cursor, issuer + octet, size)
        ]


def _spread(cursor: Any, prefix: bytes, size: int) -> Iterator[bytes]:
    """Values whose keys begin with `prefix`: the first and the last, and those at places between, each once."""
    if not cursor.set_range(prefix) or not cursor.key().startswith(prefix):
        return
    first = _place(cursor.key(), prefix)
    if cursor.set_range(prefix + b"\xff" * (_PLACES + 1)):
        cursor.prev()
    else:
        cursor.last()
    last, seen = _place(cursor.key(), prefix), b""
    for number in range(size):
        at = first + (last - first) * number // max(1, size - 1)
        cursor.set_range(prefix + at.to_bytes(_PLACES, "big").rstrip(b"\x00"))
        key: bytes = cursor.key()
        if key != seen and key.startswith(prefix):
            seen = key
            yield cursor.value()


def _place(key: bytes, prefix: bytes) -> int:
    """Where a key lies among those with that prefix."""
    return int.from_bytes(key.removeprefix(prefix)[:_PLACES].ljust(_PLACES, b"\x00"), "big")
