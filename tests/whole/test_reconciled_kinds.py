"""A ledger that was lost where CRLs are for users and CAs apart, with deltas: each entry comes back to its own."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from revocation.errors import InputError
from signer.recovery.reconcile import Summary
from tests.authority import Authority
from tests.building.recovery import back_up, reconcile_with
from tests.estate import Estate
from tests.whole.reconciling import from_backup, from_nothing
from tests.whole.test_discard import release
from tests.whole.world import World

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
PUBLIC = '[public.crl]\nscopes = ["user", "ca"]\nexpires = "1d"\ndelta = "4h"\n'


@pytest.fixture
def lived(tmp_path: Path) -> World:
    """Users 1 to 4 and the CAs 11 and 12; backed up before 2 and 12 were revoked, and 3 was released."""
    world = World(Estate.build(tmp_path / "estate", authority=Authority(days=7300), public=PUBLIC))
    world.estate.register(world.signer, [1, 2, 3, 4])
    world.estate.register(world.signer, [11, 12], is_ca=True)
    world.revoke(1, "superseded")
    world.revoke(3, "certificateHold")
    world.revoke(11, "cACompromise")
    world.tick()
    world.now += SECOND
    world.tick()
    back_up(world.estate, world.now)
    world.now += HOUR
    world.revoke(2, "keyCompromise")
    world.revoke(12, "cACompromise")
    assert release(world, 3).outcome == "done"
    for _ in range(3):
        world.tick()
        world.now += SECOND
    assert listed(world) == {"user": {1, 2}, "ca": {11, 12}}
    return world


def listed(world: World) -> dict[str, set[int]]:
    """The serials of each complete CRL that is served."""
    folder = world.root / "crl" / world.issuer.id
    return {
        scope: {e.serial_number for e in x509.load_der_x509_crl((folder / f"{scope}.crl").read_bytes())}
        for scope in ("user", "ca")
    }


@pytest.mark.parametrize("ledger", [from_backup, from_nothing])
def test_each_kind_comes_back_to_its_own_crl(lived: World, ledger: Callable[[Estate, datetime], None]) -> None:
    """The CRL on which it stood says its kind; nothing is refused by the gate, deltas included."""
    estate = lived.estate
    lived.close()
    ledger(estate, lived.now)
    with World(estate, lived.now) as world:
        summary: Summary = reconcile_with(estate, world.signer, world.now)
        assert summary.contradictions == summary.on_hold == []
        for _ in range(4):
            world.now += SECOND
            world.tick()
        assert listed(world) == {"user": {1, 2}, "ca": {11, 12}}
        assert [refused.reason for status in world.statuses() for refused in status.set_aside] == []
        assert {serial: world.ocsp(serial).status for serial in (1, 2, 3, 4, 11, 12)} == {
            **dict.fromkeys((1, 2, 11, 12), "REVOKED"),
            **dict.fromkeys((3, 4), "GOOD"),
        }


def test_what_is_good_and_of_no_known_kind_waits_for_an_import(lived: World) -> None:
    """Taken for a user's, a CA's certificate would be missing on the CRL for CAs once it is revoked."""
    estate = lived.estate
    lived.close()
    from_nothing(estate, lived.now)
    with World(estate, lived.now) as world:
        summary = reconcile_with(estate, world.signer, world.now)
        assert "test: 04" in summary.unregistered
        with pytest.raises(AssertionError, match="is not known to the ledger"):
            world.revoke(4)
        estate.register(world.signer, [4], world.now)
        world.revoke(4)
        world.now += SECOND
        world.tick()
        assert listed(world)["user"] == {1, 2, 4}


@pytest.mark.long
def test_revoked_certificate_of_no_known_kind_is_not_guessed(lived: World) -> None:
    """Where OCSP alone speaks of it: an import has to say it first, and then it is reconciled; 3 was on hold once."""
    estate = lived.estate
    lived.close()
    from_nothing(estate, lived.now)
    for bundle in (estate.folder / "exchange").glob("*-crl-*"):
        bundle.unlink()
    without = ["test/user", "test/ca"]
    with World(estate, lived.now) as world:
        with pytest.raises(InputError, match="nobody says whether serial"):
            reconcile_with(estate, world.signer, world.now, without=without)
        estate.register(world.signer, [1, 2, 3, 4], world.now)
        estate.register(world.signer, [11, 12], world.now, is_ca=True)
        assert reconcile_with(estate, world.signer, world.now, without=without).recorded == 5
