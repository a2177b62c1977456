"""A store of many certificates for the benchmark `serve`, and requests for some of them.

Those that are asked for have a response of their own, signed for their serial. All others, which make the store as
large as it has to be, have one of these responses again under their own key: nobody asks for them.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import lmdb

from revocation import clock, serials
from revocation.certid import CertIDHash
from revocation.store import FILLED, StoredResponse, response_key
from tests.authority import Authority
from tests.responder.asking import request
from tests.responder.filling import DATABASES, Filling

_BATCH = 50_000


@dataclass(frozen=True)
class Asked:
    """A request and the response to it."""

    request: bytes
    stored: StoredResponse


@dataclass(frozen=True)
class Shelf:
    """A filled store, its issuer, and what is asked for."""

    filling: Filling
    asked: list[Asked]


def fill(store: Path, certificates: int, different: int) -> Shelf:
    """Make the store, with a response in SHA-256 for each certificate, and serials of 16 octets."""
    now = clock.now()
    filling = Filling(Authority(not_before=now - timedelta(days=1)))
    chance = random.Random(1)
    chosen = [chance.getrandbits(127) | 1 << 126 for _ in range(certificates)]
    asked = [
        Asked(request(filling.cert_id(serial)), filling.response(serial, this_update=now))
        for serial in chosen[:: max(1, certificates // different)][:different]
    ]
    own = dict(zip(chosen[:: max(1, certificates // different)], (one.stored.encode() for one in asked), strict=False))
    others = list(own.values())
    rows = sorted(
        (response_key(filling.issuer.octets, CertIDHash.SHA256.octet, serials.from_int(serial)), serial)
        for serial in chosen
    )
    store.mkdir()
    with lmdb.open(str(store), map_size=1 << 33, max_dbs=4, sync=False) as environment:
        issuers, responses, statuses = (environment.open_db(name) for name in DATABASES)
        with environment.begin(write=True, db=issuers) as transaction:
            for _, key, value in filling.issuer_entries():
                transaction.put(key, value)
        for start in range(0, len(rows), _BATCH):
            with environment.begin(write=True, db=responses) as transaction:
                for number, (key, serial) in enumerate(rows[start : start + _BATCH]):
                    transaction.put(key, own.get(serial) or others[number % len(others)], append=True)
        with environment.begin(write=True, db=statuses) as transaction:
            transaction.put(FILLED, b"1")
    return Shelf(filling, asked)
