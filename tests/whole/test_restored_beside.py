"""Ledger, exchange and publisher restored from copies, each beside what is newer: no CRL goes back, none forgets."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.errors import TargetError
from revocation.messages import Outcome, Release, Verb
from revocation.status import Reason, Revocation
from signer.handle import handle
from signer.importers.entry import ImportEntry
from tests.authority import NOW
from tests.estate import Estate
from tests.whole.test_restored import serials
from tests.whole.world import World

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HOLD = Revocation(NOW - HOUR, Reason.certificateHold)


def release(world: World, serial: int) -> None:
    """Release a hold, as the operator."""
    message = world.estate.ask(Verb.RELEASE, Release(issuer="test", serial=f"{serial:02X}"), world.now)
    assert handle(world.signer, message, fixed(world.now)).outcome is Outcome.DONE


def with_old_ledger(world: World, copy: Path) -> World:
    """An hour later, with an empty exchange and the ledger of the copy."""
    world.close()
    world.estate.restore_ledger(copy)
    return World(world.estate, world.now + HOUR)


def lacking(world: World) -> list[str]:
    """Why CRLs were refused that lack something."""
    return [one.reason for one in world.statuses()[0].set_aside if "lacks 1 serials" in one.reason]


def test_old_move_and_old_release_do_not_explain_that_a_crl_of_everything_forgets(tmp_path: Path) -> None:
    """Nothing moves off a CRL of everything, and what was revoked for good later was not released by that."""
    with World(Estate.build(tmp_path / "estate")) as world:
        estate = world.estate
        seen = ImportEntry(b"\x03", NOW + 99 * DAY, False, HOLD, None, "index", says_kind=False)
        estate.import_(world.signer, [seen])
        estate.register(world.signer, [7])
        world.tick()
        world.now += HOUR
        known = ImportEntry(b"\x03", NOW + 99 * DAY, True, HOLD, b"its certificate", "3.pem")
        estate.import_(world.signer, [known], world.now)
        release(world, 3)
        world.tick()
        world.now += HOUR
        estate.copy_ledger(tmp_path / "copy")
        world.revoke(3)
        world.tick()
        assert serials(world) == {3}
        with with_old_ledger(world, tmp_path / "copy") as restored:
            restored.revoke(7)
            restored.tick()
            assert serials(restored) == {3}
            assert len(lacking(restored)) == 1


@pytest.mark.parametrize(
    "public",
    ["", 'crl = { scopes = ["user"], lists = { urgent = { scope = "user", only_some_reasons = ["keyCompromise"] } } }'],
    ids=["all", "user"],
)
def test_release_is_not_believed_against_what_ocsp_says_since(tmp_path: Path, public: str) -> None:
    """Also where no other CRL of the issuer could list it: OCSP had it revoked for good before the ledger went back."""
    with World(Estate.build(tmp_path / "estate", public=public)) as world:
        estate = world.estate
        estate.register(world.signer, [3, 4])
        world.revoke(3, "certificateHold")
        world.tick()
        world.now += HOUR
        release(world, 3)
        world.look()
        estate.copy_ledger(tmp_path / "copy")
        world.now += HOUR
        world.revoke(3, "superseded")
        world.look()
        web, aside = estate.folder / "public", tmp_path / "aside"
        web.rename(aside)
        web.write_text("no folder")
        with pytest.raises(TargetError):
            world.publish()
        web.unlink()
        aside.rename(web)
        assert (world.ocsp(3).status, serials(world)) == ("REVOKED", {3})
        with with_old_ledger(world, tmp_path / "copy") as restored:
            restored.revoke(4, "superseded")
            restored.tick()
            assert serials(restored) == {3}
            assert lacking(restored)


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[World]:
    """Serial 2 was revoked and published after copies of ledger, exchange and the publisher's state were taken."""
    with World(Estate.build(tmp_path / "estate")) as world:
        folder = world.estate.folder
        world.estate.register(world.signer, [1, 2, 3])
        world.revoke(1)
        world.tick()
        world.now += HOUR
        world.estate.copy_ledger(tmp_path / "copy")
        for room in ("publisher", "exchange"):
            shutil.copytree(folder / room, tmp_path / room)
        world.revoke(2)
        world.tick()
        assert serials(world) == {1, 2}
        yield world


def put_back(world: World, tmp_path: Path, *rooms: str) -> None:
    """Those folders are as they were when the copies were taken."""
    world.close()
    for room in rooms:
        shutil.rmtree(world.estate.folder / room, ignore_errors=True)
        shutil.copytree(tmp_path / room, world.estate.folder / room)


def test_publisher_restored_beside_newer_files_puts_no_older_crl(copied: World, tmp_path: Path) -> None:
    """What the web root shows counts, when its number is higher than what the restored state knows of."""
    before = copied.crl()
    put_back(copied, tmp_path, "publisher", "exchange")
    with World(copied.estate, copied.now) as world:
        world.publish()
        assert world.crl() == before
        world.now += timedelta(seconds=1)
        world.tick()
        assert serials(world) == {1, 2}


def test_everything_restored_beside_newer_files_forgets_nothing(copied: World, tmp_path: Path) -> None:
    """Ledger, exchange and state are of the same moment, and nothing but the web root knows better."""
    copied.close()
    copied.estate.restore_ledger(tmp_path / "copy")
    put_back(copied, tmp_path, "publisher", "exchange")
    with World(copied.estate, copied.now + HOUR) as world:
        world.revoke(3)
        world.tick()
        assert serials(world) == {1, 2}
        assert len(lacking(world)) == 1


def test_crl_of_another_form_is_held_against_what_is_served_when_the_state_is_lost(
    copied: World, tmp_path: Path
) -> None:
    """The state lost, a ledger restored and delta CRLs switched on at once: what was served is not forgotten."""
    copied.close()
    estate = copied.estate
    estate.restore_ledger(tmp_path / "copy")
    shutil.rmtree(estate.folder / "publisher")
    file = estate.folder / "revocast.toml"
    file.write_text(file.read_text().replace("[[public.issuers]]", '[public.crl]\ndelta = "4h"\n[[public.issuers]]', 1))
    with World(estate, copied.now + HOUR) as world:
        world.revoke(3)
        world.tick()
        assert serials(world) == {1, 2}
        assert len(lacking(world)) == 1
