"""A ledger that was restored from an old copy: nothing that was published is forgotten by CRLs, whatever it lost."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.messages import Excuse, Outcome, Verb
from signer.handle import handle
from signer.importers.detect import read_source
from tests.authority import NOW
from tests.estate import Estate
from tests.whole.world import World

MINUTE = timedelta(minutes=1)


def restored(tmp_path: Path, public: str) -> World:
    """Serial 5 was revoked and published, then an old ledger put back and the exchange emptied; 6 is revoked now."""
    estate = Estate.build(tmp_path / "estate", public=public)
    copy = tmp_path / "copy.sqlite"
    world = World(estate)
    estate.register(world.signer, range(1, 9))
    world.tick()
    estate.copy_ledger(copy)
    world.now += MINUTE
    world.revoke(5)
    world.tick()
    assert serials(world) == {5}
    world.close()
    estate.restore_ledger(copy)
    world = World(estate, NOW + timedelta(days=3))
    world.revoke(6)
    return world


def serials(world: World) -> set[int]:
    """What all CRLs that lie in the web root list."""
    from cryptography import x509

    files = (world.root / "crl").rglob("*.crl")
    return {entry.serial_number for file in files for entry in x509.load_der_x509_crl(file.read_bytes())}


def reimport(world: World) -> None:
    """Import the CRL that is published: what the operator is advised to do."""
    for file in (world.root / "crl").rglob("*.crl"):
        source = read_source(file, world.issuer, None)
        world.estate.import_(world.signer, list(source.entries), world.now, crl_number=source.crl_number)


def excuse(world: World) -> None:
    """Say that it may be missing."""
    body = Excuse(issuer="test", serials=("05",), why="the old key was burnt")
    reply = handle(world.signer, world.estate.ask(Verb.EXCUSE, body, world.now), fixed(world.now))
    assert reply.outcome is Outcome.DONE


@pytest.mark.long
@pytest.mark.parametrize("public", ["", 'crl = { scopes = ["ca", "user"] }', 'crl = { scopes = ["user"] }'])
@pytest.mark.parametrize(("remedy", "listed"), [(reimport, {5, 6}), (excuse, {6})], ids=["import", "excuse"])
def test_crl_that_forgot_something_is_refused_until_an_operator_says_what_holds(
    tmp_path: Path, public: str, remedy: Callable[[World], None], listed: set[int]
) -> None:
    """However long ago it was, in every scope: the CRL of before stays, and both remedies lead on."""
    world = restored(tmp_path, public)
    for _ in range(4):
        world.tick()
        assert serials(world) == {5}
        world.now += timedelta(hours=13)
    files = world.statuses()[0]
    assert any("lacks 1 serials (05)" in refused.reason for refused in files.set_aside)
    remedy(world)
    world.tick()
    assert serials(world) == listed
    world.now += timedelta(hours=13)
    world.tick()
    assert serials(world) == listed
