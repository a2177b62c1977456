"""Who is answered for: what the ledger knows, while it has not expired; what is dropped from the store, and when."""

from datetime import timedelta
from pathlib import Path

import lmdb
import pytest

from revocation.store import RESPONSES_DATABASE
from tests.authority import NOW, Authority
from tests.estate import Estate
from tests.whole.world import HASHES, World

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def stored(world: World) -> int:
    """How many responses lie in the store."""
    world.close()
    with lmdb.open(str(world.estate.folder / "store"), readonly=True, max_dbs=4) as env:
        database = env.open_db(RESPONSES_DATABASE, create=False)
        with env.begin() as txn:
            return int(txn.stat(database)["entries"])


def said(world: World, serial: int) -> set[str]:
    """What is answered, by either hash."""
    return {world.ocsp(serial, hash_).status for hash_ in HASHES}


@pytest.mark.parametrize("signed_by", ["delegate", "issuer"])
def test_serial_that_the_ledger_does_not_know_is_never_good(tmp_path: Path, signed_by: str) -> None:
    """Unauthorized until it is registered, good at the next look from then on; its neighbours stay unknown."""
    estate = Estate.build(tmp_path, public=f'[public.ocsp]\nsigned_by = "{signed_by}"\nslices = 2')
    estate.register(estate.signer(), [10])
    with World(estate) as world:
        world.tick()
        assert [said(world, serial) for serial in (9, 10, 11, 12)] == [
            {"UNAUTHORIZED"},
            {"GOOD"},
            *[{"UNAUTHORIZED"}] * 2,
        ]
        world.now += HOUR
        estate.register(world.signer, [11], world.now)
        world.tick()
        assert [said(world, serial) for serial in (9, 10, 11, 12)] == [
            {"UNAUTHORIZED"},
            {"GOOD"},
            {"GOOD"},
            {"UNAUTHORIZED"},
        ]


def test_expired_certificate_is_dropped_from_the_store_a_day_after_its_last_response(tmp_path: Path) -> None:
    """No response is made after its expiry, and none is good for longer than one lives; then nobody knows it."""
    estate = Estate.build(tmp_path, public="[public.ocsp]\nslices = 1")
    estate.register(estate.signer(), [1], not_after=NOW + DAY)
    estate.register(estate.signer(), [2], not_after=NOW + 30 * DAY)
    seen = []
    with World(estate) as world:
        for hours in range(0, 96, 12):
            world.now = NOW + hours * HOUR
            world.tick()
            assert said(world, 2) == {"GOOD"}
            seen.append((said(world, 1).pop(), stored(world)))
    assert seen[0] == ("GOOD", 4)
    assert seen[-1] == ("UNAUTHORIZED", 2)
    statuses = [status for status, _ in seen]
    assert statuses == sorted(statuses, key=["GOOD", "TRY_LATER", "UNAUTHORIZED"].index)
    assert statuses.count("GOOD") <= 4  # the last one begins before the end of the first day, and lives for another


def test_responses_of_an_issuer_that_has_expired_are_dropped_from_the_store(tmp_path: Path) -> None:
    """Nothing is signed any more that would be the occasion: the publisher does it by itself."""
    estate = Estate.build(
        tmp_path, authority=Authority(not_before=NOW - DAY, days=3), public="[public.ocsp]\nslices = 2"
    )
    estate.register(estate.signer(), [1, 2, 3])
    with World(estate) as world:
        for days in (0, 1):
            world.now = NOW + days * DAY
            world.tick()
        world.now = NOW + 47 * HOUR
        assert said(world, 1) == {"GOOD"}
        world.now = NOW + 4 * DAY
        world.publish()
        assert said(world, 1) == {"UNAUTHORIZED"}
        assert stored(world) == 0
