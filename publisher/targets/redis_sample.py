"""Some responses of each issuer and CertID hash in a Redis store, noted by their keys: a responder looks at those.

A server draws at random from all responses only, and misses those of an issuer with few among many. Noted are
the keys with the lowest digests, so that no certificate and no time has a better chance than another.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from heapq import nsmallest
from typing import Any, Final

SIZE: Final = 64
"""Responses of each issuer and hash."""
_GROUP: Final = 5  # octets of a key that say which issuer and hash; see `revocation.store`


def note(pipe: Any, name: str, noted: Iterable[bytes], wanted: Mapping[bytes, bytes | None]) -> None:
    """Queue what a change of the responses changes of the keys that are noted.

    Args:
        name: of the hash whose fields they are.
        noted: those that are before.
        wanted: what is to lie at which key; None for what goes.
    """
    changed = {key[:_GROUP] for key in wanted}
    before = {key for key in noted if key[:_GROUP] in changed}
    there = defaultdict[bytes, set[bytes]](set)
    for key in (before - wanted.keys()) | {key for key, value in wanted.items() if value is not None}:
        there[key[:_GROUP]].add(key)
    after = {key for keys in there.values() for key in nsmallest(SIZE, keys, _digest)}
    if gone := before - after:
        pipe.hdel(name, *gone)
    if new := after - before:
        pipe.hset(name, mapping=dict.fromkeys(new, b""))


def _digest(key: bytes) -> bytes:
    return blake2b(key, digest_size=8).digest()
