"""What a reconciled ledger does next: nothing is signed for an earlier time, and publishers that lag are told why."""

from datetime import timedelta
from pathlib import Path

from revocation.artifacts import Kind
from revocation.clock import fixed
from revocation.messages import Outcome
from revocation.part import Part
from signer.handle import handle
from signer.ledger import departures
from signer.look import look
from tests.authority import NOW
from tests.building.bundles import put
from tests.building.recovery import back_up, lose_ledger, reconcile_with, restore
from tests.estate import Estate
from tests.whole.reconciling import from_backup, lived
from tests.whole.test_discard import release
from tests.whole.world import World

__all__ = ["lived"]
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def test_crl_is_made_anew_though_nothing_was_lost(tmp_path: Path) -> None:
    """Whether the copy lacked anything that no artifact tells nobody knows: it vouches for a CRL of its own."""
    estate = Estate.build(tmp_path)
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    backup = back_up(estate, NOW)
    lose_ledger(estate)
    restored = restore(estate, backup, NOW + MINUTE)
    reconcile_with(estate, restored, NOW + MINUTE)
    assert any("crl all" in made for made in look(restored, fixed(NOW + MINUTE)).made)


def test_nothing_is_signed_for_a_time_before_what_the_lost_ledger_signed(tmp_path: Path) -> None:
    """The machine in its place has a clock that is behind: a CRL with a higher number and an earlier thisUpdate."""
    estate = Estate.build(tmp_path)
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    backup = back_up(estate, NOW)
    later = NOW + 2 * MINUTE
    handle(signer, estate.revoke(1, now=later), fixed(later))
    look(signer, fixed(later))
    lose_ledger(estate)
    behind = NOW + MINUTE
    restored = restore(estate, backup, behind)
    reconcile_with(estate, restored, behind)
    report = look(restored, fixed(behind))
    assert not any("crl all" in made for made in report.made)
    assert report.again_at is not None
    assert report.again_at > later


def test_publisher_that_lagged_is_told_why_a_serial_left(lived: World) -> None:
    """Held and released in the lost hours, and the CRL that is served lists it yet."""
    lived.revoke(7, "certificateHold")
    lived.tick()
    lived.now += MINUTE
    assert release(lived, 7).outcome is Outcome.DONE
    lived.look()
    assert 7 in lived.crl_serials()
    lived.close()
    from_backup(lived.estate, lived.now)
    with World(lived.estate, lived.now) as world:
        reconcile_with(world.estate, world.signer, world.now)
        for _ in range(2):
            world.now += SECOND
            world.tick()
        assert [refused.reason for status in world.statuses() for refused in status.set_aside] == []
        assert 7 not in world.crl_serials()
        assert world.ocsp(7).status == "GOOD"


def test_what_the_lost_ledger_told_of_expiries_is_told_on(lived: World) -> None:
    """From when on expired entries stay on CRLs (ExpiredCertsOnCRL) follows from it, and no artifact says it."""
    part = Part(issuer=lived.issuer.id, kind=Kind.DEPARTED, label="20260301.9")
    text = b"63 expired 2026-02-20T00:00:00Z\n"
    put(lived.estate.folder / "exchange", part, 900, {f"departed/{part.issuer}/{part.label}.txt": text})
    lived.close()
    from_backup(lived.estate, lived.now)
    signer = lived.estate.signer(lived.now)
    for _ in range(2):
        reconcile_with(lived.estate, signer, lived.now)
    with signer.ledger.read() as connection:
        found = departures.on_day(connection, lived.issuer, NOW.date())
    assert [one.expired_at for one in found if one.serial == b"\x63"] == [1771545600]
