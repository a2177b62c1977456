"""Installations that lost their ledgers, what comes back of them, and what relying parties see then."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from revocation.messages import Outcome
from signer.ledger import continuity
from tests.authority import Authority
from tests.building.recovery import back_up, lose_ledger, restore
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
