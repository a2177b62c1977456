"""From a response for each hash to one signature for both, and back: signer, gate, store and responder together."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import lmdb
import pytest

from revocation.store import RESPONSES_DATABASE
from tests.authority import NOW
from tests.estate import Estate
from tests.whole.world import HASHES, World

SECOND = timedelta(seconds=1)
SEPARATE, TOGETHER = "one_signature = false", "one_signature = true"
OCTETS = {SEPARATE: {1: 3, 2: 3}, TOGETHER: {0: 3}}


def octets(world: World) -> dict[int, int]:
    """How many responses there are for each hash octet."""
    world.close()
    with lmdb.open(str(world.estate.folder / "store"), readonly=True, max_dbs=4) as env:
        database = env.open_db(RESPONSES_DATABASE, create=False)
        with env.begin(db=database) as txn:
            return dict(Counter(bytes(key)[4] for key, _ in txn.cursor()))


@contextmanager
def configured(estate: Estate, before: str, now: int, after: str) -> Iterator[World]:
    """The installation with another form, seconds after its start, when it has looked once."""
    path = estate.folder / "revocast.toml"
    path.write_text(path.read_text().replace(before, after))
    with World(estate, NOW + now * SECOND) as world:
        world.tick()
        yield world


def said(world: World, serial: int) -> set[str]:
    """What is answered, by either hash."""
    return {world.ocsp(serial, hash_).status for hash_ in HASHES}


@pytest.mark.parametrize(("first", "second"), [(SEPARATE, TOGETHER), (TOGETHER, SEPARATE)])
def test_form_that_is_configured_anew_is_there_at_the_next_look(tmp_path: Path, first: str, second: str) -> None:
    """Every response of the old form is gone from the store, both hashes are answered by new ones, and nothing is left
    to do; revocations go on in partial bundles, and back in the old form it is the same.
    """
    estate = Estate.build(tmp_path, public=f"[public.ocsp]\n{first}")
    estate.register(estate.signer(), (1, 2, 3))
    with configured(estate, first, 0, first) as world:
        world.revoke(3)
        world.now += SECOND
        world.tick()
        assert octets(world) == OCTETS[first]
    for seconds, before, form in ((10, first, second), (20, second, first)):
        with configured(estate, before, seconds, form) as world:
            assert octets(world) == OCTETS[form]
            assert [said(world, serial) for serial in (1, 2, 3)] == [{"GOOD"}, {"GOOD"}, {"REVOKED"}]
            assert {world.ocsp(1, hash_).this_update for hash_ in HASHES} == {world.now}
            kept = [stored.name for stored in world.signer.exchange.list()]
            world.now += SECOND
            world.tick()
            assert [stored.name for stored in world.signer.exchange.list()] == kept
    with configured(estate, first, 30, second) as world:
        world.revoke(1)
        world.now += SECOND
        world.tick()
        assert octets(world) == OCTETS[second]
        assert [said(world, serial) for serial in (1, 2, 3)] == [{"REVOKED"}, {"GOOD"}, {"REVOKED"}]
