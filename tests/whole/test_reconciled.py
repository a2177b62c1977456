"""A ledger that was lost, and came back older or empty: what was published is in it again, and nothing goes back."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from revocation.clock import fixed
from revocation.errors import Refused, RevocastError
from revocation.messages import Excuse, Message, Outcome, Release, Verb
from signer.handle import handle
from signer.ledger import continuity, facts
from signer.ledger.continuity import Unreconciled
from signer.look import look
from signer.produce import ForeignBundle
from tests.authority import NOW, Authority
from tests.building.recovery import back_up, lose_ledger, reconcile_with, restore, signer_config
from tests.estate import Estate
from tests.whole.test_discard import release
from tests.whole.world import World

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STATUS = {1: "REVOKED", 2: "REVOKED", 3: "REVOKED", 4: "GOOD", 5: "REVOKED", 6: "REVOKED", 7: "GOOD", 8: "GOOD"}
"""After everything that `lived` does: what relying parties have seen, and must go on to see."""


@pytest.fixture
def lived(tmp_path: Path) -> World:
    """An installation that was backed up, and lived on for twelve hours before its ledger is lost."""
    world = World(Estate.build(tmp_path / "estate", authority=Authority(days=7300)))
    world.estate.register(world.signer, range(1, 8))
    for serial, reason in ((1, "superseded"), (4, "certificateHold"), (5, "unspecified"), (6, "certificateHold")):
        world.revoke(serial, reason)
    world.tick()
    back_up(world.estate, world.now)
    world.now += HOUR
    world.revoke(2, "keyCompromise")
    world.revoke(3, "certificateHold")
    world.tick()
    world.now += 10 * HOUR
    assert release(world, 4).outcome is Outcome.DONE
    assert release(world, 6).outcome is Outcome.DONE
    world.tick()
    world.now += MINUTE
    world.revoke(6, "affiliationChanged")
    world.revoke(7, "certificateHold")
    world.tick()
    world.now += MINUTE
    assert release(world, 7).outcome is Outcome.DONE
    world.estate.register(world.signer, [8], world.now)
    world.tick()
    world.now += MINUTE
    assert seen(world) == STATUS
    return world


def seen(world: World) -> dict[int, str]:
    """What OCSP says of each certificate; the CRL has to say the same."""
    said = {serial: world.ocsp(serial).status for serial in STATUS}
    assert world.crl_serials() == {serial for serial, status in said.items() if status == "REVOKED"}
    return said


def entries(world: World) -> dict[int, tuple[datetime, str]]:
    """Date and reason of each entry of the CRL."""
    crl = world.crl()
    assert crl is not None
    return {entry.serial_number: (entry.revocation_date_utc, _reason(entry)) for entry in crl}


def _reason(entry: x509.RevokedCertificate) -> str:
    found = [extension.value for extension in entry.extensions if isinstance(extension.value, x509.CRLReason)]
    return found[0].reason.value if found else "unspecified"


def number(world: World) -> int:
    """Of the CRL that is served."""
    crl = world.crl()
    assert crl is not None
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def from_backup(estate: Estate, now: datetime) -> None:
    """The ledger of twelve hours ago."""
    lose_ledger(estate)
    (backup,) = (estate.folder / "backups").iterdir()
    restore(estate, backup, now)


def from_nothing(estate: Estate, now: datetime) -> None:
    """An empty one, as `ledger rebuild` begins it."""
    lose_ledger(estate)
    with estate.signer(now).ledger.write() as connection:
        continuity.note_restored(connection, now, "made anew")


def with_exchange(estate: Estate) -> tuple[Path, ...]:
    """The exchange is there, and tells everything."""
    return ()


def with_web_root_alone(estate: Estate) -> tuple[Path, ...]:
    """The exchange is lost too."""
    shutil.rmtree(estate.folder / "exchange")
    return (estate.folder / "public/www",)


@pytest.mark.parametrize("ledger", [from_backup, from_nothing])
@pytest.mark.parametrize("left", [with_exchange, with_web_root_alone])
def test_what_was_published_is_known_again_and_nothing_goes_back(
    lived: World,
    ledger: Callable[[Estate, datetime], None],
    left: Callable[[Estate], tuple[Path, ...]],
) -> None:
    """Revoked stays revoked, with its date and reason; numbers rise; the gate has nothing to refuse."""
    before, last, estate = entries(lived), number(lived), lived.estate
    highest = max(stored.name for stored in lived.signer.exchange.list())
    lived.close()
    ledger(estate, lived.now)
    paths = left(estate)
    with World(estate, lived.now) as world:
        with pytest.raises(Unreconciled):
            look(world.signer, fixed(world.now))
        reconcile_with(estate, world.signer, world.now, *paths)
        estate.register(world.signer, range(1, 9), world.now)
        world.now += SECOND
        world.tick()
        world.now += SECOND
        world.tick()
        assert min(stored.name for stored in world.signer.exchange.list() if "-crl-" in stored.name) > highest
        assert entries(world) == before
        assert number(world) > last
        assert {serial: world.ocsp(serial).status for serial in STATUS} == STATUS
        assert [refused.reason for status in world.statuses() for refused in status.set_aside] == []
        world.revoke(4, "keyCompromise")
        world.now += SECOND
        world.tick()
        assert world.ocsp(4).status == "REVOKED"
        assert 4 in world.crl_serials()


def test_no_revision_of_before_is_used_again(lived: World) -> None:
    """Whoever waits for a revision would take what was published before for what he waits for.

    Not every revision leaves a fact that can be learned again.
    """
    for _ in range(12):
        body = Excuse(issuer="test", serials=("63",), why="it was never issued")
        assert handle(lived.signer, lived.estate.ask(Verb.EXCUSE, body, lived.now), fixed(lived.now)).revision
    lived.tick()
    lived.now += MINUTE
    published = max(row.revision for status in lived.statuses() for row in (*status.crls, *status.slices))
    lived.close()
    from_backup(lived.estate, lived.now)
    with World(lived.estate, lived.now) as world:
        reconcile_with(world.estate, world.signer, world.now)
        assert world.revoke(8) > published


def test_message_of_before_does_nothing_though_its_id_was_forgotten(lived: World) -> None:
    """7 was held again after its release: who replays the release must not release it once more."""
    body = Release(issuer="test", serial="07")
    hold = lived.estate.revoke(7, "certificateHold", lived.now)
    assert handle(lived.signer, hold, fixed(lived.now)).outcome is Outcome.DONE
    old = lived.estate.ask(Verb.RELEASE, body, lived.now)
    assert handle(lived.signer, old, fixed(lived.now)).outcome is Outcome.DONE
    lived.now += SECOND
    again = lived.estate.revoke(7, "certificateHold", lived.now)
    assert handle(lived.signer, again, fixed(lived.now)).outcome is Outcome.DONE
    lived.tick()
    lived.now += MINUTE
    lived.close()
    from_backup(lived.estate, lived.now)
    with World(lived.estate, lived.now) as world:
        reconcile_with(world.estate, world.signer, world.now)
        for replayed in (old, hold, again):
            with pytest.raises(Refused, match="before the ledger was restored"):
                handle(world.signer, replayed, fixed(world.now + SECOND))
        fresh = world.estate.ask(Verb.RELEASE, body, world.now + SECOND, id_=old.id)
        assert handle(world.signer, fresh, fixed(world.now + SECOND)).outcome is Outcome.DONE


def test_message_that_the_backup_remembers_is_answered_with_the_same_words(tmp_path: Path) -> None:
    """Who asked before the backup, and asks again, is not told that it is unknown."""
    estate = Estate.build(tmp_path)
    signer = estate.signer()
    estate.register(signer, [1])
    asked: Message = estate.revoke(1)
    reply = handle(signer, asked, fixed(NOW))
    look(signer, fixed(NOW))
    backup = back_up(estate, NOW)
    signer.ledger.close()
    lose_ledger(estate)
    restored = restore(estate, backup, NOW + MINUTE)
    reconcile_with(estate, restored, NOW + MINUTE)
    assert handle(restored, asked, fixed(NOW + MINUTE)) == reply


def test_database_that_lost_its_last_transactions_is_reconciled_as_it_is(lived: World) -> None:
    """A standby that was promoted: nobody restored anything, and the exchange is ahead of it."""
    lived.close()
    estate = lived.estate
    (backup,) = (estate.folder / "backups").iterdir()
    lose_ledger(estate)
    (estate.folder / "signer").mkdir()
    shutil.copy(backup / "ledger.sqlite", signer_config(estate).ledger)
    with World(estate, lived.now) as world:
        with pytest.raises(ForeignBundle, match="ledger reconcile"):
            look(world.signer, fixed(world.now))
        reconcile_with(estate, world.signer, world.now)
        world.now += SECOND
        world.tick()
        world.now += SECOND
        world.tick()
        assert seen(world) == STATUS


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
