"""What a lost ledger leaves unsure: what nobody handed over, what others signed, and a key that outlived it."""

import shutil
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.errors import Refused, RevocastError
from signer.ledger import facts
from signer.ledger.continuity import Unreconciled
from signer.look import look
from tests.authority import NOW, Authority
from tests.building.recovery import back_up, reconcile_with
from tests.estate import Estate
from tests.whole.reconciling import DAY, HOUR, MINUTE, SECOND, STATUS, from_backup, from_nothing, lived, number, seen
from tests.whole.world import World

__all__ = ["lived"]


def test_crl_that_is_older_than_those_of_the_backup_is_not_taken_for_the_last(tmp_path: Path) -> None:
    """A file of an old mirror: what was revoked since the backup stands on a later one, which is to be fetched."""
    with World(Estate.build(tmp_path / "estate", authority=Authority(days=7300))) as world:
        estate = world.estate
        estate.register(world.signer, range(1, 4))
        (file,) = files = [estate.folder / "old.crl"]
        crls = []
        for serial in (1, 2, 3):
            world.now += HOUR
            world.revoke(serial, "superseded")
            world.tick()
            crls.append((world.root / f"crl/{world.issuer.id}/all.crl").read_bytes())
            if serial == 2:
                back_up(estate, world.now)
    from_backup(estate, world.now)
    shutil.rmtree(estate.folder / "exchange")
    signer = estate.signer(world.now)
    file.write_bytes(crls[0])
    with pytest.raises(Refused, match="the newest that was found is number") as told:
        reconcile_with(estate, signer, world.now, *files)
    assert "--without test/all" in str(told.value.advice)
    file.write_bytes(crls[2])
    assert reconcile_with(estate, signer, world.now, *files).recorded == 1


def test_crl_that_nobody_handed_over_is_asked_for(lived: World) -> None:
    """It may list what nothing else says; an operator can say that there is none."""
    lived.close()
    estate = lived.estate
    from_backup(estate, lived.now)
    shutil.rmtree(estate.folder / "exchange")
    signer = estate.signer(lived.now)
    with pytest.raises(Refused, match="not found among what is published") as told:
        reconcile_with(estate, signer, lived.now)
    assert "--without test/all" in str(told.value.advice)
    with pytest.raises(Unreconciled):
        look(signer, fixed(lived.now))
    reconcile_with(estate, signer, lived.now, without=["test/all"])
    assert look(signer, fixed(lived.now + SECOND)).made


def test_what_the_issuer_did_not_sign_says_nothing(lived: World, tmp_path: Path) -> None:
    """Somebody who can write to the exchange has nobody revoked, and nobody released."""
    lived.close()
    forger = World(Estate.build(tmp_path / "forger", authority=Authority(days=7300)), lived.now)
    forger.estate.register(forger.signer, range(1, 9), lived.now)
    forger.revoke(8, "keyCompromise")
    forger.tick()
    forger.close()
    from_backup(lived.estate, lived.now)
    with World(lived.estate, lived.now) as world:
        summary = reconcile_with(world.estate, world.signer, world.now, forger.root)
        assert summary.ignored > 0
        world.now += SECOND
        world.tick()
        world.now += SECOND
        world.tick()
        assert seen(world) == STATUS


def test_number_of_another_system_is_not_lost_with_the_ledger(tmp_path: Path) -> None:
    """Imported from a CA that counted far ahead: a number that time alone would give is too low."""
    world = World(Estate.build(tmp_path / "estate"))
    world.estate.import_(world.signer, [], world.now, crl_number=1 << 80)
    world.tick()
    last = number(world)
    assert last > 1 << 80
    world.close()
    from_nothing(world.estate, world.now + MINUTE)
    with World(world.estate, world.now + MINUTE) as after:
        reconcile_with(after.estate, after.signer, after.now)
        after.now += SECOND
        after.tick()
        assert number(after) > last


def test_responder_key_that_outlived_the_ledger_signs_on_or_is_destroyed(lived: World) -> None:
    """Where the CA key is away nobody could certify another; what was never certified must not lie there."""
    lived.close()
    estate = lived.estate
    kept = estate.folder / "kept"
    shutil.copytree(estate.folder / "signer/keys", kept)
    from_nothing(estate, lived.now)
    (estate.folder / "ca.key").rename(estate.folder / "away.key")
    shutil.copytree(kept, estate.folder / "signer/keys", dirs_exist_ok=True)
    stray = estate.folder / "signer/keys/00000000deadbeef.pem"
    stray.write_bytes(b"damaged")
    stray.chmod(0o600)
    with World(estate, lived.now) as world:
        reconcile_with(estate, world.signer, world.now)
        world.now += SECOND
        report = look(world.signer, fixed(world.now))
        assert not stray.exists()
        assert {file.name for file in kept.iterdir()} == {f.name for f in (estate.folder / "signer/keys").iterdir()}
        assert any("ocsp slice" in made for made in report.made)


def test_requester_who_may_not_import_may_not_reconcile(lived: World) -> None:
    """It changes facts; who may only release something may not."""
    lived.close()
    estate = lived.estate
    from_backup(estate, lived.now)
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('"discard", "import"]', '"discard"]'))
    with pytest.raises(RevocastError, match="may not import"):
        reconcile_with(estate, estate.signer(lived.now), lived.now)


def test_certificate_of_the_lost_hours_learns_its_expiry_from_an_import(lived: World) -> None:
    """What is published does not say it; until then it counts as one that does not expire."""
    lived.close()
    from_backup(lived.estate, lived.now)
    signer = lived.estate.signer(lived.now)
    assert reconcile_with(lived.estate, signer, lived.now).registered == 1
    lived.estate.register(signer, [8], lived.now)
    (profile,) = signer.public.profiles.values()
    with signer.ledger.read() as connection:
        found = facts.find(connection, profile.issuer, b"\x08")
    assert found is not None
    assert found.not_after == NOW + 365 * DAY
