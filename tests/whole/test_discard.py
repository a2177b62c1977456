"""Clocks that ran ahead: what was signed and published then is taken back, and nothing waits for that time."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import select

from revocation.clock import fixed
from revocation.messages import Discard, Outcome, Release, Reply, Verb
from signer.handle import handle
from signer.ledger.schema import audit
from signer.look import look
from tests.authority import NOW, Authority
from tests.estate import Estate
from tests.signer.reading import names
from tests.whole.world import World

HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
SECOND = timedelta(seconds=1)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """1 is revoked, 2 to 4 are good; all of it published an hour ago."""
    estate = Estate.build(tmp_path / "e", authority=Authority(days=7300), public="[public.ocsp]\nslices = 2\n")
    world = World(estate)
    estate.register(world.signer, [1, 2, 3, 4], not_after=NOW + 5 * YEAR)
    world.revoke(1)
    world.tick()
    world.now += HOUR
    return world


def jump(world: World, revoked: int | None = None) -> None:
    """The signer's clock alone is a year ahead for a look."""
    ahead = world.now + YEAR
    if revoked:
        message = world.estate.revoke(revoked, "superseded", ahead)
        assert handle(world.signer, message, fixed(ahead)).outcome is Outcome.DONE
    report = look(world.signer, fixed(ahead))
    assert (report.problems, bool(report.made)) == ([], True)


def release(world: World, serial: int) -> Reply:
    """As the operator."""
    body = Release(issuer="test", serial=f"{serial:02X}")
    return handle(world.signer, world.estate.ask(Verb.RELEASE, body, world.now), fixed(world.now))


def discard(world: World) -> Reply:
    """As the command asks."""
    body = Discard(issuer="test", why="the clock of the signer jumped")
    return handle(world.signer, world.estate.ask(Verb.DISCARD, body, world.now), fixed(world.now))


def test_jump_of_the_signers_clock_locks_nothing_once_discarded(world: World) -> None:
    """Before, nothing can be signed, and it is said why; after, all is renewed, with numbers above the taken ones."""
    jump(world)
    world.publish()
    world.revoke(2)
    report = look(world.signer, fixed(world.now))
    assert [made for made in report.made if "responder certificate" not in made] == []
    assert all("`revocast discard --issuer test`" in (problem.advice or "") for problem in report.problems)
    reply = discard(world)
    told = "1 CRLs, 2 bundles of OCSP responses and 1 responder certificates of test discarded"
    assert (reply.outcome, told in reply.detail) == (Outcome.DONE, True), reply
    world.tick()
    assert world.crl_serials() == {1, 2}
    assert [world.ocsp(serial).status for serial in (1, 2, 3)] == ["REVOKED", "REVOKED", "GOOD"]
    crl = world.crl()
    assert crl is not None
    assert crl.last_update_utc == world.now
    numbers = [int(row.number) for status in world.statuses() for row in status.crls]
    assert min(numbers) > (world.now + YEAR).timestamp()
    assert not set(reply.data["discarded"]) & set(names(world.signer))


def test_responder_key_of_a_clock_that_ran_ahead_is_told_discarded_and_destroyed(world: World) -> None:
    """Its certificate is good in a year, and it would lie there for whoever takes it. Both acts are audited."""
    keys = world.estate.folder / "signer/keys"
    jump(world)
    (ahead,) = {key.name for key in keys.glob("*.pem")}
    report = look(world.signer, fixed(world.now))
    (told,) = (problem for problem in report.problems if f"responder key {ahead}" in problem.what)
    assert "`revocast discard --issuer test`" in (told.advice or "")
    assert discard(world).outcome is Outcome.DONE
    report = look(world.signer, fixed(world.now))
    assert (report.problems, ahead in {key.name for key in keys.glob("*.pem")}) == ([], False)
    with world.signer.ledger.read() as connection:
        acts = [row.action for row in connection.execute(select(audit).where(audit.c.detail.contains(ahead)))]
    assert acts == ["sign responder certificate", "discard responder certificate", "destroy responder key"]
    assert world.ocsp(2).status == "GOOD"


def test_responder_key_alone_is_discarded_too(world: World) -> None:
    """Nothing else was signed ahead; and no key that the right clock made goes."""
    mine = {key.name for key in (world.estate.folder / "signer/keys").glob("*.pem")}
    look(world.signer, fixed(world.now + 6 * DAY + 2 * HOUR), [Verb.GENERATE_OCSP_KEYS])
    assert discard(world).outcome is Outcome.DONE
    assert look(world.signer, fixed(world.now)).problems == []
    assert {key.name for key in (world.estate.folder / "signer/keys").glob("*.pem")} == mine


def test_what_was_revoked_by_the_clock_that_ran_ahead_is_revoked_now(world: World) -> None:
    """Its date has not come, and no CRL can say it before; its time of recording is not known any better."""
    jump(world, revoked=3)
    assert discard(world).outcome is Outcome.DONE
    world.tick()
    crl = world.crl()
    assert crl is not None
    entry = crl.get_revoked_certificate_by_serial_number(3)
    assert entry is not None
    assert entry.revocation_date_utc == world.now
    assert world.ocsp(3).status == "REVOKED"


def test_what_was_published_by_a_clock_that_ran_ahead_is_replaced_at_once(world: World) -> None:
    """The whole machine woke up in another year: nobody can rely on what it published, and that lasts for no year."""
    before = world.now
    world.now += YEAR
    world.revoke(2)
    world.tick()
    world.now = before + HOUR
    world.revoke(3)
    report = look(world.signer, fixed(world.now))
    assert any("crl all was signed" in problem.what for problem in report.problems)
    assert discard(world).outcome is Outcome.DONE
    world.tick()
    assert world.crl_serials() == {1, 2, 3}
    assert [world.ocsp(serial).status for serial in (2, 3)] == ["REVOKED", "REVOKED"]
    world.now += timedelta(seconds=1)  # what changed came first, by itself
    world.tick()
    assert [world.ocsp(serial).status for serial in (1, 2, 3, 4)] == ["REVOKED", "REVOKED", "REVOKED", "GOOD"]
    assert all(status.set_aside == [] for status in world.statuses())
    world.now += HOUR
    world.revoke(4)
    world.tick()
    assert world.crl_serials() == {1, 2, 3, 4}
    assert world.ocsp(4).status == "REVOKED"
    rows = [row for status in world.statuses() for row in (*status.crls, *status.slices)]
    assert all(row.this_update <= world.now for row in rows)


def test_bundle_of_before_does_not_come_back_over_what_ran_ahead(world: World, tmp_path: Path) -> None:
    """An old copy of the exchange, when only the numbers tell what is newer: it has the lower ones."""
    shutil.copytree(world.estate.folder / "exchange", tmp_path / "old")
    before = world.now
    world.now += YEAR
    world.revoke(2)
    world.tick()
    world.now = before + HOUR
    shutil.rmtree(world.estate.folder / "exchange")
    shutil.copytree(tmp_path / "old", world.estate.folder / "exchange")
    world.publish()
    served = world._http.get(f"/crl/{world.issuer.id}/all.crl", buffered=True).data
    assert {entry.serial_number for entry in x509.load_der_x509_crl(served)} == {1, 2}
    assert world.ocsp(2).status in ("TRY_LATER", "REVOKED")


def test_what_the_right_clock_signed_is_not_taken_back(world: World) -> None:
    """Nothing is ahead: refused, and the next look finds everything as it was."""
    world.look()
    reply = discard(world)
    assert (reply.outcome, "nothing was signed for later than" in reply.detail) == (Outcome.REFUSED, True)
    assert not look(world.signer, fixed(world.now)).made


def test_bundles_that_could_not_be_removed_leave_with_the_next_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange is away for a moment: what is recorded counts."""
    jump(world)
    with monkeypatch.context() as patch:
        patch.setattr(type(world.signer.exchange), "remove", lambda *_: (_ for _ in ()).throw(OSError("away")))
        reply = discard(world)
    assert reply.outcome is Outcome.DONE
    assert set(reply.data["discarded"]) & set(names(world.signer))
    world.tick()
    assert not set(reply.data["discarded"]) & set(names(world.signer))
    assert world.crl_serials() == {1}


def test_backdated_crls_of_the_last_hour_are_followed_at_once(tmp_path: Path) -> None:
    """A jump of half an hour: their thisUpdate has come, and the next one is a second later; responses are ahead."""
    estate = Estate.build(tmp_path / "e", public='crl = { backdate = "1h" }\n[public.ocsp]\nslices = 1\n')
    world = World(estate)
    estate.register(world.signer, [1])
    assert not look(world.signer, fixed(NOW + HOUR / 2)).problems
    world.revoke(1)
    assert ["crl all" in made for made in look(world.signer, fixed(NOW)).made] == [True]
    assert "1 bundles of OCSP responses" in discard(world).detail
    world.tick()
    assert world.crl_serials() == {1}


def test_what_that_clock_took_for_expired_comes_back(world: World) -> None:
    """Two looks of it were enough to sweep what had long expired by it: no certificate has, and 1 is listed again."""
    right = world.now + HOUR
    world.now += YEAR
    world.tick()
    world.now += 2 * SECOND
    world.revoke(2)
    world.tick()
    world.now = right
    assert discard(world).outcome is Outcome.DONE
    world.tick()
    assert world.crl_serials() == {1, 2}
    assert all(status.set_aside == [] for status in world.statuses())


@pytest.mark.parametrize("first", ["released", "discarded"])
def test_release_after_a_published_jump_keeps_no_crl_from_being_published(world: World, first: str) -> None:
    """What leaves between the clock being right and the next CRL is told of today, and looked for today."""
    world.revoke(2, "certificateHold")
    world.tick()
    right = world.now + HOUR
    world.now += 10 * DAY
    world.tick()
    world.now = right
    for step in ("released", "discarded") if first == "released" else ("discarded", "released"):
        reply = release(world, 2) if step == "released" else discard(world)
        assert reply.outcome is Outcome.DONE
        world.now += SECOND
    world.revoke(3)
    world.tick()
    assert world.crl_serials() == {1, 3}


def test_release_that_was_recorded_ahead_is_told_by_deltas_now(tmp_path: Path) -> None:
    """No entry is dated later than the CRL that it is on."""
    estate = Estate.build(tmp_path / "e", public='crl = { delta = "4h" }\n[public.ocsp]\nslices = 1\n')
    world = World(estate)
    estate.register(world.signer, [1, 2])
    world.revoke(1, "certificateHold")
    for _ in range(3):
        world.tick()
        world.now += SECOND
    right = world.now + SECOND
    world.now += 2 * HOUR
    assert release(world, 1).outcome is Outcome.DONE
    world.look()
    world.now = right
    assert discard(world).outcome is Outcome.DONE
    for _ in range(3):
        world.tick()
        world.now += SECOND
    delta = x509.load_der_x509_crl((world.root / f"crl/{world.issuer.id}/all.delta.crl").read_bytes())
    assert [entry.revocation_date_utc <= delta.last_update_utc for entry in delta] == [True]
    assert all(status.set_aside == [] for status in world.statuses())


def test_jump_of_years_of_the_signer_alone_loses_no_explanation(world: World) -> None:
    """What it threw away as too old is noted anew from the facts."""
    world.revoke(2, "certificateHold")
    world.tick()
    world.now += HOUR
    assert release(world, 2).outcome is Outcome.DONE
    world.look()
    assert look(world.signer, fixed(world.now + 2 * YEAR)).made
    world.now += SECOND
    assert discard(world).outcome is Outcome.DONE
    world.tick()
    assert world.crl_serials() == {1}


def test_what_the_right_clock_signed_before_backdate_was_raised_is_not_taken_back(tmp_path: Path) -> None:
    """It is not later than now, and a backdated CRL follows on it at once."""
    estate = Estate.build(tmp_path / "e", public='crl = { backdate = "0s" }\n[public.ocsp]\nslices = 1\n')
    world = World(estate)
    estate.register(world.signer, [1])
    world.tick()
    world.close()
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('"0s"', '"1h"'))
    world = World(estate, NOW + 60 * SECOND)
    assert discard(world).outcome is Outcome.REFUSED
    world.revoke(1)
    world.tick()
    assert world.crl_serials() == {1}


def test_clock_that_was_minutes_ahead_is_waited_for(world: World) -> None:
    """Publishers wait as well: what is taken back too early would be refused, and not made again for hours."""
    right = world.now + HOUR
    world.now = right + 180 * SECOND
    world.revoke(2)
    world.tick()
    world.now = right
    assert discard(world).outcome is Outcome.REFUSED
    world.revoke(3)
    world.now += 181 * SECOND
    world.tick()
    assert world.crl_serials() == {1, 2, 3}
